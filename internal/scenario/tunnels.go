package scenario

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"

	"burrow/internal/inventory/awstype"
	"burrow/internal/inventory/azuretype"
	"burrow/internal/plan"
)

// An Export is the state of a stack with its secrets in clear, as an auditor with
// the passphrase reads it in a stack export.
type Export struct{ resources []apitype.ResourceV3 }

// Export reads the stack's state.
func (s *Stack) Export() Export {
	s.t.Helper()
	state, err := s.world.State(s.name)
	if err != nil {
		s.t.Fatal(err)
	}
	return Export{state.Resources}
}

// All are all resources.
func (e Export) All() []apitype.ResourceV3 { return e.resources }

// Of are the resources of a type, whatever API version its token names.
func (e Export) Of(t *testing.T, typ string) []apitype.ResourceV3 {
	t.Helper()
	var found []apitype.ResourceV3
	for _, r := range e.resources {
		if string(r.Type) == typ {
			found = append(found, r)
		}
	}
	if len(found) == 0 {
		t.Fatalf("the state holds no %s", typ)
	}
	return found
}

func (e Export) one(t *testing.T, typ string) apitype.ResourceV3 {
	t.Helper()
	found := e.Of(t, typ)
	if len(found) != 1 {
		t.Fatalf("the state holds %d of %s, want 1", len(found), typ)
	}
	return found[0]
}

// at reads a value by path: names and list indices separated by dots.
func at(v any, path string) any {
	for _, key := range strings.Split(path, ".") {
		v = plainSecret(v)
		switch c := v.(type) {
		case map[string]any:
			v = c[key]
		case []any:
			var i int
			if _, err := fmt.Sscan(key, &i); err != nil || i >= len(c) {
				return nil
			}
			v = c[i]
		default:
			return nil
		}
	}
	return plainSecret(v)
}

// plainSecret is what a secret of an export with --show-secrets holds.
func plainSecret(v any) any {
	m, ok := v.(map[string]any)
	if !ok {
		return v
	}
	text, ok := m["plaintext"].(string)
	if !ok {
		return v
	}
	var plain any
	if json.Unmarshal([]byte(text), &plain) != nil {
		return v
	}
	return plain
}

// Str is the text of what stands at a path.
func Str(v any, path string) string { return fmt.Sprint(at(v, path)) }

// A tunnelEnd is what one cloud believes about one tunnel.
type tunnelEnd struct {
	key                      string
	awsOutside, azureOutside string
	awsBGP, azureBGP         string
	awsASN, azureASN         string
	ikeVersion               string
	phase1, phase2           string // encryption/integrity/group, in Azure's words
	phase1Seconds, p2Seconds string
}

// inAzureWords translates AWS's algorithm names and Diffie-Hellman groups.
var inAzureWords = map[string]string{
	"AES256-GCM-16": "GCMAES256", "AES256": "AES256", "SHA2-384": "SHA384", "SHA2-256": "SHA256",
	"dh20": "ECP384", "dh14": "DHGroup14", "pfs20": "ECP384", "pfs14": "PFS14",
	"ikev2": "IKEv2",
}

func translate(t *testing.T, word string) string {
	t.Helper()
	azure, ok := inAzureWords[word]
	if !ok {
		t.Fatalf("no Azure name is known for AWS's %q", word)
	}
	return azure
}

// awsEnds are the four tunnels as AWS's VPN connections have them.
func awsEnds(t *testing.T, e Export) []tunnelEnd {
	t.Helper()
	var ends []tunnelEnd
	for _, vpn := range e.Of(t, awstype.VpnConnection) {
		customer := e.byID(t, Str(vpn.Outputs, "customerGatewayId"))
		gateway := e.byID(t, Str(vpn.Outputs, "vpnGatewayId"))
		for n := 1; n <= 2; n++ {
			option := func(name string) any { return at(vpn.Outputs, fmt.Sprintf("tunnel%d%s", n, name)) }
			only := func(name string) string {
				list, _ := option(name).([]any)
				if len(list) != 1 {
					t.Fatalf("%s tunnel %d offers %v as %s; exactly one is equal on both sides", vpn.URN, n, list, name)
				}
				return fmt.Sprint(list[0])
			}
			inside := netip.MustParsePrefix(fmt.Sprint(option("InsideCidr")))
			phase2Integrity := translate(t, only("Phase2IntegrityAlgorithms"))
			if strings.Contains(only("Phase2EncryptionAlgorithms"), "GCM") {
				// GCM authenticates by itself: AWS's integrity list is not used,
				// and Azure repeats the cipher there (AVC-15).
				phase2Integrity = translate(t, only("Phase2EncryptionAlgorithms"))
			}
			ends = append(ends, tunnelEnd{
				key:           fmt.Sprint(option("PresharedKey")),
				awsOutside:    fmt.Sprint(option("Address")),
				azureOutside:  Str(customer.Outputs, "ipAddress"),
				awsBGP:        inside.Addr().Next().String(),
				azureBGP:      inside.Addr().Next().Next().String(),
				awsASN:        Str(gateway.Outputs, "amazonSideAsn"),
				azureASN:      Str(customer.Outputs, "bgpAsn"),
				ikeVersion:    translate(t, only("IkeVersions")),
				phase1:        translate(t, only("Phase1EncryptionAlgorithms")) + "/" + translate(t, only("Phase1IntegrityAlgorithms")) + "/" + translate(t, "dh"+only("Phase1DhGroupNumbers")),
				phase2:        translate(t, only("Phase2EncryptionAlgorithms")) + "/" + phase2Integrity + "/" + translate(t, "pfs"+only("Phase2DhGroupNumbers")),
				phase1Seconds: fmt.Sprint(option("Phase1LifetimeSeconds")),
				p2Seconds:     fmt.Sprint(option("Phase2LifetimeSeconds")),
			})
		}
	}
	return ends
}

