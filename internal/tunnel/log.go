package tunnel

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
)

// logLimit is the size in bytes from which a log is put aside.
const logLimit = 1 << 20

func (f folder) logPath() string { return filepath.Join(string(f), "log") }

// Write writes a line of the log, which is opened for it alone: owners live long, and any
// of them may put it aside.
func (f folder) Write(line []byte) (int, error) {
	log, err := f.openLog()
	if err != nil {
		return 0, err
	}
	defer log.Close()
	return log.Write(line)
}

// openLog opens the log of all tunnels and logins of a user, at its end.
func (f folder) openLog() (*os.File, error) {
	if about, err := os.Stat(f.logPath()); err == nil && about.Size() > logLimit {
		// Windows does not, while an owner has it for what the runtime says of a crash.
		_ = os.Rename(f.logPath(), f.logPath()+".old")
	}
	log, err := os.OpenFile(f.logPath(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the log: %w", err)
	}
	return log, nil
}

// Note writes a login's failure into the log: the Kubernetes provider drops what it says
// on standard error.
func Note(what string, failure error, code int) {
	f, err := openFolder()
	if err != nil {
		return // the failure itself is what matters
	}
	slog.New(slog.NewTextHandler(f, nil)).Error(what, "code", code, "why", failure.Error())
}

// WriteLog copies the log, what was put aside first.
func WriteLog(w io.Writer) error {
	f, err := openFolder()
	if err != nil {
		return err
	}
	for _, path := range []string{f.logPath() + ".old", f.logPath()} {
		text, err := os.ReadFile(path)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("read the log: %w", err)
		}
		if _, err := w.Write(text); err != nil {
			return err
		}
	}
	return nil
}
