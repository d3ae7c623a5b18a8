// Package loopback runs relay on this machine: real nats-servers on 127.0.0.1, with the
// configuration that Kubernetes's get, and certificates of its own.
package loopback

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"burrow/internal/gobuild"
	"burrow/internal/jobs"
)

// Program is the path of nats-server, which is built the first time: half a minute of one core. root is
// that of Burrow's module.
func Program(ctx context.Context, root string) (string, error) {
	server := gobuild.Program{
		Dir: filepath.Join(root, "cmd", "bunny"), Package: "github.com/nats-io/nats-server/v2",
		File: filepath.Join(root, ".burrow", "bin", "nats-"+jobs.Version, "nats-server"),
	}
	return server.File, server.Keep(ctx, nil)
}

// A Relay is a cluster of servers.
type Relay struct {
	Settings jobs.Settings
	// Clients signs what clients and servers show each other, Routes what servers show servers.
	Clients, Routes *Authority

	dir     string
	program string
	servers []*server
}

// A server is one of them, which may run or not.
type server struct {
	name                     string
	clients, routes, monitor int
	dir                      string

	mu    sync.Mutex
	cmd   *exec.Cmd
	ended chan struct{} // closed when cmd has ended
}

// New prepares servers below a directory, without starting them. Of the settings it replaces ports,
// paths and files.
func New(dir, program string, s jobs.Settings) (*Relay, error) {
	r := &Relay{Settings: s, dir: dir, program: program}
	var err error
	if r.Clients, err = NewAuthority(filepath.Join(dir, "clients"), "relay clients"); err != nil {
		return nil, err
	}
	if r.Routes, err = NewAuthority(filepath.Join(dir, "routes"), "relay routes"); err != nil {
		return nil, err
	}
	if r.Settings.ClientTLS, err = r.Clients.Issue("server", Subject{DNS: []string{s.Name}, Server: true}); err != nil {
		return nil, err
	}
	r.Settings.RouteTLS, err = r.Routes.Issue("route", Subject{
		URIs: []string{s.URI(jobs.Route)}, IPs: []net.IP{net.IPv4(127, 0, 0, 1)}, Server: true, Client: true,
	})
	if err != nil {
		return nil, err
	}
	for _, of := range jobs.Clients {
		if _, err := r.Clients.Issue(string(of), Subject{URIs: []string{s.URI(of)}, Client: true}); err != nil {
			return nil, err
		}
	}
	ports, err := freePorts(3 * s.Servers)
	if err != nil {
		return nil, err
	}
	for i := range s.Servers {
		name := fmt.Sprintf("relay-%d", i)
		r.servers = append(r.servers, &server{
			name: name, dir: filepath.Join(dir, name), clients: ports[3*i], routes: ports[3*i+1], monitor: ports[3*i+2],
		})
	}
	for i := range r.servers {
		if err := r.configure(i); err != nil {
			return nil, err
		}
	}
	return r, nil
}

func local(port int) string { return fmt.Sprintf("127.0.0.1:%d", port) }

// configure writes a server's configuration, which differs from another's by its ports and its directory
// alone, for all are on one machine.
func (r *Relay) configure(i int) error {
	s := r.servers[i]
	place := jobs.Place{Clients: local(s.clients), Peers: local(s.routes), Monitor: local(s.monitor)}
	for _, other := range r.servers {
		place.Routes = append(place.Routes, local(other.routes))
	}
	settings := r.Settings
	settings.Store = filepath.Join(s.dir, "store")
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(s.dir, "nats-server.conf"), []byte(jobs.ServerConfig(settings, place)), 0o600)
}

// freePorts are ports that nobody has at the moment.
func freePorts(n int) ([]int, error) {
	var ports []int
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer l.Close() // after all are found, so that none is found twice
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	return ports, nil
}

// Start starts a server, counted from 0, that does not run. It does not wait until it is ready.
func (r *Relay) Start(i int) error {
	s := r.servers[i]
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cmd != nil {
		return fmt.Errorf("%s runs", s.name)
	}
	log, err := os.OpenFile(filepath.Join(s.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command(r.program, "-c", filepath.Join(s.dir, "nats-server.conf"))
	cmd.Env = append(os.Environ(), jobs.ServerVariable+"="+s.name, jobs.AdvertiseVariable+"="+local(s.routes))
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", s.name, err)
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait()
		close(ended)
	}()
	s.cmd, s.ended = cmd, ended
	return nil
}

// Kill ends a server at once, as a lost machine would; Stop lets it close its files.
func (r *Relay) Kill(i int) { r.end(i, syscall.SIGKILL) }

// Stop ends a server as Kubernetes does.
func (r *Relay) Stop(i int) { r.end(i, syscall.SIGTERM) }

func (r *Relay) end(i int, by syscall.Signal) {
	s := r.servers[i]
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cmd == nil {
		return
	}
	_ = s.cmd.Process.Signal(by)
	<-s.ended
	s.cmd = nil
}

// Close ends all servers.
func (r *Relay) Close() {
	for i := range r.servers {
		r.Kill(i)
	}
}

// AwaitReady waits until every server that runs says that it is well, JetStream and its streams included.
func (r *Relay) AwaitReady(ctx context.Context) error {
	for i, s := range r.servers {
		for {
			why := r.unready(ctx, s)
			if why == nil {
				break
			}
			select {
			case <-ctx.Done():
				return fmt.Errorf("server %d is not ready: %w\n%s", i, why, r.Log(i))
			case <-time.After(100 * time.Millisecond):
			}
		}
	}
	return nil
}

func (r *Relay) unready(ctx context.Context, s *server) error {
	s.mu.Lock()
	running, ended := s.cmd != nil, s.ended
	s.mu.Unlock()
	if !running {
		return nil
	}
	select {
	case <-ended:
		return errors.New("it ended")
	default:
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+local(s.monitor)+"/healthz", nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(resp.Body)
	if resp.StatusCode != http.StatusOK {
		return errors.New(string(text))
	}
	return nil
}

// Addresses are where the servers listen for clients, in their order.
func (r *Relay) Addresses() []string {
	var all []string
	for _, s := range r.servers {
		all = append(all, local(s.clients))
	}
	return all
}

// Peer is where a server listens for other servers.
func (r *Relay) Peer(i int) string { return local(r.servers[i].routes) }

// Monitor is where a server listens for HTTP.
func (r *Relay) Monitor(i int) string { return local(r.servers[i].monitor) }

// Files are an identity's.
func (r *Relay) Files(of jobs.Identity) jobs.Files {
	at := func(name string) string { return filepath.Join(r.dir, "clients", name) }
	return jobs.Files{Certificate: at(string(of) + ".crt"), Key: at(string(of) + ".key"), Authority: at("ca.crt")}
}

// Log is what a server has said since it was made.
func (r *Relay) Log(i int) string {
	text, err := os.ReadFile(filepath.Join(r.servers[i].dir, "log"))
	if err != nil {
		return err.Error()
	}
	return strings.TrimSpace(string(text))
}
