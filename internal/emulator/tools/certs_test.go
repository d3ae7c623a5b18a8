package tools

import (
	"bytes"
	"crypto/sha1"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"burrow/internal/inventory"
)

// An authority signs requests.
type authority struct{ cert, key string }

func (b *bench) root(name string, key props) authority {
	b.t.Helper()
	k := b.key(name+"Key", key)
	_, out := b.mustCreate(selfType, name, selfSigned(k, props{
		"isCaCertificate": true, "allowedUses": []any{"cert_signing", "crl_signing"},
		"subject": props{"commonName": name},
	}))
	return authority{out.Str("certPem"), k}
}

// request makes a request for names.
func (b *bench) request(name, key string, more props) string {
	b.t.Helper()
	in := inventory.Props{"privateKeyPem": key, "subject": props{"commonName": name}}.With(more)
	_, out := b.mustCreate(requestType, name, in)
	return out.Str("certRequestPem")
}

func (a authority) signing(request string, more props) props {
	return inventory.Props{
		"caCertPem": a.cert, "caPrivateKeyPem": a.key, "certRequestPem": request,
		"validityPeriodHours": 12.0, "allowedUses": []any{"digital_signature", "server_auth"},
	}.With(more)
}

// sign makes a certificate and returns its text.
func (b *bench) sign(a authority, name, request string, more props) string {
	b.t.Helper()
	_, out := b.mustCreate(locallyType, name, a.signing(request, more))
	return out.Str("certPem")
}

func mustParse(t *testing.T, text string) *x509.Certificate {
	t.Helper()
	block, rest := pem.Decode([]byte(text))
	if block == nil || block.Type != "CERTIFICATE" || len(rest) > 0 {
		t.Fatalf("%q is not one certificate", text)
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

func pool(t *testing.T, certs ...string) *x509.CertPool {
	t.Helper()
	p := x509.NewCertPool()
	for _, c := range certs {
		if !p.AppendCertsFromPEM([]byte(c)) {
			t.Fatalf("%q holds no certificate", c)
		}
	}
	return p
}

// Root, intermediate and leaf, with keys of every algorithm.
func TestChainVerifies(t *testing.T) {
	for name, keys := range map[string][3]props{
		"ECDSA first":   {p256, rsa1024, edwards},
		"RSA first":     {rsa1024, edwards, {"algorithm": "ECDSA"}},
		"ED25519 first": {edwards, {"algorithm": "ECDSA", "ecdsaCurve": "P521"}, rsa1024},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, "seed")
			root := b.root("root", keys[0])
			middleKey := b.key("middleKey", keys[1])
			middle := authority{b.sign(root, "middle", b.request("middle", middleKey, nil), props{
				"isCaCertificate": true, "allowedUses": []any{"cert_signing"},
			}), middleKey}
			leafKey := b.key("leafKey", keys[2])
			leaf := mustParse(t, b.sign(middle, "leaf", b.request("leaf", leafKey, props{"dnsNames": []any{"relay.private.aws.internal"}}), nil))
			verify := func(roots, middles *x509.CertPool, host string, use x509.ExtKeyUsage) error {
				_, err := leaf.Verify(x509.VerifyOptions{
					Roots: roots, Intermediates: middles, DNSName: host, KeyUsages: []x509.ExtKeyUsage{use}, CurrentTime: b.now.Add(time.Second),
				})
				return err
			}
			roots, middles := pool(t, root.cert), pool(t, middle.cert)
			if err := verify(roots, middles, "relay.private.aws.internal", x509.ExtKeyUsageServerAuth); err != nil {
				t.Errorf("the chain does not verify: %v", err)
			}
			other := b.root("other", edwards)
			for what, err := range map[string]error{
				"another root":        verify(pool(t, other.cert), middles, "", x509.ExtKeyUsageServerAuth),
				"no intermediate":     verify(roots, x509.NewCertPool(), "", x509.ExtKeyUsageServerAuth),
				"another host":        verify(roots, middles, "bunny.private.aws.internal", x509.ExtKeyUsageServerAuth),
				"a use not asked for": verify(roots, middles, "", x509.ExtKeyUsageClientAuth),
			} {
				if err == nil {
					t.Errorf("it verifies with %s", what)
				}
			}
		})
	}
}

func fullSubject() props {
	return props{
		"commonName": "relay", "country": "GB", "locality": "London", "organization": "Burrow",
		"organizationalUnit": "Network", "postalCode": "EC1A", "province": "England", "serialNumber": "42",
		"streetAddresses": []any{"1 Warren", "Second Hole"}, "emailAddress": "relay@example.com",
	}
}

