package tunnel

import (
	"bufio"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"burrow/internal/kubelogin"
)

// starting is how long an owner may take from its start until it answers.
const starting = 15 * time.Second

// answering is how long an owner may take for what it has only to look up. Tests shorten it.
var answering = 10 * time.Second

// Options are how to come to a tunnel.
type Options struct {
	// Patience is how long nodes may take to be online.
	Patience time.Duration
	// Tell is told what takes long; nil tells nobody.
	Tell func(string)
	// Command starts an owner: the arguments come after it. Empty is this program's own
	// "tunnel serve".
	Command []string
}

// Credential is a token for the cluster's API, with a tunnel that stands for at least as
// long as the token is good.
func Credential(ctx context.Context, t Target, o Options) (kubelogin.Credential, error) {
	who := asker(t)
	a, err := ask(ctx, t, question{Ask: askToken, Who: who, Process: os.Getppid()}, o)
	if err != nil {
		return kubelogin.Credential{}, err
	}
	if a.Token != nil {
		return a.Token.Within(a.Lease), nil
	}
	login, err := kubelogin.EKS{Cluster: t.Cluster, Region: t.Region}.Login(ctx)
	if err != nil {
		return kubelogin.Credential{}, err
	}
	token, err := login.Token(time.Now())
	if err != nil {
		return kubelogin.Credential{}, err
	}
	if a, err = ask(ctx, t, question{Ask: handLogin, Who: who, Process: os.Getppid(), Token: token, Keys: keysOf(login.Keys), Patience: o.Patience}, o); err != nil {
		return kubelogin.Credential{}, err
	}
	if a.Code != 0 {
		kind, known := kubelogin.KindOf(a.Code)
		if !known {
			kind = kubelogin.NoTunnel
		}
		return kubelogin.Credential{}, kubelogin.Fail(kind, errors.New(a.Words))
	}
	return token.Within(a.Lease), nil
}

// asker tells callers apart by what their AWS credentials come from, without giving it away:
// their environment, and the shared files, as they were written last.
func asker(t Target) string {
	var about []string
	for _, pair := range os.Environ() {
		if name, _, _ := strings.Cut(pair, "="); strings.HasPrefix(name, "AWS_") || name == "HOME" {
			about = append(about, pair)
		}
	}
	slices.Sort(about)
	home, _ := os.UserHomeDir()
	for _, path := range []string{
		cmp.Or(os.Getenv("AWS_CONFIG_FILE"), filepath.Join(home, ".aws", "config")),
		cmp.Or(os.Getenv("AWS_SHARED_CREDENTIALS_FILE"), filepath.Join(home, ".aws", "credentials")),
	} {
		if file, err := os.Stat(path); err == nil {
			about = append(about, fmt.Sprint(file.ModTime().UnixNano(), file.Size()))
		}
	}
	sum := sha256.Sum256([]byte(strings.Join(append(about, t.Cluster, t.Region), "\x00")))
	return hex.EncodeToString(sum[:])
}

// ask asks the owner, and starts one where none lives, or one that is of no use ends.
func ask(ctx context.Context, t Target, q question, o Options) (answer, error) {
	f, err := openFolder()
	if err != nil {
		return answer{}, kubelogin.Fail(kubelogin.NoOwner, err)
	}
	q.Target = t
	var next time.Time // an owner may be started
	for until := time.Now().Add(starting); ; {
		a, err := f.converse(ctx, t, q, o.Tell)
		if err == nil && a.Protocol == protocol && a.Code != kubelogin.NoOwner.Code {
			return a, nil
		}
		if ctx.Err() != nil || errors.Is(err, context.DeadlineExceeded) || time.Now().After(until) {
			return answer{}, kubelogin.Fail(kubelogin.NoOwner, errors.Join(ctx.Err(), err))
		}
		if err != nil && time.Now().After(next) {
			if err := f.start(t, o.Command); err != nil {
				return answer{}, kubelogin.Fail(kubelogin.NoOwner, err)
			}
			next = time.Now().Add(time.Second)
		}
		// Others may be starting it, too; one that ends is waited for.
		time.Sleep(20 * time.Millisecond)
	}
}

