package azure

import (
	"slices"
	"strings"
	"testing"

	"burrow/internal/emulator"
	"burrow/internal/emulator/schema"
	"burrow/internal/inventory/azuretype"
)

// Every kind, path, code and source of the cloud's tables is sound.
func TestDeclarations(t *testing.T) {
	pkg, err := schema.Load(cloudName)
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range Cloud().Lint(pkg) {
		t.Error(problem)
	}
}

// Valid inputs of every kind are accepted, an update and a read change nothing
// of them, and what the cloud fills in is what the provider's schema has.
func TestAccepted(t *testing.T) {
	for _, k := range Cloud().Kinds {
		t.Run(k.Type, func(t *testing.T) {
			s := newSubscription(t)
			in := s.valid(k.Type)
			id, out := s.mustCreate(k.Type, "it", in)
			if o := s.object(k.Type, id); o == nil || !strings.HasPrefix(id, "/subscriptions/"+testSubscription) {
				t.Fatalf("id %s, object %v", id, o)
			}
			for _, v := range emulator.CheckOutputs(s.pkg.Resources[token(k.Type)], out) {
				if v.Breach != schema.Missing {
					t.Errorf("output %v", v)
				}
			}
			if out.Str("name") == "" || !strings.Contains(out.Str("type"), "/") {
				t.Errorf("name %q, type %q", out.Str("name"), out.Str("type"))
			}
			checked, err := s.check(k.Type, "it", in)
			if err != nil {
				t.Fatal(err)
			}
			read, _ := s.read(k.Type, "it", id, checked, out)
			if _, changes := s.diff(k.Type, "it", read, checked); len(changes) > 0 {
				t.Errorf("after a refresh these inputs differ: %v", changes)
			}
			if _, err := s.update(k.Type, "it", id, in, in); err != nil {
				t.Errorf("update: %v", err)
			}
			if err := s.delete(k.Type, "it", id); err != nil {
				t.Errorf("delete: %v", err)
			}
			if s.object(k.Type, id) != nil {
				t.Error("it is still there")
			}
		})
	}
}

// What the schema says is always returned is returned, where it is not only for
// some resources of the kind.
func TestRequiredOutputs(t *testing.T) {
	// Outputs that the SDK declares as always present and ARM leaves out where
	// they do not apply.
	absent := map[string][]string{
		azuretype.VirtualNetwork:                  {"subnets"},
		azuretype.Subnet:                          {"purpose", "ipConfigurations", "ipConfigurationProfiles", "privateEndpoints", "resourceNavigationLinks", "serviceAssociationLinks"},
		azuretype.NetworkSecurityGroup:            {"flowLogs", "networkInterfaces", "subnets"},
		azuretype.RouteTable:                      {"subnets"},
		azuretype.NatGateway:                      {"subnets"},
		azuretype.PublicIPAddress:                 {"ipConfiguration"},
		azuretype.VirtualNetworkGateway:           {"inboundDnsForwardingEndpoint"},
		azuretype.VirtualNetworkGatewayConnection: {"tunnelConnectionStatus"},
		azuretype.ManagedCluster:                  {"privateFQDN"},
		azuretype.Workspace:                       {"privateLinkScopedResources"},
		azuretype.StorageAccount: {
			"blobRestoreStatus", "customDomain", "failoverInProgress", "geoReplicationStats", "keyPolicy",
			"lastGeoFailoverTime", "sasPolicy", "secondaryEndpoints", "secondaryLocation", "statusOfSecondary",
		},
	}
	for _, k := range Cloud().Kinds {
		t.Run(k.Type, func(t *testing.T) {
			s := newSubscription(t)
			_, out := s.mustCreate(k.Type, "it", s.valid(k.Type))
			for _, v := range emulator.CheckOutputs(s.pkg.Resources[token(k.Type)], out) {
				nested := strings.ContainsAny(v.Path, ".[")
				if v.Breach == schema.Missing && !nested && !slices.Contains(absent[k.Type], v.Path) {
					t.Errorf("output %v", v)
				}
			}
		})
	}
}

func TestWrap(t *testing.T) {
	cases := map[string]struct {
		fault emulator.Fault
		want  string
	}{
		"bad request": {
			emulator.Fault{Code: codeReference, Message: `no "x"`}, `Status=400 Code="InvalidResourceReference" Message="no \"x\""`,
		},
		"not found": {
			emulator.Fault{Code: "ParentResourceNotFound", Message: "m"}, `Status=404 Code="ParentResourceNotFound" Message="m"`,
		},
		"busy":           {emulator.Fault{Code: codeBusy, Message: "m"}, `Status=429 Code="AnotherOperationInProgress" Message="m"`},
		"provider's own": {emulator.Fault{Code: codeExists, Message: "/id"}, "cannot create already existing resource '/id'"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if got := wrap(nil, &tc.fault); got != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
		})
	}
}