func checkSubject(t *testing.T, name pkix.Name) {
	t.Helper()
	for field, v := range map[string][2]string{
		"CN": {name.CommonName, "relay"}, "SERIALNUMBER": {name.SerialNumber, "42"},
		"C": {fmt.Sprint(name.Country), "[GB]"}, "L": {fmt.Sprint(name.Locality), "[London]"},
		"O": {fmt.Sprint(name.Organization), "[Burrow]"}, "OU": {fmt.Sprint(name.OrganizationalUnit), "[Network]"},
		"PC": {fmt.Sprint(name.PostalCode), "[EC1A]"}, "ST": {fmt.Sprint(name.Province), "[England]"},
		"STREET": {fmt.Sprintf("%q", name.StreetAddress), `["1 Warren" "Second Hole"]`},
	} {
		if v[0] != v[1] {
			t.Errorf("%s is %s, want %s", field, v[0], v[1])
		}
	}
	isEmail := func(a pkix.AttributeTypeAndValue) bool {
		return a.Type.Equal(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 1}) && a.Value == "relay@example.com"
	}
	if !slices.ContainsFunc(name.Names, isEmail) {
		t.Errorf("no e-mail address in %v", name.Names)
	}
}

// Subject and names reach the request, and through it the certificate.
func TestNames(t *testing.T) {
	b := newBench(t, "seed")
	key := b.key("key", p256)
	names := props{
		"subject": fullSubject(), "dnsNames": []any{"relay.private.aws.internal", "relay"},
		"ipAddresses": []any{"10.0.1.250", "fd00::1"}, "uris": []any{"spiffe://burrow/relay"},
	}
	id, out := b.mustCreate(requestType, "request", inventory.Props{"privateKeyPem": key}.With(names))
	block, _ := pem.Decode([]byte(out.Str("certRequestPem")))
	if block == nil || block.Type != "CERTIFICATE REQUEST" {
		t.Fatalf("block %v", block)
	}
	request, err := x509.ParseCertificateRequest(block.Bytes)
	if err != nil || request.CheckSignature() != nil {
		t.Fatal(err, request.CheckSignature())
	}
	checkSubject(t, request.Subject)
	if sum := sha1.Sum(bytes.TrimSpace(block.Bytes)); id != hex.EncodeToString(sum[:]) {
		t.Errorf("id %s is not the hash of the request", id)
	}
	_, self := b.mustCreate(selfType, "self", selfSigned(key, names))
	locally := b.sign(b.root("root", edwards), "locally", out.Str("certRequestPem"), nil)
	for _, text := range []string{self.Str("certPem"), locally} {
		cert := mustParse(t, text)
		for _, host := range []string{"relay.private.aws.internal", "relay", "10.0.1.250", "fd00::1"} {
			if err := cert.VerifyHostname(host); err != nil {
				t.Errorf("%s: %v", host, err)
			}
		}
		if len(cert.URIs) != 1 || cert.URIs[0].String() != "spiffe://burrow/relay" {
			t.Errorf("URIs %v", cert.URIs)
		}
	}
	checkSubject(t, mustParse(t, self.Str("certPem")).Subject)
}

func TestCertificateFields(t *testing.T) {
	b := newBench(t, "seed")
	key := b.key("key", p256)
	uses := []any{}
	for _, name := range useNames() {
		uses = append(uses, name)
	}
	id, out := b.mustCreate(selfType, "cert", selfSigned(key, props{"allowedUses": uses, "validityPeriodHours": 100.0}))
	cert := mustParse(t, out.Str("certPem"))
	if cert.KeyUsage != 1<<9-1 || len(cert.ExtKeyUsage) != 14 {
		t.Errorf("key usage %b and %d extended ones, want all 9 and 14", cert.KeyUsage, len(cert.ExtKeyUsage))
	}
	if id != cert.SerialNumber.String() || cert.SerialNumber.Cmp(new(big.Int).Lsh(big.NewInt(1), 100)) < 0 {
		t.Errorf("id %s, serial number %s", id, cert.SerialNumber)
	}
	if got := cert.NotAfter.Sub(cert.NotBefore); got != 100*time.Hour {
		t.Errorf("valid for %v, want 100 hours", got)
	}
	for name, want := range map[string]time.Time{"validityStartTime": cert.NotBefore, "validityEndTime": cert.NotAfter} {
		if got, err := time.Parse(time.RFC3339, out.Str(name)); err != nil || !got.Truncate(time.Second).Equal(want) {
			t.Errorf("%s is %s, want %s", name, out.Str(name), want)
		}
	}
	if !cert.BasicConstraintsValid || cert.IsCA {
		t.Errorf("basic constraints %v, authority %v", cert.BasicConstraintsValid, cert.IsCA)
	}
	if out.Str("keyAlgorithm") != "ECDSA" || out.Num("earlyRenewalHours") != 0 || out.Bool("readyForRenewal") {
		t.Errorf("outputs %v, %v, %v", out["keyAlgorithm"], out["earlyRenewalHours"], out["readyForRenewal"])
	}
}

