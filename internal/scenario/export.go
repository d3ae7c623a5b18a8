package scenario

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"

	"burrow/internal/inventory"
	"burrow/internal/inventory/awstype"
	"burrow/internal/inventory/azuretype"
	"burrow/internal/inventory/stackexport"
	"burrow/internal/reach"
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

// CheckPaths proves from the export alone that every path passes and that each cloud stops
// everything else, and of the tunnels that no two share a key or an address.
func CheckPaths(t *testing.T, e Export, tunnels int) {
	t.Helper()
	view := inventory.View{Source: stackexport.Read(e.resources)}
	for _, p := range reach.Paths(view, false) {
		if p.Verdict() != reach.Passes {
			t.Errorf("of the export, %s: %s %v", p.Name, p.Verdict(), p.Troubles())
		}
	}
	for _, open := range reach.Alone(view, false) {
		t.Errorf("of the export, a layer is open: %v", open)
	}
	distinct := map[string]bool{}
	for _, tunnel := range reach.Tunnels(view) {
		vpn := view.Get(awstype.VpnConnection, tunnel.VPNConnection)
		distinct["key "+vpn.Value(fmt.Sprintf("tunnel%dPresharedKey", tunnel.Number))] = true
		distinct["outside "+tunnel.AWSOutside.String()] = true
		distinct["inside "+tunnel.Inside.String()] = true
	}
	if len(distinct) != 3*tunnels {
		t.Errorf("keys, outside addresses and inside ranges of the tunnels are %d different values, want %d", len(distinct), 3*tunnels)
	}
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
	gateway := e.Of(t, azuretype.VirtualNetworkGateway)[0]
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
