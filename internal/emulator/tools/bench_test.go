package tools

import (
	"context"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/types/known/structpb"

	"burrow/internal/emulator"
	"burrow/internal/emulator/rpctest"
	"burrow/internal/emulator/schema"
	"burrow/internal/inventory"
)

const (
	passwordType  = "random:index/randomPassword:RandomPassword"
	stringType    = "random:index/randomString:RandomString"
	bytesType     = "random:index/randomBytes:RandomBytes"
	idType        = "random:index/randomId:RandomId"
	uuidType      = "random:index/randomUuid:RandomUuid"
	integerType   = "random:index/randomInteger:RandomInteger"
	shuffleType   = "random:index/randomShuffle:RandomShuffle"
	keyType       = "tls:index/privateKey:PrivateKey"
	requestType   = "tls:index/certRequest:CertRequest"
	selfType      = "tls:index/selfSignedCert:SelfSignedCert"
	locallyType   = "tls:index/locallySignedCert:LocallySignedCert"
	publicKeyCall = "tls:index/getPublicKey:getPublicKey"
	certCall      = "tls:index/getCertificate:getCertificate"
)

// props are inputs as a program gives them.
type props = map[string]any

// A bench is both providers, served over gRPC on a world of their own.
type bench struct {
	t       *testing.T
	world   *emulator.World
	now     time.Time // of the certificates
	clients map[string]pulumirpc.ResourceProviderClient
}