// bitString is the public key in a certificate, which RFC 5280 4.2.1.2 (1) hashes.
func bitString(t *testing.T, cert *x509.Certificate) []byte {
	t.Helper()
	var info struct {
		Algorithm pkix.AlgorithmIdentifier
		Key       asn1.BitString
	}
	if _, err := asn1.Unmarshal(cert.RawSubjectPublicKeyInfo, &info); err != nil {
		t.Fatal(err)
	}
	return info.Key.Bytes
}

func TestKeyIDs(t *testing.T) {
	cases := map[string]struct {
		key                props
		more               props
		subject, authority bool
	}{
		"neither":              {p256, nil, false, false},
		"subject":              {p256, props{"setSubjectKeyId": true}, true, false},
		"both":                 {p256, props{"setSubjectKeyId": true, "setAuthorityKeyId": true}, true, true},
		"authority by itself":  {p256, props{"isCaCertificate": true}, true, false},
		"authority, both":      {rsa1024, props{"isCaCertificate": true, "setAuthorityKeyId": true}, true, true},
		"subject of ED25519":   {edwards, props{"setSubjectKeyId": true}, true, false},
		"subject, long modulo": {rsa1024, props{"setSubjectKeyId": true}, true, false},
	}
	b := newBench(t, "seed")
	for name, tc := range cases {
		_, out := b.mustCreate(selfType, name, selfSigned(b.key(name, tc.key), tc.more))
		cert := mustParse(t, out.Str("certPem"))
		form := bitString(t, cert)
		if tc.key["algorithm"] == "ED25519" {
			form = append([]byte{asn1.TagOctetString, 32}, form...) // the provider hashes it as an octet string
		}
		sum := sha1.Sum(form)
		if got := cert.SubjectKeyId; tc.subject != bytes.Equal(got, sum[:]) || !tc.subject && len(got) > 0 {
			t.Errorf("%s: subject key id %x", name, got)
		}
		if got := cert.AuthorityKeyId; tc.authority != bytes.Equal(got, sum[:]) || !tc.authority && len(got) > 0 {
			t.Errorf("%s: authority key id %x", name, got)
		}
	}
	root := b.root("root", edwards)
	key := b.key("leafKey", p256)
	leaf := mustParse(t, b.sign(root, "leaf", b.request("leaf", key, nil), props{"setSubjectKeyId": true}))
	if sum := sha1.Sum(bitString(t, leaf)); !bytes.Equal(leaf.SubjectKeyId, sum[:]) {
		t.Errorf("subject key id %x of the signed certificate", leaf.SubjectKeyId)
	}
	if want := mustParse(t, root.cert).SubjectKeyId; len(want) != 20 || !bytes.Equal(leaf.AuthorityKeyId, want) {
		t.Errorf("authority key id %x, want %x", leaf.AuthorityKeyId, want)
	}
}

func TestRenewal(t *testing.T) {
	cases := map[string]struct {
		validity, early float64 // hours
		after           time.Duration
		made, later     bool
	}{
		"fresh":              {24, 0, 23 * time.Hour, false, false},
		"expired":            {24, 0, 24 * time.Hour, false, true},
		"not yet early":      {24, 2, 21 * time.Hour, false, false},
		"early":              {24, 2, 22 * time.Hour, false, true},
		"early from birth":   {24, 24, 0, true, true},
		"expired from birth": {0, 0, 0, true, true},
	}
	for name, tc := range cases {
		b := newBench(t, "seed")
		in := selfSigned(b.key("key", edwards), props{"validityPeriodHours": tc.validity, "earlyRenewalHours": tc.early})
		id, out := b.mustCreate(selfType, "cert", in)
		b.now = b.now.Add(tc.after)
		if got := b.read(selfType, "cert", id); out.Bool("readyForRenewal") != tc.made || got.Bool("readyForRenewal") != tc.later {
			t.Errorf("%s: ready %v when made and %v later, want %v and %v",
				name, out["readyForRenewal"], got["readyForRenewal"], tc.made, tc.later)
		}
	}
}

