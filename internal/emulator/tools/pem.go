package tools

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/crypto/ssh"
)

// Types of PEM blocks. Source: terraform-provider-tls internal/provider/types.go,
// as are the errors below. None of them shows what was to be parsed.
const (
	pemPublicKey   = "PUBLIC KEY"
	pemPrivateKey  = "PRIVATE KEY"
	pemRSAKey      = "RSA PRIVATE KEY"
	pemECKey       = "EC PRIVATE KEY"
	pemCertificate = "CERTIFICATE"
	pemRequest     = "CERTIFICATE REQUEST"
)

// keyParsers by the type of the block.
var keyParsers = map[string]func(der []byte) (any, error){
	pemPrivateKey: x509.ParsePKCS8PrivateKey,
	pemRSAKey:     func(der []byte) (any, error) { return x509.ParsePKCS1PrivateKey(der) },
	pemECKey:      func(der []byte) (any, error) { return x509.ParseECPrivateKey(der) },
}

func pemText(typ string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: typ, Bytes: der}))
}

// checkPEMType refuses blocks that the provider does not know.
func checkPEMType(typ string) error {
	if slices.Contains([]string{pemPublicKey, pemCertificate, pemRequest}, typ) || keyParsers[typ] != nil {
		return nil
	}
	return fmt.Errorf("unsupported PEM preamble/type: %s", typ)
}

// parseKey reads a private key in PEM: PKCS#1, SEC 1 or PKCS#8.
func parseKey(text string) (crypto.Signer, error) {
	block, rest := pem.Decode([]byte(text))
	if block == nil {
		return nil, fmt.Errorf("failed to decode PEM block: decoded bytes %d, undecoded %d", len(text)-len(rest), len(rest))
	}
	if err := checkPEMType(block.Type); err != nil {
		return nil, err
	}
	parse := keyParsers[block.Type]
	if parse == nil {
		return nil, fmt.Errorf("unable to determine parser for PEM preamble: %s", block.Type)
	}
	key, err := parse(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("failed to parse private key given PEM preamble '%s': %w", block.Type, err)
	}
	return signer(key)
}

// parseOpenSSHKey reads a private key as ssh-keygen writes it.
func parseOpenSSHKey(text string) (crypto.Signer, error) {
	key, err := ssh.ParseRawPrivateKey([]byte(text))
	if err != nil {
		return nil, fmt.Errorf("failed to parse openssh private key: %w", err)
	}
	if k, ok := key.(*ed25519.PrivateKey); ok {
		return *k, nil
	}
	return signer(key)
}

func signer(key any) (crypto.Signer, error) {
	switch key := key.(type) {
	case *rsa.PrivateKey:
		return key, nil
	case *ecdsa.PrivateKey:
		return key, nil
	case ed25519.PrivateKey:
		return key, nil
	}
	return nil, fmt.Errorf("failed to determine key algorithm for private key of type %T: unsupported private key type: %[1]T", key)
}

func parseCertificate(text string) (*x509.Certificate, error) {
	der, err := derOf(text, pemCertificate)
	if err != nil {
		return nil, err
	}
	certs, err := x509.ParseCertificates(der)
	switch {
	case err != nil:
		return nil, fmt.Errorf("failed to parse certificate: %w", err)
	case len(certs) < 1:
		return nil, errors.New("no certificates found")
	case len(certs) > 1:
		return nil, errors.New("multiple certificates found in")
	}
	return certs[0], nil
}

func parseRequest(text string) (*x509.CertificateRequest, error) {
	der, err := derOf(text, pemRequest)
	if err != nil {
		return nil, err
	}
	request, err := x509.ParseCertificateRequest(der)
	if err != nil {
		return nil, fmt.Errorf("failed to parse certificate request: %w", err)
	}
	return request, nil
}

func derOf(text, typ string) ([]byte, error) {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return nil, fmt.Errorf("failed to decode PEM of expected type %q from bytes", typ)
	}
	if block.Type != typ {
		return nil, fmt.Errorf("invalid PEM type - expected %q, got %q", typ, block.Type)
	}
	return block.Bytes, nil
}
