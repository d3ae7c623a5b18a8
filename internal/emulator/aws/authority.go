package aws

import (
	"bytes"
	"crypto/ed25519"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"math/big"
	"time"

	"burrow/internal/emulator"
)

// authority is the certificate of a cluster's certificate authority: base64 of
// PEM, and the same for the same cluster of the same world. Real clusters sign
// with RSA; an Ed25519 key can be made from a seed, and its signatures are
// deterministic.
func authority(c *emulator.Call) (string, error) {
	seed, err := hex.DecodeString(c.HexOf("authority", 2*ed25519.SeedSize))
	if err != nil {
		return "", fmt.Errorf("seed the certificate authority of %s: %w", c.ID, err)
	}
	key := ed25519.NewKeyFromSeed(seed)
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: "kubernetes"},
		NotBefore:             epoch,
		NotAfter:              epoch.Add(10 * 365 * 24 * time.Hour),
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(bytes.NewReader(seed), template, template, key.Public(), key)
	if err != nil {
		return "", fmt.Errorf("sign the certificate authority of %s: %w", c.ID, err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	return base64.StdEncoding.EncodeToString(text), nil
}