// A change of earlyRenewalHours keeps the certificate, whoever made it.
func TestUpdateKeepsTheCertificate(t *testing.T) {
	b := newBench(t, "seed")
	root := b.root("root", edwards)
	inputs := map[string]props{
		selfType:    selfSigned(b.key("key", edwards), props{"earlyRenewalHours": 1.0}),
		locallyType: root.signing(b.request("relay", root.key, nil), props{"earlyRenewalHours": 1.0}),
	}
	for typ, before := range inputs {
		id, made := b.mustCreate(typ, "cert", before)
		b.now = b.now.Add(time.Hour)
		after := inventory.Props(before).With(inventory.Props{"earlyRenewalHours": 1000.0})
		want := made.With(inventory.Props{"earlyRenewalHours": 1000.0, "readyForRenewal": true})
		if got := b.update(typ, "cert", id, before, after); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: %v, want %v", typ, sortedKeys(got), sortedKeys(want))
		}
		taken := after.Clone()
		delete(taken, "earlyRenewalHours")
		want["earlyRenewalHours"], want["readyForRenewal"] = 0.0, false
		if got := b.update(typ, "cert", id, after, taken); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s, taken back: %v hours, ready %v", typ, got["earlyRenewalHours"], got["readyForRenewal"])
		}
	}
}

func TestCertificateValidation(t *testing.T) {
	b := newBench(t, "seed")
	cases := map[string]struct {
		typ  string
		in   props
		want string // a part of the only failure
	}{
		"use":             {selfType, selfSigned("k", props{"allowedUses": []any{"server_auth", "sign_anything"}}), `allowedUses: Attribute allowed_uses[1] value must be one of: ["any_extended" "cert_signing"`},
		"validity":        {selfType, selfSigned("k", props{"validityPeriodHours": -1.0}), "validityPeriodHours: Attribute validity_period_hours value must be at least 0, got: -1 (TLS-06)"},
		"early renewal":   {locallyType, authority{"c", "k"}.signing("r", props{"earlyRenewalHours": -1.0}), "earlyRenewalHours: Attribute early_renewal_hours value must be at least 0, got: -1 (TLS-07)"},
		"empty address":   {requestType, props{"privateKeyPem": "k", "ipAddresses": []any{""}}, "ipAddresses: Attribute ip_addresses[0] string length must be at least 1, got: 0 (TLS-08)"},
		"empty URI":       {selfType, selfSigned("k", props{"uris": []any{"spiffe://a", ""}}), "uris: Attribute uris[1] string length must be at least 1, got: 0 (TLS-08)"},
		"unknown element": {requestType, props{"privateKeyPem": "k", "ipAddresses": []any{unknown}}, ""},
	}
	for name, tc := range cases {
		got := b.check(tc.typ, tc.in)
		if tc.want == "" && len(got) > 0 || tc.want != "" && (len(got) != 1 || !strings.HasPrefix(got[0], tc.want)) {
			t.Errorf("%s: %q, want %q", name, got, tc.want)
		}
	}
}

