package tunnel

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	clocktest "k8s.io/utils/clock/testing"

	"burrow/internal/kubelogin"
	"burrow/internal/tunnel/ssmtest"
)

// asWhat makes the test binary another process: an owner, or one that asks for a
// credential and ends.
const asWhat = "BURROW_TEST_PROCESS"

func TestMain(m *testing.M) {
	if what := os.Getenv(asWhat); what != "" {
		f := flag.NewFlagSet(what, flag.ExitOnError)
		var t Target
		f.StringVar(&t.Cluster, "cluster", "", "")
		f.StringVar(&t.Region, "region", "", "")
		f.StringVar(&t.Document, "document", "", "")
		f.StringVar(&t.Host, "host", "", "")
		f.IntVar(&t.Port, "port", 0, "")
		_ = f.Parse(os.Args[1:])
		var err error
		switch what {
		case "owner":
			err = Serve(context.Background(), t)
		case "stranger":
			err = stranger()
		case "impostor":
			err = impostor()
		default:
			var c kubelogin.Credential
			c, err = Credential(context.Background(), t, asOwner())
			fmt.Print(c.Token)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// asOwner starts owners from the test binary.
func asOwner() Options {
	return Options{Command: []string{"/usr/bin/env", asWhat + "=owner", os.Args[0]}}
}

// A world is a cluster's API behind a fake SSM.
type world struct {
	t      testing.TB
	fake   *ssmtest.Fake
	target Target
	api    string // its address
}

const secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"

// newWorld is a world whose API echoes.
func newWorld(t testing.TB) *world {
	return worldOf(t, func(c net.Conn) { _, _ = io.Copy(c, c) })
}

func worldOf(t testing.TB, api func(net.Conn)) *world {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				api(c)
			}()
		}
	}()
	w := &world{t: t, api: l.Addr().String(), fake: ssmtest.New(t, l.Addr().String())}
	w.target = Target{Cluster: ssmtest.Cluster, Region: ssmtest.Region, Host: "one.example", Document: ssmtest.Document, Port: freePort(t)}
	dir, err := os.MkdirTemp("", "tunnel") // t.TempDir is too long for sockets
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	for _, pair := range os.Environ() {
		if name, _, _ := strings.Cut(pair, "="); strings.HasPrefix(name, "AWS_") {
			t.Setenv(name, "")
			os.Unsetenv(name)
		}
	}
	for name, value := range map[string]string{
		"HOME": t.TempDir(), DirVariable: dir, "AWS_ENDPOINT_URL_SSM": w.fake.URL(), "AWS_EC2_METADATA_DISABLED": "true",
		"AWS_CONFIG_FILE": filepath.Join(dir, "none"), "AWS_SHARED_CREDENTIALS_FILE": filepath.Join(dir, "none"),
		"AWS_MAX_ATTEMPTS": "1",
	} {
		t.Setenv(name, value)
	}
	w.as("AKIDEXAMPLE")
	t.Cleanup(func() {
		if _, err := Close(context.Background(), ""); err != nil {
			t.Error(err)
		}
		for range 200 { // until its process is gone
			if len(w.owners()) == 0 {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
		var log bytes.Buffer
		if err := WriteLog(&log); err != nil || strings.Contains(log.String(), secret) || strings.Contains(log.String(), "token-") {
			t.Errorf("the log holds a secret, or nothing: %v", err)
		}
		if t.Failed() {
			t.Log(log.String())
		}
	})
	return w
}

func freePort(t testing.TB) int {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// as logs in with an access key.
func (w *world) as(key string) {
	w.t.Setenv("AWS_ACCESS_KEY_ID", key)
	w.t.Setenv("AWS_SECRET_ACCESS_KEY", secret)
}

func (w *world) owners() []Status {
	all, err := All(context.Background())
	if err != nil {
		w.t.Error(err)
	}
	return all
}

func (w *world) login() kubelogin.Credential {
	w.t.Helper()
	c, err := Credential(context.Background(), w.target, asOwner())
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

// talk says something through the tunnel and wants it back.
func (w *world) talk() error {
	c, err := net.Dial("tcp", w.target.address())
	if err != nil {
		return err
	}
	defer c.Close()
	return echo(c)
}

func echo(c net.Conn) error {
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	if _, err := c.Write([]byte("hello")); err != nil {
		return err
	}
	heard := make([]byte, 5)
	if _, err := io.ReadFull(c, heard); err != nil {
		return err
	}
	if string(heard) != "hello" {
		return fmt.Errorf("heard %q", heard)
	}
	return nil
}

func TestTunnel(t *testing.T) {
	w := newWorld(t)
	first := w.login()
	if !strings.HasPrefix(first.Token, "k8s-aws-v1.") || time.Until(first.Expires) > idle {
		t.Errorf("token %.12s until %v", first.Token, first.Expires)
	}
	// Each of these has a shell of its own, as each kubectl is a process of its own.
	if all := [2]string{w.asked(), w.asked()}; all[0] != all[1] || all[0] != first.Token {
		t.Error("a fresh token was made anew")
	}
	w.as("AKIDOTHER")
	if other := w.login(); other.Token == first.Token {
		t.Error("somebody else has the same token")
	}
	for range 3 {
		if err := w.talk(); err != nil {
			t.Fatal(err)
		}
	}
	all := w.owners()
	if len(all) != 1 || all[0].Node != ssmtest.FirstNode || all[0].Total != 3 || all[0].Pid == os.Getpid() {
		t.Errorf("owners: %+v", all)
	}
	f, err := openFolder()
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]os.FileMode{string(f): 0o700, f.path(w.target, ".socket"): 0o600, f.logPath(): 0o600} {
		if about, err := os.Stat(path); err != nil || about.Mode().Perm() != want {
			t.Errorf("%s: %v, %v", path, about.Mode(), err)
		}
	}
	w.fake.Drop(1000)
	for w.fake.Resumed() == 0 {
		time.Sleep(time.Millisecond)
	}
	if n, err := Close(context.Background(), w.target.Cluster); n != 1 || err != nil {
		t.Errorf("closed %d: %v", n, err)
	}
	var asked []string
	for until := time.Now().Add(10 * time.Second); !slices.Contains(asked, "ssm:TerminateSession") && time.Now().Before(until); time.Sleep(time.Millisecond) {
		asked = nil
		for _, c := range w.fake.Calls() {
			asked = append(asked, c.Action)
		}
	}
	slices.Sort(asked)
	asked = slices.Compact(asked)
	if want := []string{"ssm:DescribeInstanceInformation", "ssm:ResumeSession", "ssm:StartSession", "ssm:TerminateSession"}; !slices.Equal(asked, want) {
		t.Errorf("called %v, and operators have a right to %v", asked, want)
	}
}

// Two processes that ask at once have one owner.
func TestTwoAtOnce(t *testing.T) {
	w := newWorld(t)
	var both sync.WaitGroup
	for range 4 {
		both.Go(func() {
			if out, err := w.process("asker").CombinedOutput(); err != nil {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
	both.Wait()
	var log bytes.Buffer
	if err := WriteLog(&log); err != nil || strings.Count(log.String(), "a tunnel begins") != 1 {
		t.Errorf("%d tunnels began: %v", strings.Count(log.String(), "a tunnel begins"), err)
	}
	if err := w.talk(); err != nil {
		t.Error(err)
	}
}

// asked is the token that a process is given which another runs.
func (w *world) asked() string {
	w.t.Helper()
	cmd := w.process("asker")
	cmd.Path, cmd.Args = "/bin/sh", append([]string{"sh", "-c", `"$0" "$@"; exit $?`}, cmd.Args...)
	out, err := cmd.Output()
	if err != nil {
		w.t.Fatal(err)
	}
	return string(out)
}

func (w *world) process(what string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], w.target.args()...)
	cmd.Env = append(os.Environ(), asWhat+"="+what)
	return cmd
}

// A tunnel whose process was killed is there again when the next credential is asked for.
func TestKilled(t *testing.T) {
	w := newWorld(t)
	w.login()
	if err := w.talk(); err != nil {
		t.Fatal(err)
	}
	c, err := net.Dial("tcp", w.target.address())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := echo(c); err != nil {
		t.Fatal(err)
	}
	was := w.owners()[0].Pid
	if err := syscall.Kill(was, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("a connection of a tunnel that was killed ends with %v", err)
	}
	for w.talk() == nil { // until it is gone
		time.Sleep(time.Millisecond)
	}
	w.login()
	if err := w.talk(); err != nil {
		t.Error(err)
	}
	if now := w.owners(); len(now) != 1 || now[0].Pid == was {
		t.Errorf("owners: %+v", now)
	}
}

// The engine kills the group of the process that asked.
func TestGroupKilled(t *testing.T) {
	w := newWorld(t)
	asker := w.process("asker")
	asker.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := asker.Start(); err != nil {
		t.Fatal(err)
	}
	for len(w.owners()) == 0 {
		time.Sleep(5 * time.Millisecond)
	}
	_ = syscall.Kill(-asker.Process.Pid, syscall.SIGKILL)
	_ = asker.Wait()
	w.login()
	if err := w.talk(); err != nil {
		t.Error(err)
	}
}

func TestFailures(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(*world)
		want  kubelogin.Kind
		words string
		mend  func(*world)
	}{
		"no node online": {
			func(w *world) { w.fake.LoseNode(ssmtest.FirstNode) }, kubelogin.NoNode, "has lost 1",
			func(w *world) { w.fake.AddNode("i-00000000000000002") },
		},
		"refused": {
			func(w *world) { w.refuse("AccessDeniedException") }, kubelogin.TunnelDenied, "refused by the test",
			func(w *world) { w.refuse("") },
		},
		"a login that has ended": {
			func(w *world) { w.refuse("ExpiredTokenException") }, kubelogin.LoginEnded, "refused by the test",
			func(w *world) { w.refuse("") },
		},
		"a node that is not connected": {
			func(w *world) { w.refuseStart("TargetNotConnected") }, kubelogin.NoNode, "TargetNotConnected",
			func(w *world) { w.refuse("") },
		},
		"sessions are refused": {
			func(w *world) { w.refuseStart("AccessDeniedException") }, kubelogin.TunnelDenied, "refused by the test",
			func(w *world) { w.refuse("") },
		},
		"no document": {
			func(w *world) { w.target.Document = "another" }, kubelogin.NoDocument, "another",
			func(w *world) { w.target.Document = ssmtest.Document }, // another target of the same cluster takes its place
		},
		"a document of another type": {func(w *world) { w.fake.SessionType = "Standard_Stream" }, kubelogin.NoTunnel, "Standard_Stream", nil},
		"SSM is away":                {func(w *world) { w.t.Setenv("AWS_ENDPOINT_URL_SSM", "http://127.0.0.1:1") }, kubelogin.NoSSM, "refused", nil},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			c.spoil(w)
			_, err := Credential(context.Background(), w.target, asOwner())
			failed := &kubelogin.Failure{}
			if !errors.As(err, &failed) || failed.Code != c.want.Code || !strings.Contains(err.Error(), c.words) {
				t.Fatalf("got %v, want code %d", err, c.want.Code)
			}
			if c.mend != nil {
				c.mend(w)
				w.login()
				if err := w.talk(); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

func (w *world) refuseStart(code string) {
	w.fake.Refuse(func(c ssmtest.Call) string {
		if c.Action == "ssm:StartSession" {
			return code
		}
		return ""
	})
}

func (w *world) refuse(code string) { w.fake.Refuse(func(ssmtest.Call) string { return code }) }

// A port that another program has is named with who has it, and taken when it is free.
func TestPortTaken(t *testing.T) {
	w := newWorld(t)
	l, err := net.Listen("tcp", w.target.address())
	if err != nil {
		t.Fatal(err)
	}
	_, err = Credential(context.Background(), w.target, asOwner())
	failed := &kubelogin.Failure{}
	if !errors.As(err, &failed) || failed.Code != kubelogin.PortTaken.Code {
		t.Fatalf("got %v", err)
	}
	for _, words := range []string{fmt.Sprint("port ", w.target.Port), fmt.Sprintf("(process %d)", os.Getpid()), "clusters.eks.tunnelPort"} {
		if !strings.Contains(err.Error(), words) {
			t.Errorf("%q is not in %v", words, err)
		}
	}
	l.Close()
	w.login()
	if err := w.talk(); err != nil {
		t.Error(err)
	}
}

// A node that goes cuts its connections, which is a reset and no end, and the next go over
// another.
func TestNodeReplaced(t *testing.T) {
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
	w.fake.AddNode("i-00000000000000002")
	w.fake.LoseNode(ssmtest.FirstNode)
	if _, err := c.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("a connection of the lost node ends with %v", err)
	}
	if err := w.talk(); err != nil {
		t.Error(err)
	}
	if all := w.owners(); len(all) != 1 || all[0].Node != "i-00000000000000002" {
		t.Errorf("owners: %+v", all)
	}
}

// SSM ends sessions that are idle; websockets it closes about hourly.
func TestEndedSession(t *testing.T) {
	w := newWorld(t)
	w.login()
	if err := w.talk(); err != nil {
		t.Fatal(err)
	}
	w.endSession()
	if err := w.talk(); err != nil {
		t.Error(err)
	}
	w.fake.Drop(1000)
	if err := w.talk(); err != nil {
		t.Error(err)
	}
}

func (w *world) endSession() {
	w.fake.End("the session was idle for 20 minutes")
	for w.owners()[0].Session != "" {
		time.Sleep(5 * time.Millisecond)
	}
}

// A client that closes its direction still hears the answer.
func TestHalfClosed(t *testing.T) {
	w := newWorld(t)
	w.login()
	c, err := net.Dial("tcp", w.target.address())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Write([]byte("hello")); err != nil {
		t.Fatal(err)
	}
	_ = c.(*net.TCPConn).CloseWrite()
	heard := make([]byte, 5)
	if _, err := io.ReadFull(c, heard); err != nil || string(heard) != "hello" {
		t.Errorf("heard %q: %v", heard, err)
	}
}

// An old agent has a session for each connection.
func TestOldAgent(t *testing.T) {
	w := newWorld(t)
	w.fake.AgentVersion = "3.0.161.0"
	w.login()
	var all sync.WaitGroup
	for range 3 {
		all.Go(func() {
			if err := w.talk(); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}

// The owner uses keys that somebody brought when its own have ended.
func TestNewKeys(t *testing.T) {
	w := newWorld(t)
	w.login()
	w.endSession()
	w.fake.Refuse(func(c ssmtest.Call) string {
		if c.Key == "AKIDEXAMPLE" {
			return "ExpiredTokenException"
		}
		return ""
	})
	if err := w.talk(); err == nil {
		t.Error("expired keys open a session")
	}
	w.as("AKIDNEWER")
	w.login()
	if err := w.talk(); err != nil {
		t.Error(err)
	}
}

// Keys of which nobody knows when they end are not used again when SSM says that they have:
// the owner looks for others where it was started.
func TestKeysEndUnforeseen(t *testing.T) {
	w := newWorld(t)
	file := filepath.Join(os.Getenv(DirVariable), "credentials")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", file)
	os.Unsetenv("AWS_ACCESS_KEY_ID")
	os.Unsetenv("AWS_SECRET_ACCESS_KEY")
	write := func(id string) {
		text := fmt.Sprintf("[default]\naws_access_key_id = %s\naws_secret_access_key = %s\n", id, secret)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("AKIDEXAMPLE")
	w.login()
	w.endSession()
	w.fake.Refuse(func(c ssmtest.Call) string {
		if c.Key == "AKIDEXAMPLE" {
			return "ExpiredTokenException"
		}
		return ""
	})
	write("AKIDNEWER")
	if err := w.talk(); err == nil {
		t.Error("keys that have ended open a session")
	}
	if err := w.talk(); err != nil {
		t.Errorf("with keys that are there by now: %v", err)
	}
}

// An owner lives as long as a credential that it handed out, and 20 minutes after the last
// use; by a clock of the test's.
func TestIdle(t *testing.T) {
	w := newWorld(t)
	now := clocktest.NewFakeClock(time.Now())
	f, err := openFolder()
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() {
		ended <- serve(context.Background(), f, w.target, usual, now, slog.New(slog.DiscardHandler))
	}()
	pass := func(d time.Duration) bool {
		for range 400 { // until the owner waits
			if now.HasWaiters() {
				break
			}
			time.Sleep(5 * time.Millisecond)
		}
		now.Step(d)
		select {
		case err := <-ended:
			if err != nil {
				t.Error(err)
			}
			return true
		case <-time.After(100 * time.Millisecond):
			return false
		}
	}
	for len(w.owners()) == 0 {
		time.Sleep(time.Millisecond)
	}
	c := w.login()
	if pass(15 * time.Minute) {
		t.Fatalf("ended with a credential that is good until %v", c.Expires)
	}
	open, err := net.Dial("tcp", w.target.address())
	if err != nil {
		t.Fatal(err)
	}
	if err := echo(open); err != nil {
		t.Fatal(err)
	}
	if pass(40 * time.Minute) {
		t.Fatal("ended with a connection open")
	}
	if err := echo(open); err != nil {
		t.Error(err)
	}
	_ = open.(*net.TCPConn).SetLinger(0)
	open.Close()
	for w.owners()[0].Connections > 0 {
		time.Sleep(time.Millisecond)
	}
	if pass(19 * time.Minute) {
		t.Fatal("ended within 20 minutes of the last use")
	}
	if !pass(40 * time.Minute) {
		t.Error("lives on for nobody")
	}
}

// A cluster of the same name, in another account or after this one, has a tunnel of its own.
func TestSameName(t *testing.T) {
	w := newWorld(t)
	w.login()
	first := w.owners()[0].Pid
	w.target.Host = "two.example"
	w.login()
	if err := w.talk(); err != nil {
		t.Error(err)
	}
	if all := w.owners(); len(all) != 1 || all[0].Pid == first || all[0].Target.Host != "two.example" {
		t.Errorf("owners: %+v", all)
	}
}
