package tunnel

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/gofrs/flock"
	"k8s.io/utils/clock"
)

// Serve is the owner's process. It ends when nobody needs it any more, when it is told to,
// and at once where another owner lives.
func Serve(ctx context.Context, t Target) error {
	f, err := openFolder()
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	return serve(ctx, f, t, usual, clock.RealClock{}, slog.New(slog.NewTextHandler(f, nil)))
}

func serve(ctx context.Context, f folder, t Target, limits limits, c clock.Clock, log *slog.Logger) error {
	// The system lets go of a file's lock when its process ends, however it ends.
	alone, path := flock.New(f.path(t, ".lock")), f.path(t, ".socket")
	waits := false
	for until := time.Now().Add(starting); ; time.Sleep(5 * time.Millisecond) {
		got, err := alone.TryLock()
		if err != nil {
			return fmt.Errorf("lock the tunnel: %w", err)
		}
		if got {
			break
		}
		if other, err := net.Dial("unix", path); err == nil {
			other.Close()
			return nil // another owner was faster
		}
		if time.Now().After(until) {
			return errors.New("another owner does not end")
		}
		if !waits {
			log.Info("an owner waits for another to end", "cluster", t.Cluster)
			waits = true
		}
	}
	defer alone.Unlock()
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("take away the socket of an owner that is gone: %w", err)
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return fmt.Errorf("listen at the tunnel's socket: %w", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return fmt.Errorf("keep others from the tunnel's socket: %w", err)
	}
	aws, err := config.LoadDefaultConfig(ctx, config.WithRegion(t.Region))
	if err != nil {
		return fmt.Errorf("read the AWS configuration: %w", err)
	}
	o := newOwner(t, limits, c, log, aws)
	ctx, end := context.WithCancel(ctx)
	defer end()
	log.Info("a tunnel begins", "cluster", t.Cluster, "region", t.Region, "port", t.Port, "pid", os.Getpid())
	go o.control(ctx, l, end)
	o.live(ctx)
	// The socket goes first: who comes now starts another owner, which waits for the lock.
	l.Close()
	o.close()
	log.Info("a tunnel ends", "cluster", t.Cluster)
	return nil
}