// converse asks an owner that lives.
func (f folder) converse(ctx context.Context, t Target, q question, tell func(string)) (answer, error) {
	if q.Ask != handLogin { // which waits for nodes
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, answering)
		defer cancel()
	}
	var dialer net.Dialer
	c, err := dialer.DialContext(ctx, "unix", f.path(t, ".socket"))
	if err != nil {
		return answer{}, fmt.Errorf("reach the tunnel's process: %w", err)
	}
	defer c.Close()
	if err := sameUser(c.(*net.UnixConn)); err != nil { // keys are not for others
		return answer{}, err
	}
	defer context.AfterFunc(ctx, func() { c.Close() })()
	q.Protocol = protocol
	if err := json.NewEncoder(c).Encode(q); err != nil {
		return answer{}, fmt.Errorf("ask the tunnel's process: %w", err)
	}
	for in := json.NewDecoder(bufio.NewReader(c)); ; {
		var a answer
		if err := in.Decode(&a); err != nil {
			return answer{}, fmt.Errorf("hear the tunnel's process: %w", cmp.Or(ctx.Err(), err))
		}
		if a.Progress == "" {
			return a, nil
		}
		if tell != nil {
			tell(a.Progress)
		}
	}
}

// ownerMark is set in an owner's environment.
const ownerMark = "BURROW_TUNNEL_OWNER"

// start starts an owner that outlives this process and its group. Which of several that
// are started at once stays, they settle among themselves.
func (f folder) start(t Target, command []string) error {
	if os.Getenv(ownerMark) != "" { // a program that knows no "tunnel serve" would go on for ever
		return errors.New("this program was started as a tunnel's process itself")
	}
	if len(command) == 0 {
		self, err := os.Executable()
		if err != nil {
			return fmt.Errorf("find this program: %w", err)
		}
		command = []string{self, "tunnel", "serve"}
	}
	log, err := f.openLog()
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command(command[0], append(command[1:], t.args()...)...)
	cmd.Dir = string(f) // no folder of somebody's is kept in use
	cmd.Stdout, cmd.Stderr = log, log
	cmd.Env = append(os.Environ(), DirVariable+"="+string(f), ownerMark+"=1")
	detach(cmd)
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start the tunnel's process: %w", err)
	}
	return cmd.Process.Release()
}

// All are the owners that live.
func All(ctx context.Context) ([]Status, error) {
	var all []Status
	err := everyOwner(ctx, func(a answer) {
		if a.Status != nil {
			all = append(all, *a.Status)
		}
	}, askStatus)
	slices.SortFunc(all, func(a, b Status) int { return strings.Compare(a.Target.Cluster, b.Target.Cluster) })
	return all, err
}

// Close ends the owners of a cluster, by its name; of all where it is "". It says how many.
func Close(ctx context.Context, cluster string) (n int, err error) {
	all, err := All(ctx)
	if err != nil {
		return 0, err
	}
	f, err := openFolder()
	if err != nil {
		return 0, err
	}
	for _, s := range all {
		if cluster != "" && s.Target.Cluster != cluster {
			continue
		}
		// One that does not answer has just ended by itself.
		_, _ = f.converse(ctx, s.Target, question{Ask: askEnd}, nil)
		n++
	}
	return n, nil
}

// everyOwner asks all that live.
func everyOwner(ctx context.Context, each func(answer), what string) error {
	f, err := openFolder()
	if err != nil {
		return err
	}
	sockets, err := filepath.Glob(filepath.Join(string(f), "*.socket"))
	if err != nil {
		return fmt.Errorf("list the tunnels: %w", err)
	}
	for _, path := range sockets {
		c, err := net.DialTimeout("unix", path, time.Second)
		if err != nil {
			continue // its process is gone
		}
		_ = c.SetDeadline(time.Now().Add(5 * time.Second))
		var a answer
		err = json.NewEncoder(c).Encode(question{Protocol: protocol, Ask: what})
		if err == nil {
			err = json.NewDecoder(c).Decode(&a)
		}
		c.Close()
		if err == nil { // else it ends at this moment
			each(a)
		}
	}
	return nil
}
