package tools

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"maps"
	"math/big"
	"net"
	"net/netip"
	"net/url"
	"reflect"
	"slices"
	"time"

	"burrow/internal/emulator"
	"burrow/internal/inventory"
)

// codeCertificate is the title of what crypto/x509 refuses.
const codeCertificate = "Failed to create certificate"

// keyUses and extendedUses are the values of allowedUses. Source:
// terraform-provider-tls internal/provider/common_cert.go, after RFC 5280 4.2.1.3
// and 4.2.1.12.
var (
	keyUses = map[string]x509.KeyUsage{
		"digital_signature":  x509.KeyUsageDigitalSignature,
		"content_commitment": x509.KeyUsageContentCommitment,
		"key_encipherment":   x509.KeyUsageKeyEncipherment,
		"data_encipherment":  x509.KeyUsageDataEncipherment,
		"key_agreement":      x509.KeyUsageKeyAgreement,
		"cert_signing":       x509.KeyUsageCertSign,
		"crl_signing":        x509.KeyUsageCRLSign,
		"encipher_only":      x509.KeyUsageEncipherOnly,
		"decipher_only":      x509.KeyUsageDecipherOnly,
	}
	extendedUses = map[string]x509.ExtKeyUsage{
		"any_extended":                      x509.ExtKeyUsageAny,
		"server_auth":                       x509.ExtKeyUsageServerAuth,
		"client_auth":                       x509.ExtKeyUsageClientAuth,
		"code_signing":                      x509.ExtKeyUsageCodeSigning,
		"email_protection":                  x509.ExtKeyUsageEmailProtection,
		"ipsec_end_system":                  x509.ExtKeyUsageIPSECEndSystem,
		"ipsec_tunnel":                      x509.ExtKeyUsageIPSECTunnel,
		"ipsec_user":                        x509.ExtKeyUsageIPSECUser,
		"timestamping":                      x509.ExtKeyUsageTimeStamping,
		"ocsp_signing":                      x509.ExtKeyUsageOCSPSigning,
		"microsoft_server_gated_crypto":     x509.ExtKeyUsageMicrosoftServerGatedCrypto,
		"netscape_server_gated_crypto":      x509.ExtKeyUsageNetscapeServerGatedCrypto,
		"microsoft_commercial_code_signing": x509.ExtKeyUsageMicrosoftCommercialCodeSigning,
		"microsoft_kernel_code_signing":     x509.ExtKeyUsageMicrosoftKernelCodeSigning,
	}
)

// useNames are all values of allowedUses, sorted.
func useNames() []string {
	names := slices.Collect(maps.Keys(keyUses))
	return slices.Sorted(slices.Values(slices.AppendSeq(names, maps.Keys(extendedUses))))
}

func makeCertRequest(c *emulator.Call) (string, inventory.Props, error) {
	key, err := parseKey(c.In.Str("privateKeyPem"))
	if err != nil {
		return "", nil, err
	}
	request := &x509.CertificateRequest{Subject: subject(c.In), DNSNames: c.In.Strings("dnsNames")}
	if request.IPAddresses, request.URIs, err = alternatives(c.In); err != nil {
		return "", nil, err
	}
	der, err := x509.CreateCertificateRequest(nil, request, key) // no source: deterministic signatures
	if err != nil {
		return "", nil, c.Fault("Error creating certificate request", "%v", err)
	}
	return digest(der), inventory.Props{
		"certRequestPem": pemText(pemRequest, der), "keyAlgorithm": algorithmOf(key),
	}, nil
}

func makeSelfSigned(c *emulator.Call, now time.Time) (string, inventory.Props, error) {
	key, err := parseKey(c.In.Str("privateKeyPem"))
	if err != nil {
		return "", nil, err
	}
	cert := &x509.Certificate{Subject: subject(c.In), DNSNames: c.In.Strings("dnsNames")}
	if cert.IPAddresses, cert.URIs, err = alternatives(c.In); err != nil {
		return "", nil, err
	}
	made := inventory.Props{"keyAlgorithm": algorithmOf(key)}
	id, err := signing{cert, cert, key.Public(), key, now}.issue(c, made)
	return id, made, err
}

