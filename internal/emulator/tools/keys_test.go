package tools

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"burrow/internal/inventory"
)

func TestPrivateKeys(t *testing.T) {
	cases := map[string]struct {
		in    props
		block string
		size  int // bits of the modulus or of the curve
		ssh   string
	}{
		"RSA":              {props{"algorithm": "RSA"}, "RSA PRIVATE KEY", 2048, "ssh-rsa"},
		"RSA, smallest":    {rsa1024, "RSA PRIVATE KEY", 1024, "ssh-rsa"},
		"RSA, odd size":    {props{"algorithm": "RSA", "rsaBits": 1031.0}, "RSA PRIVATE KEY", 1031, "ssh-rsa"},
		"ECDSA by default": {props{"algorithm": "ECDSA"}, "EC PRIVATE KEY", 224, ""},
		"P256":             {p256, "EC PRIVATE KEY", 256, "ecdsa-sha2-nistp256"},
		"P384":             {props{"algorithm": "ECDSA", "ecdsaCurve": "P384"}, "EC PRIVATE KEY", 384, "ecdsa-sha2-nistp384"},
		"P521":             {props{"algorithm": "ECDSA", "ecdsaCurve": "P521"}, "EC PRIVATE KEY", 521, "ecdsa-sha2-nistp521"},
		"ED25519":          {edwards, "PRIVATE KEY", 256, "ssh-ed25519"},
	}
	b := newBench(t, "seed")
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			id, out := b.mustCreate(keyType, name, tc.in)
			if block, _ := pem.Decode([]byte(out.Str("privateKeyPem"))); block == nil || block.Type != tc.block {
				t.Errorf("PEM block %v, want %s", block, tc.block)
			}
			key, err := parseKey(out.Str("privateKeyPem"))
			if err != nil {
				t.Fatal(err)
			}
			if got := size(key.Public()); got != tc.size {
				t.Errorf("%d bits, want %d", got, tc.size)
			}
			checkPKCS8(t, out, key)
			checkPublic(t, out, key, id)
			checkSSH(t, out, tc.ssh)
		})
	}
}

func size(key crypto.PublicKey) int {
	switch key := key.(type) {
	case *rsa.PublicKey:
		return key.N.BitLen()
	case *ecdsa.PublicKey:
		return key.Curve.Params().BitSize
	case ed25519.PublicKey:
		return 8 * len(key)
	}
	return 0
}

func same(a, b crypto.PublicKey) bool {
	k, ok := a.(interface{ Equal(crypto.PublicKey) bool })
	return ok && k.Equal(b)
}

func checkPKCS8(t *testing.T, out inventory.Props, key crypto.Signer) {
	t.Helper()
	block, _ := pem.Decode([]byte(out.Str("privateKeyPemPkcs8")))
	if block == nil || block.Type != "PRIVATE KEY" {
		t.Fatalf("PKCS#8 block %v", block)
	}
	again, err := parseKey(out.Str("privateKeyPemPkcs8"))
	if err != nil || !same(again.Public(), key.Public()) {
		t.Errorf("the PKCS#8 form is another key, %v", err)
	}
}

func checkPublic(t *testing.T, out inventory.Props, key crypto.Signer, id string) {
	t.Helper()
	block, _ := pem.Decode([]byte(out.Str("publicKeyPem")))
	if block == nil || block.Type != "PUBLIC KEY" {
		t.Fatalf("public block %v", block)
	}
	public, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil || !same(public, key.Public()) {
		t.Errorf("the public key belongs to another private one, %v", err)
	}
	sum := sha1.Sum([]byte(strings.TrimSpace(string(block.Bytes))))
	if id != hex.EncodeToString(sum[:]) {
		t.Errorf("id %s is not the hash of the public key", id)
	}
}

// checkSSH compares with what the ssh package makes of the private key; OpenSSH
// has no P224.
func checkSSH(t *testing.T, out inventory.Props, algorithm string) {
	t.Helper()
	names := []string{"privateKeyOpenssh", "publicKeyOpenssh", "publicKeyFingerprintMd5", "publicKeyFingerprintSha256"}
	if algorithm == "" {
		for _, name := range names {
			if v, ok := out[name]; !ok || v != "" {
				t.Errorf("%s is %q, want empty", name, v)
			}
		}
		return
	}
	signer, err := ssh.ParsePrivateKey([]byte(out.Str("privateKeyOpenssh")))
	if err != nil {
		t.Fatal(err)
	}
	public := signer.PublicKey()
	if public.Type() != algorithm {
		t.Errorf("an ssh key of %s, want %s", public.Type(), algorithm)
	}
	for name, want := range map[string]string{
		"publicKeyOpenssh":           string(ssh.MarshalAuthorizedKey(public)),
		"publicKeyFingerprintMd5":    ssh.FingerprintLegacyMD5(public),
		"publicKeyFingerprintSha256": ssh.FingerprintSHA256(public),
	} {
		if out.Str(name) != want {
			t.Errorf("%s is %q, want %q", name, out.Str(name), want)
		}
	}
}

