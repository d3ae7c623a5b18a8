package loopback

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"burrow/internal/jobs"
)

// An Authority signs certificates.
type Authority struct {
	dir         string
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

// A Subject is whom a certificate is for.
type Subject struct {
	CommonName string
	URIs       []string
	DNS        []string
	IPs        []net.IP
	Server     bool      // good for a server
	Client     bool      // good for a client
	Ends       time.Time // a day from now if it is zero
}

// NewAuthority makes an authority; the files of what it signs go below a directory.
func NewAuthority(dir, name string) (*Authority, error) {
	a := &Authority{dir: dir}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	a.key, a.certificate = key, &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-2 * time.Hour), NotAfter: time.Now().Add(365 * 24 * time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, a.certificate, a.certificate, &key.PublicKey, key)
	if err != nil {
		return nil, fmt.Errorf("make the authority %s: %w", name, err)
	}
	if a.certificate, err = x509.ParseCertificate(der); err != nil {
		return nil, err
	}
	return a, write(a.file(), "CERTIFICATE", der)
}

func (a *Authority) file() string { return filepath.Join(a.dir, "ca.crt") }

// Issue makes a certificate and its key; name is that of their files, which are overwritten.
func (a *Authority) Issue(name string, of Subject) (jobs.Files, error) {
	files := jobs.Files{Certificate: filepath.Join(a.dir, name+".crt"), Key: filepath.Join(a.dir, name+".key"), Authority: a.file()}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: of.CommonName},
		DNSNames: of.DNS, IPAddresses: of.IPs, NotBefore: time.Now().Add(-time.Hour), NotAfter: of.Ends, KeyUsage: x509.KeyUsageDigitalSignature,
	}
	if of.Ends.IsZero() {
		template.NotAfter = time.Now().Add(24 * time.Hour)
	}
	for _, text := range of.URIs {
		uri, err := url.Parse(text)
		if err != nil {
			return files, err
		}
		template.URIs = append(template.URIs, uri)
	}
	if of.Server {
		template.ExtKeyUsage = append(template.ExtKeyUsage, x509.ExtKeyUsageServerAuth)
	}
	if of.Client {
		template.ExtKeyUsage = append(template.ExtKeyUsage, x509.ExtKeyUsageClientAuth)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return files, err
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, &key.PublicKey, a.key)
	if err != nil {
		return files, fmt.Errorf("sign the certificate %s: %w", name, err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return files, err
	}
	if err := write(files.Key, "PRIVATE KEY", private); err != nil {
		return files, err
	}
	return files, write(files.Certificate, "CERTIFICATE", der)
}

func write(file, kind string, der []byte) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return err
	}
	return os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600)
}
