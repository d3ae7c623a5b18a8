package tunnel

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/gofrs/flock"
	clocktest "k8s.io/utils/clock/testing"

	"burrow/internal/kubelogin"
	"burrow/internal/tunnel/ssmtest"
)

// What a shell hands on is not the tunnel's: whoever waits for its end would wait for ever.
func TestNothingInherited(t *testing.T) {
	w := newWorld(t)
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	asker := w.process("asker")
	asker.ExtraFiles = []*os.File{write}
	if out, err := asker.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	write.Close()
	if err := read.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := read.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("a pipe of the asker's is open still: %v", err)
	}
	if err := w.talk(); err != nil {
		t.Error(err)
	}
}

// A kubeconfig with another port, as after a change of the stack, has a tunnel of its own:
// the old one's connections live on.
func TestTwoPorts(t *testing.T) {
	w := newWorld(t)
	w.login()
	c, err := net.Dial("tcp", w.target.address())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := echo(c); err != nil {
		t.Fatal(err)
	}
	w.target.Port = freePort(t)
	w.login()
	if err := w.talk(); err != nil {
		t.Error(err)
	}
	if err := echo(c); err != nil {
		t.Errorf("the connection at the first port: %v", err)
	}
	if all := w.owners(); len(all) != 2 {
		t.Errorf("owners: %+v", all)
	}
}

// A login by other shared files is another login.
func TestAskerKnowsFiles(t *testing.T) {
	w := newWorld(t)
	path := filepath.Join(t.TempDir(), "config")
	t.Setenv("AWS_CONFIG_FILE", path)
	var seen []string
	for _, text := range []string{"[default]\nregion = eu-west-2\n", "[default]\nrole_arn = another\n", ""} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		who := asker(w.target)
		if slices.Contains(seen, who) || who != asker(w.target) {
			t.Errorf("with %q: %s; before it was %v", text, who, seen)
		}
		seen = append(seen, who)
	}
}

// An owner that is ending is waited for by the next, and not for long.
func TestOwnerEnds(t *testing.T) {
	w := newWorld(t)
	f, err := openFolder()
	if err != nil {
		t.Fatal(err)
	}
	ending := flock.New(f.path(w.target, ".lock"))
	if got, err := ending.TryLock(); err != nil || !got {
		t.Fatal(got, err)
	}
	go func() {
		for log := (&bytes.Buffer{}); !strings.Contains(log.String(), "waits for another"); time.Sleep(time.Millisecond) {
			log.Reset()
			_ = WriteLog(log)
		}
		_ = ending.Unlock()
	}()
	w.login()
	var log bytes.Buffer
	if _ = WriteLog(&log); strings.Count(log.String(), "waits for another") != 1 {
		t.Errorf("one owner was started and ended in vain: %s", log.String())
	}
}

// An owner that answers nothing is not waited for without end.
func TestOwnerHangs(t *testing.T) {
	answering = 200 * time.Millisecond
	defer func() { answering = 10 * time.Second }()
	w := newWorld(t)
	w.login()
	pid := w.owners()[0].Pid
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = syscall.Kill(pid, syscall.SIGCONT) }()
	for { // until all its threads have stopped
		state, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		if err != nil {
			t.Skip("nobody tells whether it has stopped: ", err)
		}
		if strings.Contains(string(state), "State:\tT") {
			break
		}
		time.Sleep(time.Millisecond)
	}
	ended := make(chan error, 1)
	go func() {
		_, err := Credential(context.Background(), w.target, asOwner())
		ended <- err
	}()
	select {
	case err := <-ended:
		if failed := (&kubelogin.Failure{}); !errors.As(err, &failed) || failed.Code != kubelogin.NoOwner.Code {
			t.Errorf("got %v", err)
		}
	case <-time.After(10 * time.Second):
		t.Error("a login waits for a process that is stopped")
	}
}

// flaky is a listener that fails once, as one does when a process has too many files open.
type flaky struct {
	net.Listener
	failed bool
}

func (f *flaky) Accept() (net.Conn, error) {
	if !f.failed {
		f.failed = true
		return nil, syscall.EMFILE
	}
	return f.Listener.Accept()
}

func TestAcceptGoesOn(t *testing.T) {
	w := newWorld(t)
	w.refuse("AccessDeniedException")
	l, err := net.Listen("tcp", w.target.address())
	if err != nil {
		t.Fatal(err)
	}
	config, err := config.LoadDefaultConfig(context.Background(), config.WithRegion(w.target.Region))
	if err != nil {
		t.Fatal(err)
	}
	o := newOwner(w.target, usual, clocktest.NewFakeClock(time.Now()), slog.New(slog.DiscardHandler), config)
	o.listener = l
	var accepting sync.WaitGroup
	accepting.Go(func() { o.accept(&flaky{l, false}) })
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := c.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) { // SSM refuses
		t.Errorf("the connection was not accepted: %v", err)
	}
	l.Close()
	accepting.Wait()
}