func TestKeyValidation(t *testing.T) {
	b := newBench(t, "seed")
	cases := map[string]struct {
		in   props
		want string
	}{
		"algorithm": {props{"algorithm": "DSA"}, `algorithm: Attribute algorithm value must be one of: ["RSA" "ECDSA" "ED25519"], got: "DSA" (TLS-01)`},
		"curve":     {props{"algorithm": "ECDSA", "ecdsaCurve": "P-256"}, `ecdsaCurve: Attribute ecdsa_curve value must be one of: ["P224" "P256" "P384" "P521"], got: "P-256" (TLS-02)`},
		"fine":      {p256, ""},
	}
	for name, tc := range cases {
		if got := strings.Join(b.check(keyType, tc.in), "\n"); got != tc.want {
			t.Errorf("%s: %q, want %q", name, got, tc.want)
		}
	}
}

func TestKeyRefusals(t *testing.T) {
	b := newBench(t, "seed")
	cases := map[string]struct {
		in   props
		want string
	}{
		"insecure": {props{"algorithm": "RSA", "rsaBits": 512.0}, "Unable to generate Key from configuration: crypto/rsa: 512-bit keys are insecure"},
		"none":     {props{"algorithm": "RSA", "rsaBits": 0.0}, "TLS-03"},
		"too long": {props{"algorithm": "RSA", "rsaBits": 16384.0}, "the emulator makes 8192 at most"},
	}
	for name, tc := range cases {
		_, _, err := b.create(keyType, name, tc.in)
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v, want %q", name, err, tc.want)
		}
	}
	if _, _, err := b.create(keyType, "not RSA", props{"algorithm": "ED25519", "rsaBits": 512.0}); err != nil {
		t.Errorf("the size matters to RSA only: %v", err)
	}
}

func TestGetPublicKey(t *testing.T) {
	b := newBench(t, "seed")
	for name, in := range map[string]props{"RSA": rsa1024, "ECDSA": p256, "ED25519": edwards} {
		id, key := b.mustCreate(keyType, name, in)
		for _, form := range []struct{ argument, output string }{
			{"privateKeyPem", "privateKeyPem"}, {"privateKeyPem", "privateKeyPemPkcs8"}, {"privateKeyOpenssh", "privateKeyOpenssh"},
		} {
			got, err := b.invoke(publicKeyCall, props{form.argument: key.Str(form.output)})
			if err != nil {
				t.Fatalf("%s as %s: %v", name, form.output, err)
			}
			for _, property := range []string{"publicKeyPem", "publicKeyOpenssh", "publicKeyFingerprintMd5", "publicKeyFingerprintSha256"} {
				if got.Str(property) != key.Str(property) {
					t.Errorf("%s as %s: %s differs from the key's", name, form.output, property)
				}
			}
			if got.Str("algorithm") != name || got.Str("id") != id {
				t.Errorf("%s as %s: algorithm %s, id %s", name, form.output, got.Str("algorithm"), got.Str("id"))
			}
		}
	}
}

func TestGetPublicKeyRefusals(t *testing.T) {
	b := newBench(t, "seed")
	_, key := b.mustCreate(keyType, "key", edwards)
	cases := map[string]struct {
		in   props
		want string
	}{
		"neither":           {props{}, "No attribute specified when one (and only one) of [private_key_pem,private_key_openssh] is required"},
		"both":              {props{"privateKeyPem": "a", "privateKeyOpenssh": "b"}, "2 attributes specified"},
		"no PEM":            {props{"privateKeyPem": "SECRET"}, "Unable to parse private key: failed to decode PEM block: decoded bytes 0, undecoded 6"},
		"no OpenSSH key":    {props{"privateKeyOpenssh": "SECRET"}, "failed to parse openssh private key"},
		"OpenSSH as PEM":    {props{"privateKeyPem": key["privateKeyOpenssh"]}, "unsupported PEM preamble/type: OPENSSH PRIVATE KEY"},
		"the public half":   {props{"privateKeyPem": key["publicKeyPem"]}, "unable to determine parser for PEM preamble: PUBLIC KEY"},
		"a damaged one":     {props{"privateKeyPem": pemText("RSA PRIVATE KEY", []byte("SECRET"))}, "failed to parse private key given PEM preamble 'RSA PRIVATE KEY'"},
		"a key to agree by": {props{"privateKeyPem": x25519}, "unsupported private key type: *ecdh.PrivateKey"},
	}
	for name, tc := range cases {
		_, err := b.invoke(publicKeyCall, tc.in)
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v, want %q", name, err, tc.want)
		}
		if err != nil && strings.Contains(err.Error(), "SECRET") {
			t.Errorf("%s: the error shows the key", name)
		}
	}
}

// x25519 is a PKCS#8 key (RFC 8410) that cannot sign. Its bytes are 0 to 31.
const x25519 = `-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VuBCIEIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f
-----END PRIVATE KEY-----
`