// azureEnds are the four tunnels as Azure's connections have them.
func azureEnds(t *testing.T, e Export) []tunnelEnd {
	t.Helper()
	const network = "azure-native:network:"
	gateway := e.one(t, network+"VirtualNetworkGateway")
	var ends []tunnelEnd
	for _, c := range e.Of(t, network+"VirtualNetworkGatewayConnection") {
		peer := e.byID(t, Str(c.Inputs, "localNetworkGateway2.id"))
		if got := Str(c.Inputs, "virtualNetworkGateway1.id"); got != string(gateway.ID) {
			t.Errorf("%s is on gateway %s, not on the estate's", c.URN, got)
		}
		awsBGP := Str(peer.Inputs, "bgpSettings.bgpPeeringAddress")
		outside, azureBGP := landing(t, e, gateway, c, netip.MustParseAddr(awsBGP))
		policy := func(name string) string { return Str(c.Inputs, "ipsecPolicies.0."+name) }
		ends = append(ends, tunnelEnd{
			key:          Str(c.Inputs, "sharedKey"),
			awsOutside:   Str(peer.Inputs, "gatewayIpAddress"),
			azureOutside: outside,
			awsBGP:       awsBGP,
			azureBGP:     azureBGP,
			awsASN:       Str(peer.Inputs, "bgpSettings.asn"),
			azureASN:     Str(gateway.Inputs, "bgpSettings.asn"),
			ikeVersion:   Str(c.Inputs, "connectionProtocol"),
			phase1:       policy("ikeEncryption") + "/" + policy("ikeIntegrity") + "/" + policy("dhGroup"),
			phase2:       policy("ipsecEncryption") + "/" + policy("ipsecIntegrity") + "/" + policy("pfsGroup"),
			// Azure's phase 1 lifetime is fixed (AVC-23).
			phase1Seconds: "28800",
			p2Seconds:     policy("saLifeTimeSeconds"),
		})
	}
	return ends
}

// landing finds the gateway instance on which a connection's tunnel lands: the
// one whose chosen custom BGP address shares a /30 with the peer's. It returns
// the instance's public address and that BGP address.
func landing(t *testing.T, e Export, gateway, c apitype.ResourceV3, peer netip.Addr) (outside, bgp string) {
	t.Helper()
	chosen, _ := at(c.Inputs, "gatewayCustomBgpIpAddresses").([]any)
	for _, choice := range chosen {
		address := netip.MustParseAddr(Str(choice, "customBgpIpAddress"))
		if tunnel, _ := address.Prefix(30); !tunnel.Contains(peer) {
			continue
		}
		configurations, _ := at(gateway.Inputs, "ipConfigurations").([]any)
		for _, ip := range configurations {
			if strings.HasSuffix(Str(choice, "ipConfigurationId"), "/ipConfigurations/"+Str(ip, "name")) {
				return Str(e.byID(t, Str(ip, "publicIPAddress.id")).Outputs, "ipAddress"), address.String()
			}
		}
	}
	t.Fatalf("%s chooses no BGP address in the /30 of its peer %s (AVC-26): %v", c.URN, peer, chosen)
	return "", ""
}

func (e Export) byID(t *testing.T, id string) apitype.ResourceV3 {
	t.Helper()
	for _, r := range e.resources {
		if id != "" && strings.EqualFold(string(r.ID), id) {
			return r
		}
	}
	t.Fatalf("the state holds nothing with the id %q", id)
	return apitype.ResourceV3{}
}