// Who listens at the same port of another address has not taken it.
func TestHolder(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("nobody tells who has a port")
	}
	other, err := net.Listen("tcp4", "127.0.0.2:0")
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	port := other.Addr().(*net.TCPAddr).Port
	if who := holder(port); who != "" {
		t.Errorf("%s has a port of another address", who)
	}
	for _, address := range []string{"127.0.0.1", "[::]"} {
		port := freePort(t)
		l, err := net.Listen("tcp", fmt.Sprint(address, ":", port))
		if err != nil {
			t.Logf("%s: %v", address, err)
			continue
		}
		if who := holder(port); !strings.Contains(who, fmt.Sprintf("(process %d)", os.Getpid())) {
			t.Errorf("at %s it is %q", address, who)
		}
		l.Close()
	}
}

// A program that is not burrow does not start itself again and again.
func TestOwnerStartsNone(t *testing.T) {
	w := newWorld(t)
	t.Setenv(ownerMark, "1")
	_, err := Credential(context.Background(), w.target, Options{Command: []string{"/bin/false"}})
	if failed := (&kubelogin.Failure{}); !errors.As(err, &failed) || failed.Code != kubelogin.NoOwner.Code || !strings.Contains(err.Error(), "itself") {
		t.Errorf("got %v", err)
	}
}

// byClock serves a tunnel in this process, by a clock of the test's, until the test ends.
func (w *world) byClock(l limits) *clocktest.FakeClock {
	w.t.Helper()
	f, err := openFolder()
	if err != nil {
		w.t.Fatal(err)
	}
	now := clocktest.NewFakeClock(time.Now())
	ctx, end := context.WithCancel(context.Background())
	var served sync.WaitGroup
	served.Go(func() {
		if err := serve(ctx, f, w.target, l, now, slog.New(slog.DiscardHandler)); err != nil {
			w.t.Error(err)
		}
	})
	w.t.Cleanup(func() {
		end()
		served.Wait()
	})
	for len(w.owners()) == 0 {
		time.Sleep(time.Millisecond)
	}
	return now
}

// Nodes take minutes to be online. Who waits is told once of each thing that is waited for.
func TestWaits(t *testing.T) {
	w := newWorld(t)
	w.fake.LoseNode(ssmtest.FirstNode)
	now := w.byClock(usual)
	var told []string
	o := Options{Patience: 10 * time.Minute, Tell: func(words string) { told = append(told, words) }}
	ended := make(chan error, 1)
	go func() {
		_, err := Credential(context.Background(), w.target, o)
		ended <- err
	}()
	for w.listed() < 4 { // the clock goes on only while the owner waits
		now.Step(time.Second)
		time.Sleep(time.Millisecond)
	}
	w.fake.AddNode("i-00000000000000002")
	for {
		select {
		case err := <-ended:
			if err != nil || len(told) != 1 || !strings.Contains(told[0], "has lost 1") {
				t.Errorf("%v; told %q", err, told)
			}
			return
		default:
			now.Step(time.Second)
			time.Sleep(time.Millisecond)
		}
	}
}

// listed is how often SSM was asked for nodes.
func (w *world) listed() (times int) {
	for _, c := range w.fake.Calls() {
		if c.Action == "ssm:DescribeInstanceInformation" {
			times++
		}
	}
	return times
}

// An owner waits for nodes only as long as somebody waits for the owner.
func TestNobodyWaits(t *testing.T) {
	w := newWorld(t)
	w.fake.LoseNode(ssmtest.FirstNode)
	now := w.byClock(usual)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		_, err := Credential(ctx, w.target, Options{Patience: 10 * time.Minute})
		ended <- err
	}()
	for w.listed() < 2 {
		now.Step(time.Second)
		time.Sleep(time.Millisecond)
	}
	cancel()
	if err := <-ended; err == nil {
		t.Error("there are no nodes, and a credential came")
	}
	// The owner notices in no time; without that it asks for ten minutes of this clock.
	time.Sleep(50 * time.Millisecond)
	asked := w.listed()
	for range 60 {
		now.Step(askAgain)
		time.Sleep(time.Millisecond)
	}
	if more := w.listed() - asked; more > 1 {
		t.Errorf("SSM was asked %d times more for nobody", more)
	}
}

// A node whose agent is gone while SSM still calls it online costs a new session little, and
// is asked last from then on.
func TestMuteNode(t *testing.T) {
	w := newWorld(t)
	w.byClock(limits{usual.linger, usual.connecting, 300 * time.Millisecond})
	w.fake.Mute(ssmtest.FirstNode)
	w.fake.AddNode("i-00000000000000002")
	for range 8 { // the first to be asked is any
		w.login()
		if err := w.talk(); err != nil {
			t.Fatal(err)
		}
		w.endSession()
	}
	asked := 0
	for _, c := range w.fake.Calls() {
		if c.Action == "ssm:StartSession" && c.Target == ssmtest.FirstNode {
			asked++
		}
	}
	if asked > 1 {
		t.Errorf("the node without an agent was asked %d times", asked)
	}
}

