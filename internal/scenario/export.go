package scenario

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"

	"burrow/internal/inventory"
	"burrow/internal/inventory/awstype"
	"burrow/internal/inventory/azuretype"
	"burrow/internal/inventory/kubetype"
	"burrow/internal/inventory/stackexport"
	"burrow/internal/kubetest"
	"burrow/internal/reach"
)

// Export is the state of the stack with its secrets in clear, as an auditor with the
// passphrase reads it in a stack export.
func (s *Stack) Export() []apitype.ResourceV3 {
	s.t.Helper()
	state, err := s.world.State(s.name)
	if err != nil {
		s.t.Fatal(err)
	}
	return state.Resources
}

// Exported is what the stack's export says of the clouds.
func (s *Stack) Exported() inventory.View {
	s.t.Helper()
	return inventory.View{Source: stackexport.Read(s.Export())}
}

// CheckPaths proves from the export alone that every path passes and that each cloud stops
// everything else, and of the tunnels that no two share a key or an address.
func (s *Stack) CheckPaths(tunnels int) {
	s.t.Helper()
	view := s.Exported()
	for _, p := range reach.Paths(view, false) {
		if p.Verdict() != reach.Passes {
			s.t.Errorf("of the export, %s: %s %v", p.Name, p.Verdict(), p.Troubles())
		}
	}
	for _, open := range reach.Alone(view, false) {
		s.t.Errorf("of the export, a layer is open: %v", open)
	}
	distinct := map[string]bool{}
	for _, tunnel := range reach.Tunnels(view) {
		vpn := view.Get(awstype.VpnConnection, tunnel.VPNConnection)
		distinct["key "+vpn.Value(fmt.Sprintf("tunnel%dPresharedKey", tunnel.Number))] = true
		distinct["outside "+tunnel.AWSOutside.String()] = true
		distinct["inside "+tunnel.Inside.String()] = true
	}
	if len(distinct) != 3*tunnels {
		s.t.Errorf("keys, outside addresses and inside ranges of the tunnels are %d different values, want %d", len(distinct), 3*tunnels)
	}
}

// CheckObjects proves that a real API server takes every object that the program makes in a
// cluster; nil is none.
func (s *Stack) CheckObjects(api *kubetest.Server) {
	s.t.Helper()
	if api == nil {
		return
	}
	objects := 0
	for _, namespaces := range []bool{true, false} { // before what is in them
		for _, r := range s.Export() {
			token := string(r.Type)
			if !strings.HasPrefix(token, "kubernetes:") || (token == kubetype.Namespace) != namespaces {
				continue
			}
			objects++
			if err := api.Apply(r.Inputs, !namespaces); err != nil {
				s.t.Errorf("the API server does not take %s: %v", r.URN, err)
			}
		}
	}
	if objects == 0 {
		s.t.Error("the stack has no object in a cluster")
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
func (s *Stack) CheckGatewayAlone() {
	s.t.Helper()
	waiting := map[string]bool{}
	for _, gateway := range s.Exported().All(azuretype.VirtualNetworkGateway) {
		waiting[gateway.URN] = true
	}
	dependents := 0
	// The state lists dependencies before dependents.
	for _, r := range s.Export() {
		for _, dep := range r.Dependencies {
			if !waiting[string(dep)] {
				continue
			}
			if _, ok := waitsForGateway[string(r.Type)]; !ok {
				s.t.Errorf("%s waits for the Azure gateway through %s", r.URN, dep)
			}
			waiting[string(r.URN)] = true
			dependents++
			break
		}
	}
	if dependents < 5 {
		s.t.Errorf("%d resources depend on the gateway, want four connections and its diagnostics at least", dependents)
	}
}