// CheckTunnels proves that both ends of each of the four tunnels agree.
func CheckTunnels(t *testing.T, e Export) {
	t.Helper()
	aws, azure := awsEnds(t, e), azureEnds(t, e)
	if len(aws) != 4 || len(azure) != 4 {
		t.Fatalf("AWS has %d tunnels, Azure %d; want 4 and 4", len(aws), len(azure))
	}
	distinct := map[string]int{}
	for _, end := range aws {
		distinct["key "+end.key]++
		distinct["outside "+end.awsOutside]++
		distinct["inside "+end.awsBGP]++
		if !slices.Contains(azure, end) {
			end.key = "(not shown)"
			t.Errorf("Azure has no end for AWS's tunnel %+v", end)
		}
	}
	if len(distinct) != 12 {
		t.Errorf("keys, outside and inside addresses are %d different values, want 12: something is shared between tunnels", len(distinct))
	}
}

// CheckForwarders proves that each cloud forwards the other's zone to the
// other's inbound endpoint, and that relay's record is the load balancer.
func CheckForwarders(t *testing.T, e Export, p *plan.Plan) {
	t.Helper()
	var inboundAWS []string
	for _, endpoint := range e.Of(t, awstype.ResolverEndpoint) {
		if Str(endpoint.Outputs, "direction") == "INBOUND" {
			inboundAWS = addresses(at(endpoint.Outputs, "ipAddresses"), "ip")
		}
	}
	forwarding := e.one(t, azuretype.ForwardingRule)
	if got := addresses(at(forwarding.Inputs, "targetDnsServers"), "ipAddress"); len(got) < 2 || !slices.Equal(got, inboundAWS) {
		t.Errorf("Azure forwards to %v, AWS's inbound endpoint is %v", got, inboundAWS)
	}
	if got, want := Str(forwarding.Inputs, "domainName"), p.DNS.AWSZone+"."; got != want {
		t.Errorf("Azure forwards %q, want %q", got, want)
	}
	inboundAzure := addresses(at(e.one(t, azuretype.InboundEndpoint).Outputs, "ipConfigurations"), "privateIpAddress")
	rule := e.one(t, awstype.ResolverRule)
	if got := addresses(at(rule.Inputs, "targetIps"), "ip"); len(got) == 0 || !slices.Equal(got, inboundAzure) {
		t.Errorf("AWS forwards to %v, Azure's inbound endpoint is %v", got, inboundAzure)
	}
	nlb := e.one(t, awstype.LoadBalancer)
	record := e.one(t, awstype.Record)
	if got, want := Str(record.Inputs, "aliases.0.name"), Str(nlb.Outputs, "dnsName"); got != want {
		t.Errorf("relay's record is an alias of %q, the NLB is %q", got, want)
	}
	if Str(record.Inputs, "aliases.0.evaluateTargetHealth") != "true" {
		t.Error("relay's record does not evaluate target health")
	}
}

func addresses(list any, property string) []string {
	var found []string
	items, _ := list.([]any)
	for _, item := range items {
		found = append(found, Str(item, property))
	}
	slices.Sort(found)
	return found
}

// waitsForGateway are the types that may depend on the Azure VPN gateway, the
// slowest thing of the estate, and why.
var waitsForGateway = map[string]string{
	azuretype.VirtualNetworkGatewayConnection: "a connection joins the gateway and a peer",
	azuretype.DiagnosticSetting:               "the gateway's own logs",
	azuretype.MetricAlert:                     "watches the gateway",
	awstype.MetricAlarm:                       "pages nobody before the connections exist",
	azuretype.ScheduledQueryRule:              "pages nobody before the connections exist",
	awstype.Dashboard:                         "shows the path once it is there",
	azuretype.Workbook:                        "shows the gateway",
}

// CheckGatewayAlone proves that nothing waits for the Azure gateway but its
// connections, its own diagnostics and what watches those.
func CheckGatewayAlone(t *testing.T, e Export) {
	t.Helper()
	gateway := e.one(t, azuretype.VirtualNetworkGateway)
	waiting := map[string]bool{string(gateway.URN): true}
	dependents := 0
	// The state lists dependencies before dependents.
	for _, r := range e.resources {
		for _, dep := range r.Dependencies {
			if !waiting[string(dep)] {
				continue
			}
			if _, ok := waitsForGateway[string(r.Type)]; !ok {
				t.Errorf("%s waits for the Azure gateway through %s", r.URN, dep)
			}
			waiting[string(r.URN)] = true
			dependents++
			break
		}
	}
	if dependents < 5 {
		t.Errorf("%d resources depend on the gateway, want four connections and its diagnostics at least", dependents)
	}
}