func TestCertificateRefusals(t *testing.T) {
	b := newBench(t, "seed")
	root, other := b.root("root", edwards), b.root("other", p256)
	key := b.key("key", edwards)
	request := b.request("relay", key, nil)
	nameless := b.request("nameless", key, props{"subject": props{}})
	damaged := func(typ string) string { return pemText(typ, []byte("SECRET")) }
	cases := map[string]struct {
		typ  string
		in   props
		want string
	}{
		"key that is none":       {selfType, selfSigned("SECRET", nil), "Failed to parse private key PEM: failed to decode PEM block"},
		"certificate as key":     {requestType, props{"privateKeyPem": root.cert}, "unable to determine parser for PEM preamble: CERTIFICATE"},
		"damaged key":            {requestType, props{"privateKeyPem": damaged("PRIVATE KEY")}, "TLS-09"},
		"address":                {requestType, props{"privateKeyPem": key, "ipAddresses": []any{"10.0.0.256"}}, `Invalid IP address: Failed to parse "10.0.0.256"`},
		"address with zone":      {selfType, selfSigned(key, props{"ipAddresses": []any{"fe80::1%eth0"}}), "TLS-10"},
		"URI":                    {selfType, selfSigned(key, props{"uris": []any{"a://b:c"}}), `Invalid URI: Failed to parse "a://b:c"`},
		"nameless authority":     {selfType, selfSigned(key, props{"isCaCertificate": true, "subject": props{}}), "Invalid Certificate Subject: Must contain at least one Distinguished Name"},
		"unidentified authority": {selfType, selfSigned(key, props{"setAuthorityKeyId": true}), "Invalid Certificate Authority: Could not determine Authority Key Identifier"},
		"name of no host":        {selfType, selfSigned(key, props{"dnsNames": []any{"bücher"}}), "Failed to create certificate: x509:"},
		"request that is none":   {locallyType, root.signing("x", nil), `Failed to parse certificate request PEM: failed to decode PEM of expected type "CERTIFICATE REQUEST" from bytes`},
		"certificate as request": {locallyType, root.signing(root.cert, nil), `invalid PEM type - expected "CERTIFICATE REQUEST", got "CERTIFICATE"`},
		"damaged request":        {locallyType, root.signing(damaged("CERTIFICATE REQUEST"), nil), "failed to parse certificate request"},
		"signing key":            {locallyType, authority{root.cert, "SECRET"}.signing(request, nil), "Failed to parse CA private key PEM"},
		"authority that is none": {locallyType, authority{request, root.key}.signing(request, nil), `Failed to parse CA certificate PEM: invalid PEM type - expected "CERTIFICATE", got "CERTIFICATE REQUEST"`},
		"damaged authority":      {locallyType, authority{damaged("CERTIFICATE"), root.key}.signing(request, nil), "failed to parse certificate"},
		"another's key":          {locallyType, authority{root.cert, other.key}.signing(request, nil), "Failed to create certificate: x509: provided PrivateKey doesn't match parent's PublicKey"},
		"nameless intermediate":  {locallyType, root.signing(nameless, props{"isCaCertificate": true}), "TLS-12"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			_, _, err := b.create(tc.typ, name, tc.in)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Fatalf("%v, want %q", err, tc.want)
			}
			if strings.Contains(err.Error(), "SECRET") {
				t.Errorf("the error shows what was to be parsed: %v", err)
			}
		})
	}
	if _, _, err := b.create(locallyType, "by no authority", authority{b.sign(root, "leaf", request, nil), key}.signing(request, nil)); err != nil {
		t.Errorf("an authority that is none gives a certificate in real life: %v", err)
	}
}

func TestGetCertificate(t *testing.T) {
	b := newBench(t, "seed")
	root := b.root("root", p256)
	text := b.sign(root, "leaf", b.request("leaf", b.key("key", rsa1024), nil), nil)
	cert := mustParse(t, text)
	got, err := b.invoke(certCall, props{"content": text + root.cert}) // the first one counts
	if err != nil {
		t.Fatal(err)
	}
	shown := got.Maps("certificates")
	if len(shown) != 1 || got.Str("id") == "" || !got.Bool("verifyChain") {
		t.Fatalf("result %v", got)
	}
	sum := sha1.Sum(cert.Raw)
	for name, want := range map[string]any{
		"certPem": text, "isCa": false, "issuer": "CN=root", "subject": "CN=leaf", "version": 3.0,
		"notBefore": cert.NotBefore.Format(time.RFC3339), "notAfter": cert.NotAfter.Format(time.RFC3339),
		"publicKeyAlgorithm": "RSA", "signatureAlgorithm": "ECDSA-SHA256",
		"serialNumber": cert.SerialNumber.String(), "sha1Fingerprint": hex.EncodeToString(sum[:]),
	} {
		if shown[0][name] != want {
			t.Errorf("%s is %v, want %v", name, shown[0][name], want)
		}
	}
}

func TestGetCertificateRefusals(t *testing.T) {
	b := newBench(t, "seed")
	key := b.key("key", edwards)
	cases := map[string]struct {
		in   props
		want string
	}{
		"neither":     {props{}, "No attribute specified when one (and only one) of [url,content] is required"},
		"both":        {props{"url": "https://relay", "content": "x"}, "2 attributes specified"},
		"a url":       {props{"url": "https://relay"}, "outside the emulated world"},
		"verify":      {props{"content": "x", "verifyChain": false}, `Attribute "content" cannot be specified when "verify_chain" is specified`},
		"no PEM":      {props{"content": "x"}, "Value is not a valid PEM encoding of a certificate"},
		"unknown PEM": {props{"content": pemText("X509 CRL", []byte("x"))}, "unsupported PEM preamble/type: X509 CRL"},
		"a key":       {props{"content": key}, `Certificate PEM should be "CERTIFICATE", got "PRIVATE KEY"`},
		"damaged":     {props{"content": pemText("CERTIFICATE", []byte("x"))}, "Unable to parse certificate"},
	}
	for name, tc := range cases {
		if _, err := b.invoke(certCall, tc.in); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v, want %q", name, err, tc.want)
		}
	}
}
