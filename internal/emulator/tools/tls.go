package tools

import (
	"time"

	"burrow/internal/emulator"
	"burrow/internal/inventory"
	"burrow/internal/rules"
)

// tlsFile names a file of the Terraform provider that pulumi-tls wraps.
func tlsFile(name string) string {
	return "hashicorp/terraform-provider-tls v4.1.0 internal/provider/" + name
}

// tlsCloud is the provider tls with a clock, which certificates need.
func tlsCloud(now func() time.Time) *emulator.Cloud {
	return cloud("tls",
		[]product{privateKey(), certRequest(), selfSignedCert(now), locallySignedCert(now)},
		emulator.Function{Token: "tls:index/getPublicKey:getPublicKey", Call: getPublicKey},
		emulator.Function{Token: "tls:index/getCertificate:getCertificate", Call: getCertificate},
	)
}

func privateKey() product {
	source := tlsFile("resource_private_key.go")
	return product{
		typ: "tls:index/privateKey:PrivateKey", make: makePrivateKey,
		// Both defaults show whatever the algorithm is.
		defaults: inventory.Props{"rsaBits": 2048.0, "ecdsaCurve": "P224"},
		replace:  replaceOn(source, "algorithm", "ecdsaCurve", "rsaBits"),
		rules: []emulator.Rule{
			oneOf("TLS-01", "algorithm", algorithms, source),
			oneOf("TLS-02", "ecdsaCurve", curveNames, source),
			refuse("TLS-03", "Unable to generate Key from configuration",
				"https://go.dev/pkg/crypto/rsa#hdr-Minimum_key_size (Go 1.24 and later)", rsaKeyLongEnough),
		},
	}
}

func makePrivateKey(c *emulator.Call) (string, inventory.Props, error) {
	key, err := newKey(c.In, source(c))
	if err != nil {
		return "", nil, err
	}
	made, err := privateForms(key)
	if err != nil {
		return "", nil, err
	}
	id, err := addPublicForms(made, key.Public())
	return id, made, err
}

func certRequest() product {
	source := tlsFile("resource_cert_request.go")
	return product{
		typ: "tls:index/certRequest:CertRequest", make: makeCertRequest,
		replace: replaceOn(source, "dnsNames", "ipAddresses", "privateKeyPem", "subject", "uris"),
		rules:   append(nameRules(source), privateKeyParses("TLS-09", "privateKeyPem", "private key", source)),
	}
}

// certDefaults are those of both kinds of certificate.
func certDefaults() inventory.Props {
	return inventory.Props{"earlyRenewalHours": 0.0, "isCaCertificate": false, "setSubjectKeyId": false}
}

func selfSignedCert(now func() time.Time) product {
	source := tlsFile("resource_self_signed_cert.go")
	p := product{
		typ: "tls:index/selfSignedCert:SelfSignedCert", defaults: certDefaults(), show: renewal(now),
		make: func(c *emulator.Call) (string, inventory.Props, error) { return makeSelfSigned(c, now()) },
		replace: replaceOn(source, "allowedUses", "dnsNames", "ipAddresses", "isCaCertificate", "privateKeyPem",
			"setAuthorityKeyId", "setSubjectKeyId", "subject", "uris", "validityPeriodHours"),
		rules: append(nameRules(source), certRules(source)...),
	}
	p.defaults["setAuthorityKeyId"] = false
	p.rules = append(p.rules,
		privateKeyParses("TLS-09", "privateKeyPem", "private key", source),
		refuse("TLS-12", "Invalid Certificate Subject", tlsFile("common_cert.go"), authorityHasName),
		refuse("TLS-13", "Invalid Certificate Authority", tlsFile("common_cert.go"), authorityKeyIsKnown))
	return p
}

func locallySignedCert(now func() time.Time) product {
	source := tlsFile("resource_locally_signed_cert.go")
	p := product{
		typ: "tls:index/locallySignedCert:LocallySignedCert", defaults: certDefaults(), show: renewal(now),
		make: func(c *emulator.Call) (string, inventory.Props, error) { return makeLocallySigned(c, now()) },
		replace: replaceOn(source, "allowedUses", "caCertPem", "caPrivateKeyPem", "certRequestPem",
			"isCaCertificate", "setSubjectKeyId", "validityPeriodHours"),
		rules: certRules(source),
	}
	p.rules = append(p.rules,
		refuse("TLS-14", "Failed to parse certificate request PEM", source, func(c *emulator.Call) string {
			_, err := parseRequest(c.In.Str("certRequestPem"))
			return complaint(err)
		}),
		privateKeyParses("TLS-15", "caPrivateKeyPem", "CA private key", source),
		refuse("TLS-16", "Failed to parse CA certificate PEM", source, func(c *emulator.Call) string {
			_, err := parseCertificate(c.In.Str("caCertPem"))
			return complaint(err)
		}),
		refuse("TLS-12", "Invalid Certificate Subject", tlsFile("common_cert.go"), requestedAuthorityHasName),
		refuse("TLS-17", codeCertificate, "Go crypto/x509 CreateCertificate", authorityOwnsKey))
	return p
}

// renewal shows whether a certificate has expired, or is so near to it that it
// may be renewed.
func renewal(now func() time.Time) func(*emulator.Call) {
	return func(c *emulator.Call) {
		end, err := time.Parse(time.RFC3339, c.Out.Str("validityEndTime"))
		early := time.Duration(c.Out.Int("earlyRenewalHours")) * time.Hour
		c.Out["readyForRenewal"] = err == nil && !now().Before(end.Add(-early))
	}
}

// nameRules are those of the names that a certificate or request is for.
func nameRules(source string) []emulator.Rule {
	return []emulator.Rule{
		notEmpty("TLS-08", "ipAddresses[*]", source), notEmpty("TLS-08", "uris[*]", source),
		refuse("TLS-10", "Invalid IP address", source, addressesParse),
		refuse("TLS-11", "Invalid URI", source, urisParse),
	}
}

// certRules are those of both kinds of certificate.
func certRules(source string) []emulator.Rule {
	return []emulator.Rule{
		oneOf("TLS-05", "allowedUses[*]", useNames(), source),
		atLeast("TLS-06", "validityPeriodHours", 0, source),
		atLeast("TLS-07", "earlyRenewalHours", 0, source),
	}
}

// privateKeyParses refuses what is no private key.
func privateKeyParses(id rules.ID, property, name, source string) emulator.Rule {
	return refuse(id, "Failed to parse "+name+" PEM", source, func(c *emulator.Call) string {
		_, err := parseKey(c.In.Str(property))
		return complaint(err)
	})
}

// complaint is the text of an error, "" for none.
func complaint(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