// An answer that stops coming is cut off, although its client has nothing more to say.
func TestSilentAnswer(t *testing.T) {
	w := newWorld(t)
	w.byClock(limits{50 * time.Millisecond, usual.connecting, usual.answering})
	w.login()
	c, err := net.Dial("tcp", w.target.address())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := echo(c); err != nil {
		t.Fatal(err)
	}
	_ = c.(*net.TCPConn).CloseWrite()
	if _, err := c.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("an answer that did not end ends with %v", err)
	}
}

// An SSM that does not answer does not hold connections for ever.
func TestSilentSSM(t *testing.T) {
	w := newWorld(t)
	w.byClock(limits{usual.linger, 500 * time.Millisecond, usual.answering})
	w.login()
	w.endSession()
	silent := make(chan struct{})
	defer close(silent)
	w.fake.Refuse(func(ssmtest.Call) string { <-silent; return "" })
	var all sync.WaitGroup
	for range 3 { // at once
		all.Go(func() {
			c, err := net.Dial("tcp", w.target.address())
			if err != nil {
				t.Error(err)
				return
			}
			defer c.Close()
			if err := echo(c); !errors.Is(err, syscall.ECONNRESET) {
				t.Errorf("a connection that waits ends with %v", err)
			}
		})
	}
	all.Wait()
}

// The log of an owner that lives long is put aside, too.
func TestLogIsKeptShort(t *testing.T) {
	newWorld(t)
	f, err := openFolder()
	if err != nil {
		t.Fatal(err)
	}
	line := []byte(strings.Repeat("x", 1<<14) + "\n")
	for range 3 * logLimit / len(line) {
		if _, err := f.Write(line); err != nil {
			t.Fatal(err)
		}
	}
	for _, path := range []string{f.logPath(), f.logPath() + ".old"} {
		if about, err := os.Stat(path); err != nil || about.Size() > logLimit+int64(len(line)) {
			t.Errorf("%s: %v, %v", path, about.Size(), err)
		}
	}
}

// Another user's process is told nothing and handed nothing, where it comes to the socket.
func TestOtherUser(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can be another user")
	}
	self, err := os.Open("/proc/self/exe")
	if err != nil {
		t.Skip("no /proc: ", err)
	}
	defer self.Close()
	as := func(uid uint32, what, socket string) *exec.Cmd {
		cmd := exec.Command("/proc/self/fd/3")
		cmd.ExtraFiles = []*os.File{self} // another user may not come to where it lies
		cmd.Env = []string{asWhat + "=" + what, "SOCKET=" + socket}
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid}}
		return cmd
	}
	w := newWorld(t)
	f, err := openFolder()
	if err != nil {
		t.Fatal(err)
	}
	socket := f.path(w.target, ".socket")
	w.login()
	for _, path := range []string{string(f), socket} {
		if err := os.Chmod(path, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	for uid, knows := range map[uint32]bool{0: true, 65534: false} {
		out, err := as(uid, "stranger", socket).CombinedOutput()
		if strings.Contains(string(out), w.target.Cluster) != knows {
			t.Errorf("user %d is told %s (%v)", uid, out, err)
		}
	}
	var log bytes.Buffer
	if _ = WriteLog(&log); !strings.Contains(log.String(), "user 65534") {
		t.Errorf("the log says nothing of it: %s", log.String())
	}
	if _, err := Close(context.Background(), ""); err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(socket); err != nil {
			break
		}
		time.Sleep(time.Millisecond)
	}

	impostor := as(65534, "impostor", socket)
	out, err := impostor.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := impostor.Start(); err != nil {
		t.Fatal(err)
	}
	heard := bufio.NewReader(out)
	if line, err := heard.ReadString('\n'); err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if _, err := Credential(ctx, w.target, asOwner()); err != nil { // by an owner of one's own
		t.Error(err)
	}
	_ = impostor.Process.Kill()
	rest, _ := io.ReadAll(heard)
	_ = impostor.Wait()
	if len(rest) > 0 {
		t.Errorf("another user heard %s", rest)
	}
}

// stranger and impostor are what another user does at a socket.
func stranger() error {
	c, err := net.Dial("unix", os.Getenv("SOCKET"))
	if err != nil {
		return err
	}
	if err := json.NewEncoder(c).Encode(question{Protocol: protocol, Ask: askStatus}); err != nil {
		return err
	}
	_, err = io.Copy(os.Stdout, c)
	return err
}

func impostor() error {
	l, err := net.Listen("unix", os.Getenv("SOCKET"))
	if err != nil {
		return err
	}
	if err := os.Chmod(os.Getenv("SOCKET"), 0o777); err != nil {
		return err
	}
	fmt.Println("listens")
	for {
		c, err := l.Accept()
		if err != nil {
			return err
		}
		go func() { _, _ = io.Copy(os.Stdout, c) }()
	}
}