// makeLocallySigned takes subject and names from the request. That the authority
// is none (isCA false) gives a warning in real life, and a certificate.
func makeLocallySigned(c *emulator.Call, now time.Time) (string, inventory.Props, error) {
	request, err := parseRequest(c.In.Str("certRequestPem"))
	if err != nil {
		return "", nil, err
	}
	key, err := parseKey(c.In.Str("caPrivateKeyPem"))
	if err != nil {
		return "", nil, err
	}
	authority, err := parseCertificate(c.In.Str("caCertPem"))
	if err != nil {
		return "", nil, err
	}
	cert := &x509.Certificate{
		Subject: request.Subject, DNSNames: request.DNSNames,
		IPAddresses: request.IPAddresses, URIs: request.URIs,
	}
	made := inventory.Props{"caKeyAlgorithm": algorithmOf(key)}
	id, err := signing{cert, authority, request.PublicKey, key, now}.issue(c, made)
	return id, made, err
}

// A signing is who certifies whose key, and when.
type signing struct {
	cert   *x509.Certificate // names only, until it is issued
	parent *x509.Certificate // the certificate itself when it is self-signed
	public crypto.PublicKey  // of who is certified
	key    crypto.Signer     // of who certifies
	now    time.Time
}

// issue completes the certificate as the inputs say, signs it and adds what
// comes of it. The id is the serial number, of up to 128 bits.
func (s signing) issue(c *emulator.Call, made inventory.Props) (id string, err error) {
	serial, err := drawn(source(c), 16)
	if err != nil {
		return "", err
	}
	s.cert.SerialNumber = new(big.Int).SetBytes(serial)
	s.cert.BasicConstraintsValid, s.cert.IsCA = true, c.In.Bool("isCaCertificate")
	s.cert.NotBefore = s.now
	s.cert.NotAfter = s.now.Add(time.Duration(c.In.Int("validityPeriodHours")) * time.Hour)
	setUses(s.cert, c.In.Strings("allowedUses"))
	if err := s.setKeyIDs(c.In); err != nil {
		return "", err
	}
	der, err := x509.CreateCertificate(nil, s.cert, s.parent, s.public, s.key) // no source: deterministic signatures
	if err != nil {
		return "", c.Fault(codeCertificate, "%v", err)
	}
	made["certPem"] = pemText(pemCertificate, der)
	made["validityStartTime"] = s.cert.NotBefore.Format(time.RFC3339Nano)
	made["validityEndTime"] = s.cert.NotAfter.Format(time.RFC3339Nano)
	return s.cert.SerialNumber.String(), nil
}

func setUses(cert *x509.Certificate, uses []string) {
	for _, name := range uses {
		cert.KeyUsage |= keyUses[name]
		if use, ok := extendedUses[name]; ok {
			cert.ExtKeyUsage = append(cert.ExtKeyUsage, use)
		}
	}
}

// setKeyIDs identifies the key where that is asked for, and of an authority
// always.
func (s signing) setKeyIDs(in inventory.Props) (err error) {
	if s.cert.IsCA || in.Bool("setSubjectKeyId") {
		if s.cert.SubjectKeyId, err = subjectKeyID(s.public); err != nil {
			return err
		}
	}
	if in.Bool("setAuthorityKeyId") {
		s.cert.AuthorityKeyId = s.parent.SubjectKeyId
	}
	return nil
}

// subjectKeyID is the SHA-1 of the public key: of its PKCS#1 form, its
// uncompressed point, or its octet string.
func subjectKeyID(public crypto.PublicKey) ([]byte, error) {
	var form []byte
	var err error
	switch public := public.(type) {
	case *rsa.PublicKey:
		form = x509.MarshalPKCS1PublicKey(public)
	case *ecdsa.PublicKey:
		form, err = public.Bytes()
	case ed25519.PublicKey:
		form, err = asn1.Marshal([]byte(public))
	default:
		err = fmt.Errorf("unsupported public key type %T", public)
	}
	if err != nil {
		return nil, fmt.Errorf("failed to generate subject key identifier: %w", err)
	}
	id := sha1.Sum(form)
	return id[:], nil
}

