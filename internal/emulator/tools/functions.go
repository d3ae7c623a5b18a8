package tools

import (
	"crypto/sha1"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
	"time"

	"burrow/internal/emulator"
	"burrow/internal/inventory"
	"burrow/internal/rules"
)

// refused is the fault of a function, which has no rules beside it.
func refused(rule rules.ID, code, source, format string, args ...any) *emulator.Fault {
	return &emulator.Fault{Code: code, Message: fmt.Sprintf(format, args...), Rule: rule, Source: source}
}

// exactlyOne names the one argument that is given; none or several are refused.
func exactlyOne(in inventory.Props, rule rules.ID, source string, names ...string) (string, error) {
	var given, attributes []string
	for _, name := range names {
		attributes = append(attributes, attribute(name))
		if in.Has(name) {
			given = append(given, name)
		}
	}
	list := "[" + strings.Join(attributes, ",") + "]"
	switch len(given) {
	case 1:
		return given[0], nil
	case 0:
		return "", refused(rule, invalidCombination, source, "No attribute specified when one (and only one) of %s is required", list)
	}
	return "", refused(rule, invalidCombination, source,
		"%d attributes specified when one (and only one) of %s is required", len(given), list)
}

// getPublicKey shows the public half of a private key.
func getPublicKey(c *emulator.Call) (inventory.Props, error) {
	source := tlsFile("data_source_public_key.go")
	given, err := exactlyOne(c.In, "TLS-18", source, "privateKeyPem", "privateKeyOpenssh")
	if err != nil {
		return nil, err
	}
	parse := parseKey
	if given == "privateKeyOpenssh" {
		parse = parseOpenSSHKey
	}
	key, err := parse(c.In.Str(given))
	if err != nil {
		return nil, refused("TLS-19", "Unable to parse private key", source, "%v", err)
	}
	result := c.In.With(inventory.Props{"algorithm": algorithmOf(key)})
	id, err := addPublicForms(result, key.Public())
	result["id"] = id
	return result, err
}

// errNoURL keeps the emulated world to itself.
var errNoURL = errors.New("getCertificate of a url is not emulated: it would ask a server outside the emulated world; " +
	"give the certificate as content")

// getCertificate shows what is in a certificate.
func getCertificate(c *emulator.Call) (inventory.Props, error) {
	source := tlsFile("data_source_certificate.go")
	given, err := exactlyOne(c.In, "TLS-20", source, "url", "content")
	switch {
	case err != nil:
		return nil, err
	case given == "url":
		return nil, errNoURL
	case c.In.Has("verifyChain"):
		return nil, refused("TLS-21", invalidCombination, source,
			`Attribute "content" cannot be specified when "verify_chain" is specified`)
	}
	cert, err := certificateIn(c.In.Str("content"), source)
	if err != nil {
		return nil, err
	}
	return inventory.Props{
		"content": c.In.Str("content"), "verifyChain": true, "id": digest(cert.Raw),
		"certificates": []any{map[string]any(describe(cert))},
	}, nil
}

// certificateIn reads the first PEM block; what follows it does not matter.
func certificateIn(text, source string) (*x509.Certificate, error) {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return nil, refused("TLS-22", "Failed to decoded PEM", source, "Value is not a valid PEM encoding of a certificate")
	}
	if err := checkPEMType(block.Type); err != nil {
		return nil, refused("TLS-22", "Failed to identify PEM preamble", source, "%v", err)
	}
	if block.Type != pemCertificate {
		return nil, refused("TLS-22", "Unexpected PEM preamble", source,
			"Certificate PEM should be %q, got %q", pemCertificate, block.Type)
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, refused("TLS-22", "Unable to parse certificate", source, "%v", err)
	}
	return cert, nil
}

func describe(cert *x509.Certificate) inventory.Props {
	fingerprint := sha1.Sum(cert.Raw)
	return inventory.Props{
		"signatureAlgorithm": cert.SignatureAlgorithm.String(),
		"publicKeyAlgorithm": cert.PublicKeyAlgorithm.String(),
		"serialNumber":       cert.SerialNumber.String(),
		"isCa":               cert.IsCA,
		"version":            float64(cert.Version),
		"issuer":             cert.Issuer.String(),
		"subject":            cert.Subject.String(),
		"notBefore":          cert.NotBefore.Format(time.RFC3339),
		"notAfter":           cert.NotAfter.Format(time.RFC3339),
		"sha1Fingerprint":    hex.EncodeToString(fingerprint[:]),
		"certPem":            pemText(pemCertificate, cert.Raw),
	}
}