func newBench(t *testing.T, seed string) *bench {
	t.Helper()
	world, err := emulator.Open(filepath.Join(t.TempDir(), "world.db"), emulator.Options{
		Account: emulator.Account{Seed: seed}, Wait: func(context.Context, time.Duration) {},
	})
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{t: t, world: world, now: time.Now(), clients: map[string]pulumirpc.ResourceProviderClient{}}
	clouds := []*emulator.Cloud{randomCloud(), tlsCloud(func() time.Time { return b.now })}
	ports, stop, err := emulator.Serve(t.Context(), world, clouds, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	for name, port := range ports {
		b.clients[name] = rpctest.Dial(t, port)
	}
	return b
}

func (b *bench) client(token string) pulumirpc.ResourceProviderClient {
	name, _, _ := strings.Cut(token, ":")
	return b.clients[name]
}

func (b *bench) wire(in props) *structpb.Struct {
	b.t.Helper()
	return rpctest.Wire(b.t, in)
}

func urn(typ, name string) string { return "urn:pulumi:s::p::" + typ + "::" + name }

// check returns the failures of Check as "property: reason".
func (b *bench) check(typ string, in props) (failures []string) {
	b.t.Helper()
	res, err := b.client(typ).Check(b.t.Context(), &pulumirpc.CheckRequest{Urn: urn(typ, "x"), News: b.wire(in)})
	if err != nil {
		b.t.Fatal(err)
	}
	for _, f := range res.GetFailures() {
		failures = append(failures, f.GetProperty()+": "+f.GetReason())
	}
	return failures
}

// create makes a thing; secrets among its outputs are opened.
func (b *bench) create(typ, name string, in props) (string, inventory.Props, error) {
	b.t.Helper()
	if failures := b.check(typ, in); len(failures) > 0 {
		b.t.Fatalf("check %s: %v", name, failures)
	}
	res, err := b.client(typ).Create(b.t.Context(), &pulumirpc.CreateRequest{Urn: urn(typ, name), Properties: b.wire(in)})
	return res.GetId(), rpctest.Open(res.GetProperties()), err
}

func (b *bench) mustCreate(typ, name string, in props) (string, inventory.Props) {
	b.t.Helper()
	id, out, err := b.create(typ, name, in)
	if err != nil {
		b.t.Fatalf("create %s: %v", name, err)
	}
	return id, out
}

func (b *bench) diff(typ string, before, after props) *pulumirpc.DiffResponse {
	b.t.Helper()
	res, err := b.client(typ).Diff(b.t.Context(), &pulumirpc.DiffRequest{
		Urn: urn(typ, "x"), Id: "x", OldInputs: b.wire(before), Olds: b.wire(before), News: b.wire(after),
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return res
}

func (b *bench) update(typ, name, id string, before, after props) inventory.Props {
	b.t.Helper()
	res, err := b.client(typ).Update(b.t.Context(), &pulumirpc.UpdateRequest{
		Urn: urn(typ, name), Id: id, OldInputs: b.wire(before), Olds: b.wire(before), News: b.wire(after),
	})
	if err != nil {
		b.t.Fatalf("update %s: %v", name, err)
	}
	return rpctest.Open(res.GetProperties())
}

func (b *bench) read(typ, name, id string) inventory.Props {
	b.t.Helper()
	res, err := b.client(typ).Read(b.t.Context(), &pulumirpc.ReadRequest{Urn: urn(typ, name), Id: id})
	if err != nil {
		b.t.Fatalf("read %s: %v", name, err)
	}
	return rpctest.Open(res.GetProperties())
}

func (b *bench) invoke(token string, args props) (inventory.Props, error) {
	b.t.Helper()
	res, err := b.client(token).Invoke(b.t.Context(), &pulumirpc.InvokeRequest{Tok: token, Args: b.wire(args)})
	if f := res.GetFailures(); len(f) > 0 {
		b.t.Fatalf("invoke %s: %v", token, f)
	}
	return rpctest.Open(res.GetReturn()), err
}

// key makes a private key and returns its PEM text.
func (b *bench) key(name string, in props) string {
	b.t.Helper()
	_, out := b.mustCreate(keyType, name, in)
	return out.Str("privateKeyPem")
}

// Keys that take no time to make.
var (
	edwards = props{"algorithm": "ED25519"}
	p256    = props{"algorithm": "ECDSA", "ecdsaCurve": "P256"}
	rsa1024 = props{"algorithm": "RSA", "rsaBits": 1024.0}
)

// selfSigned are inputs of a certificate, changed by more.
func selfSigned(key string, more props) props {
	return inventory.Props{
		"privateKeyPem": key, "validityPeriodHours": 24.0, "allowedUses": []any{"digital_signature", "server_auth"},
		"subject": props{"commonName": "relay", "organization": "Burrow"},
	}.With(more)
}

// secretNames are the properties that are wrapped as secrets, sorted.
func secretNames(s *structpb.Struct) (names []string) {
	for name, v := range s.GetFields() {
		for _, f := range v.GetStructValue().GetFields() {
			if f.GetStringValue() == rpctest.SecretSignature {
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	return names
}

// samples are inputs of one thing of each type that set every input that the
// type has, so that a test of them all misses none.
func samples(b *bench) map[string]props {
	b.t.Helper()
	keepers, key := props{"generation": "1"}, b.key("sampleKey", edwards)
	text := props{
		"length": 20.0, "special": true, "upper": true, "lower": true, "number": true, "numeric": true,
		"minSpecial": 1.0, "minUpper": 1.0, "minLower": 1.0, "minNumeric": 1.0, "overrideSpecial": "_%", "keepers": keepers,
	}
	names := props{
		"privateKeyPem": key, "dnsNames": []any{"relay"}, "ipAddresses": []any{"10.0.1.250"}, "uris": []any{"spiffe://relay"},
		"subject": props{"commonName": "relay"},
	}
	cert := props{
		"validityPeriodHours": 24.0, "allowedUses": []any{"cert_signing"}, "earlyRenewalHours": 1.0,
		"isCaCertificate": true, "setSubjectKeyId": true, "setAuthorityKeyId": true,
	}
	_, request := b.mustCreate(requestType, "sampleRequest", props{"privateKeyPem": key, "subject": props{"commonName": "relay"}})
	self := inventory.Props(names).With(cert)
	_, authority := b.mustCreate(selfType, "sampleAuthority", self)
	locally := inventory.Props(cert).With(inventory.Props{
		"caCertPem": authority.Str("certPem"), "caPrivateKeyPem": key, "certRequestPem": request.Str("certRequestPem"),
	})
	delete(locally, "setAuthorityKeyId")
	return map[string]props{
		passwordType: text, stringType: text,
		bytesType:   {"length": 8.0, "keepers": keepers},
		idType:      {"byteLength": 8.0, "prefix": "p-", "keepers": keepers},
		uuidType:    {"keepers": keepers},
		integerType: {"min": 1.0, "max": 1e9, "seed": "s", "keepers": keepers},
		shuffleType: {"inputs": []any{"a", "b"}, "resultCount": 1.0, "seed": "s", "keepers": keepers},
		keyType:     {"algorithm": "ECDSA", "ecdsaCurve": "P256", "rsaBits": 1024.0},
		requestType: names, selfType: self, locallyType: locally,
	}
}

func resourceOf(t *testing.T, typ string) *schema.Resource {
	t.Helper()
	name, _, _ := strings.Cut(typ, ":")
	pkg, err := schema.Load(name)
	if err != nil {
		t.Fatal(err)
	}
	return pkg.Resources[typ]
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func createRequest(b *bench, typ string, in props) *pulumirpc.CreateRequest {
	b.t.Helper()
	return &pulumirpc.CreateRequest{Urn: urn(typ, "x"), Properties: b.wire(in)}
}
