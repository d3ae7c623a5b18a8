package loopback

import (
	"fmt"
	"os"
	"path/filepath"

	"burrow/internal/authority"
	"burrow/internal/jobs"
)

// An Authority signs certificates, and writes them into files.
type Authority struct {
	*authority.Authority
	dir string
}

// A Subject is whom a certificate is for.
type Subject = authority.Subject

// NewAuthority makes an authority; the files of what it signs go below a directory.
func NewAuthority(dir, name string) (*Authority, error) {
	made, err := authority.New(name)
	if err != nil {
		return nil, err
	}
	a := &Authority{made, dir}
	return a, write(a.file(), made.PEM)
}

func (a *Authority) file() string { return filepath.Join(a.dir, "ca.crt") }

// Issue makes a certificate and its key; name is that of their files, which are overwritten.
func (a *Authority) Issue(name string, of Subject) (jobs.Files, error) {
	files := jobs.Files{Certificate: filepath.Join(a.dir, name+".crt"), Key: filepath.Join(a.dir, name+".key"), Authority: a.file()}
	pair, err := a.Authority.Issue(of)
	if err != nil {
		return files, fmt.Errorf("certificate %s: %w", name, err)
	}
	if err := write(files.Key, pair.Key); err != nil {
		return files, err
	}
	return files, write(files.Certificate, pair.Certificate)
}

func write(file string, text []byte) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return err
	}
	return os.WriteFile(file, text, 0o600)
}
