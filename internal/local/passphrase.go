package local

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// preparePassphrase makes the passphrase that encrypts the secrets of the
// world's stacks, once. It protects keys of emulated clouds only, but it makes
// the state of the world what a state should be: free of plain secrets.
func (w *World) preparePassphrase() error {
	f, err := os.OpenFile(w.path("passphrase"), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("make the passphrase: %w", err)
	}
	_, err = f.WriteString(rand.Text())
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("write the passphrase: %w", err)
	}
	return nil
}