// oidEmail is the attribute emailAddress of PKCS#9.
var oidEmail = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 1}

// subject is the distinguished name in the inputs.
func subject(in inventory.Props) pkix.Name {
	given := in.Map("subject")
	name := pkix.Name{
		CommonName: given.Str("commonName"), SerialNumber: given.Str("serialNumber"),
		StreetAddress: given.Strings("streetAddresses"),
	}
	for property, field := range map[string]*[]string{
		"organization": &name.Organization, "organizationalUnit": &name.OrganizationalUnit,
		"locality": &name.Locality, "province": &name.Province,
		"country": &name.Country, "postalCode": &name.PostalCode,
	} {
		if given.Has(property) {
			*field = []string{given.Str(property)}
		}
	}
	if email := given.Str("emailAddress"); given.Has("emailAddress") {
		name.ExtraNames = []pkix.AttributeTypeAndValue{{
			Type: oidEmail, Value: asn1.RawValue{Tag: asn1.TagIA5String, Bytes: []byte(email)},
		}}
	}
	return name
}

// alternatives are the alternative names that are more than text.
func alternatives(in inventory.Props) (addresses []net.IP, uris []*url.URL, err error) {
	for _, text := range in.Strings("ipAddresses") {
		a, err := address(text)
		if err != nil {
			return nil, nil, err
		}
		addresses = append(addresses, a.AsSlice())
	}
	for _, text := range in.Strings("uris") {
		u, err := url.Parse(text)
		if err != nil {
			return nil, nil, fmt.Errorf("parse URI: %w", err)
		}
		uris = append(uris, u)
	}
	return addresses, uris, nil
}

// address reads an address, which has no zone in a certificate.
func address(text string) (netip.Addr, error) {
	a, err := netip.ParseAddr(text)
	if err == nil && a.Zone() != "" {
		err = fmt.Errorf("%q has a zone", text)
	}
	if err != nil {
		return netip.Addr{}, fmt.Errorf("parse IP address: %w", err)
	}
	return a, nil
}

func addressesParse(c *emulator.Call) string {
	return firstOf(c.In, "ipAddresses[*]", func(_, text string) string {
		if _, err := address(text); err != nil {
			return fmt.Sprintf("Failed to parse %q", text)
		}
		return ""
	})
}

func urisParse(c *emulator.Call) string {
	return firstOf(c.In, "uris[*]", func(_, text string) string {
		if _, err := url.Parse(text); err != nil {
			return fmt.Sprintf("Failed to parse %q: %v", text, err)
		}
		return ""
	})
}

const nameless = "Must contain at least one Distinguished Name when creating Certificate Authority (CA)"

func authorityHasName(c *emulator.Call) string {
	if c.In.Bool("isCaCertificate") && reflect.DeepEqual(subject(c.In), pkix.Name{}) {
		return nameless
	}
	return ""
}

func requestedAuthorityHasName(c *emulator.Call) string {
	request, err := parseRequest(c.In.Str("certRequestPem"))
	if err == nil && c.In.Bool("isCaCertificate") && reflect.DeepEqual(request.Subject, pkix.Name{}) {
		return nameless
	}
	return ""
}

func authorityKeyIsKnown(c *emulator.Call) string {
	if c.In.Bool("setAuthorityKeyId") && !c.In.Bool("setSubjectKeyId") && !c.In.Bool("isCaCertificate") {
		return "Could not determine Authority Key Identifier"
	}
	return ""
}

// authorityOwnsKey refuses a key that is not the authority's.
func authorityOwnsKey(c *emulator.Call) string {
	key, err := parseKey(c.In.Str("caPrivateKeyPem"))
	if err != nil {
		return ""
	}
	authority, err := parseCertificate(c.In.Str("caCertPem"))
	if err != nil {
		return ""
	}
	if public, ok := key.Public().(interface{ Equal(crypto.PublicKey) bool }); ok && !public.Equal(authority.PublicKey) {
		return "x509: provided PrivateKey doesn't match parent's PublicKey"
	}
	return ""
}
