// Package authority signs certificates for servers that run on loopback, and for their clients:
// relay on a laptop, and the API server and relay of tests.
package authority

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
	"time"
)

// An Authority signs certificates.
type Authority struct {
	PEM []byte // its own certificate

	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

// A Subject is whom a certificate is for.
type Subject struct {
	CommonName string
	Groups     []string // organizations
	URIs       []string
	DNS        []string
	IPs        []net.IP
	Server     bool      // good for a server
	Client     bool      // good for a client
	Ends       time.Time // a day from now if it is zero
}

// A Pair is a certificate and its key, PEM.
type Pair struct{ Certificate, Key []byte }

// New makes an authority.
func New(name string) (*Authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	a := &Authority{key: key, certificate: &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-2 * time.Hour), NotAfter: time.Now().Add(365 * 24 * time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}}
	der, err := x509.CreateCertificate(rand.Reader, a.certificate, a.certificate, &key.PublicKey, key)
	if err != nil {
		return nil, fmt.Errorf("make the authority %s: %w", name, err)
	}
	if a.certificate, err = x509.ParseCertificate(der); err != nil {
		return nil, err
	}
	a.PEM = block("CERTIFICATE", der)
	return a, nil
}

// Issue makes a certificate and its key.
func (a *Authority) Issue(of Subject) (Pair, error) {
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: of.CommonName, Organization: of.Groups},
		DNSNames: of.DNS, IPAddresses: of.IPs, NotBefore: time.Now().Add(-time.Hour), NotAfter: of.Ends, KeyUsage: x509.KeyUsageDigitalSignature,
	}
	if of.Ends.IsZero() {
		template.NotAfter = time.Now().Add(24 * time.Hour)
	}
	for _, text := range of.URIs {
		uri, err := url.Parse(text)
		if err != nil {
			return Pair{}, err
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
		return Pair{}, err
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, &key.PublicKey, a.key)
	if err != nil {
		return Pair{}, fmt.Errorf("sign the certificate: %w", err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return Pair{}, err
	}
	return Pair{block("CERTIFICATE", der), block("PRIVATE KEY", private)}, nil
}

func block(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}
