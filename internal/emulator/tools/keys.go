package tools

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"

	"golang.org/x/crypto/ssh"

	"burrow/internal/emulator"
	"burrow/internal/inventory"
)

// Names of algorithms and curves. Source: terraform-provider-tls
// internal/provider/types.go.
var (
	algorithms = []string{"RSA", "ECDSA", "ED25519"}
	curveNames = []string{"P224", "P256", "P384", "P521"}
	curves     = map[string]elliptic.Curve{
		"P224": elliptic.P224(), "P256": elliptic.P256(), "P384": elliptic.P384(), "P521": elliptic.P521(),
	}
)

// Sizes of RSA keys in bits. The greatest is the emulator's own limit: the search
// for longer primes takes minutes, and a write holds the whole world.
const (
	leastRSABits    = 1024
	greatestRSABits = 8192
)

func rsaBits(in inventory.Props) int {
	if !in.Has("rsaBits") {
		return 2048
	}
	return in.Int("rsaBits")
}

func rsaKeyLongEnough(c *emulator.Call) string {
	if bits := rsaBits(c.In); c.In.Str("algorithm") == "RSA" && bits < leastRSABits {
		return fmt.Sprintf("crypto/rsa: %d-bit keys are insecure (see https://go.dev/pkg/crypto/rsa#hdr-Minimum_key_size)", bits)
	}
	return ""
}

// newKey makes the private key that the inputs ask for. The standard library's
// generators do not take a source of randomness any more, so the numbers are
// drawn here; everything done with them is the library's.
func newKey(in inventory.Props, random io.Reader) (crypto.Signer, error) {
	switch algorithm := in.Str("algorithm"); algorithm {
	case "RSA":
		return newRSAKey(rsaBits(in), random)
	case "ECDSA":
		return newECDSAKey(curves[in.StrOr("ecdsaCurve", "P224")], random)
	case "ED25519":
		seed, err := drawn(random, ed25519.SeedSize)
		if err != nil {
			return nil, err
		}
		return ed25519.NewKeyFromSeed(seed), nil
	default:
		return nil, fmt.Errorf("make a private key: no algorithm %q", algorithm)
	}
}

func drawn(random io.Reader, n int) ([]byte, error) {
	b := make([]byte, n)
	if _, err := io.ReadFull(random, b); err != nil {
		return nil, fmt.Errorf("draw random bytes: %w", err)
	}
	return b, nil
}

func newRSAKey(bits int, random io.Reader) (crypto.Signer, error) {
	if bits > greatestRSABits {
		return nil, fmt.Errorf("make an RSA key of %d bits: the emulator makes %d at most", bits, greatestRSABits)
	}
	for {
		p, err := prime((bits+1)/2, random)
		if err != nil {
			return nil, err
		}
		q, err := prime(bits/2, random)
		if err != nil {
			return nil, err
		}
		if key := rsaKeyOf(p, q); key != nil {
			return key, key.Validate()
		}
	}
}

// prime draws a prime with its two highest bits set, so that the product of two
// has all of its bits.
func prime(bits int, random io.Reader) (*big.Int, error) {
	for {
		b, err := drawn(random, (bits+7)/8)
		if err != nil {
			return nil, err
		}
		p := new(big.Int).SetBytes(b)
		p.Rsh(p, uint(len(b)*8-bits))
		for _, bit := range []int{0, bits - 2, bits - 1} {
			p.SetBit(p, bit, 1)
		}
		if p.ProbablyPrime(20) {
			return p, nil
		}
	}
}

const rsaExponent = 65537

// rsaKeyOf is the key of two primes, nil when they do not make one.
func rsaKeyOf(p, q *big.Int) *rsa.PrivateKey {
	one := big.NewInt(1)
	order := new(big.Int).Mul(new(big.Int).Sub(p, one), new(big.Int).Sub(q, one))
	d := new(big.Int).ModInverse(big.NewInt(rsaExponent), order)
	if d == nil || p.Cmp(q) == 0 {
		return nil
	}
	key := &rsa.PrivateKey{
		PublicKey: rsa.PublicKey{N: new(big.Int).Mul(p, q), E: rsaExponent},
		D:         d, Primes: []*big.Int{p, q},
	}
	key.Precompute()
	return key
}

// newECDSAKey draws numbers until one is below the order of the curve, which all
// but P521 manage at once nearly always, and P521 after its spare bits are cut.
func newECDSAKey(curve elliptic.Curve, random io.Reader) (crypto.Signer, error) {
	if curve == nil {
		return nil, errors.New("make an ECDSA key: no such curve")
	}
	bits := curve.Params().N.BitLen()
	for {
		scalar, err := drawn(random, (bits+7)/8)
		if err != nil {
			return nil, err
		}
		scalar[0] >>= len(scalar)*8 - bits
		if key, err := ecdsa.ParseRawPrivateKey(curve, scalar); err == nil {
			return key, nil
		}
	}
}

// privateForms are the texts of a private key. OpenSSH knows no P224.
func privateForms(key crypto.Signer) (inventory.Props, error) {
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("encode the private key as PKCS#8: %w", err)
	}
	forms := inventory.Props{"privateKeyPemPkcs8": pemText(pemPrivateKey, pkcs8), "privateKeyOpenssh": ""}
	switch key := key.(type) {
	case *rsa.PrivateKey:
		forms["privateKeyPem"] = pemText(pemRSAKey, x509.MarshalPKCS1PrivateKey(key))
	case *ecdsa.PrivateKey:
		der, err := x509.MarshalECPrivateKey(key)
		if err != nil {
			return nil, fmt.Errorf("encode the private key: %w", err)
		}
		forms["privateKeyPem"] = pemText(pemECKey, der)
		if key.Curve == elliptic.P224() {
			return forms, nil
		}
	default:
		forms["privateKeyPem"] = forms["privateKeyPemPkcs8"]
	}
	block, err := ssh.MarshalPrivateKey(key, "")
	if err != nil {
		return nil, fmt.Errorf("encode the private key for OpenSSH: %w", err)
	}
	forms["privateKeyOpenssh"] = string(pem.EncodeToMemory(block))
	return forms, nil
}

// addPublicForms adds the texts of a public key and returns its id, the SHA-1 of
// its DER form.
func addPublicForms(forms inventory.Props, key crypto.PublicKey) (id string, err error) {
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return "", fmt.Errorf("encode the public key: %w", err)
	}
	forms["publicKeyPem"] = pemText(pemPublicKey, der)
	for _, name := range []string{"publicKeyOpenssh", "publicKeyFingerprintMd5", "publicKeyFingerprintSha256"} {
		forms[name] = ""
	}
	if k, err := ssh.NewPublicKey(key); err == nil { // an error for P224 only
		forms["publicKeyOpenssh"] = string(ssh.MarshalAuthorizedKey(k))
		forms["publicKeyFingerprintMd5"] = ssh.FingerprintLegacyMD5(k)
		forms["publicKeyFingerprintSha256"] = ssh.FingerprintSHA256(k)
	}
	return digest(der), nil
}

// digest is the id of what has no number of its own. The provider trims white
// space of DER as if it were text. Source: terraform-provider-tls
// internal/provider/common.go, hashForState.
func digest(der []byte) string {
	sum := sha1.Sum(bytes.TrimSpace(der))
	return hex.EncodeToString(sum[:])
}

// algorithmOf names the algorithm of a key.
func algorithmOf(key crypto.Signer) string {
	switch key.(type) {
	case *rsa.PrivateKey:
		return "RSA"
	case *ecdsa.PrivateKey:
		return "ECDSA"
	}
	return "ED25519"
}
