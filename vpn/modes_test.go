package vpn

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"burrow/internal/inventory/awstype"
	"burrow/internal/inventory/azuretype"
	"burrow/internal/plan"
	"burrow/internal/sent"
)

func onTransit() plan.VPN {
	v := plan.Default().VPN
	v.AWSGateway = plan.TransitGateway
	return v
}

var modes = map[string]plan.VPN{
	"virtual private gateway": plan.Default().VPN, "transit gateway": onTransit(),
}

// What a connection brings moves in one piece, and at any moment one connection
// stands: the first, then the routes, then the second, whichever way the estate
// goes.
func TestConnectionsMoveOneByOne(t *testing.T) {
	for mode, v := range modes {
		t.Run(mode, func(t *testing.T) {
			log := record(t, v)
			first, second := log.Named(t, awstype.VpnConnection, "burrow-vpn-instance0"), log.Named(t, awstype.VpnConnection, "burrow-vpn-instance1")
			routes := log.Of(awstype.Route)
			if len(routes) != 2 {
				t.Fatalf("%d routes to Azure, want one for each of 2 tables", len(routes))
			}
			early := []sent.Resource{first}
			for _, typ := range []string{awstype.TransitRouteTableAssociation, awstype.TransitRouteTablePropagation} {
				for _, link := range log.Of(typ) {
					if strings.HasSuffix(link.Name, "instance0") {
						waits(t, link, first)
						early = append(early, link)
					}
				}
			}
			if want := map[string]int{"virtual private gateway": 1, "transit gateway": 3}[mode]; len(early) != want {
				t.Errorf("routes wait for %d things of the first connection, want %d", len(early), want)
			}
			for _, route := range routes {
				for _, before := range early {
					waits(t, route, before)
				}
				waits(t, second, route)
				if first.DependsOn(route) {
					t.Errorf("%s waits for %s: it has to move first", first.Name, route.Name)
				}
			}
			for _, before := range early {
				waits(t, second, before)
			}
		})
	}
}

func waits(t *testing.T, r, other sent.Resource) {
	t.Helper()
	if !r.DependsOn(other) {
		t.Errorf("%s does not wait for %s", r.Name, other.Name)
	}
}

// A switch changes the target of each route, in place: the same resource, with the
// same table and range (AWV-10).
func TestRoutesAreTheSameForBothGateways(t *testing.T) {
	virtual, transit := record(t, plan.Default().VPN).Of(awstype.Route), record(t, onTransit()).Of(awstype.Route)
	if len(virtual) != 2 || len(transit) != 2 {
		t.Fatalf("%d and %d routes, want 2 and 2", len(virtual), len(transit))
	}
	for i := range virtual {
		same(t, "name", virtual[i].Name, transit[i].Name)
		want := map[string]any{"routeTableId": []any{"rtb-1", "rtb-2"}[i], "destinationCidrBlock": "10.10.0.0/16"}
		want["gatewayId"] = "<burrow-vgw>"
		same(t, "route to the virtual private gateway", virtual[i].Inputs, want)
		delete(want, "gatewayId")
		want["transitGatewayId"] = "<burrow-tgw>"
		same(t, "route to the transit gateway", transit[i].Inputs, want)
	}
}

// Neither gateway takes routes or connections before the VPC is behind it (VPC-14,
// AWV-39), and the attachment goes after them.
func TestGatewayIsAttachedFirst(t *testing.T) {
	for attachmentType, v := range map[string]plan.VPN{awstype.VpnGatewayAttachment: plan.Default().VPN, awstype.TransitVpcAttachment: onTransit()} {
		log := record(t, v)
		attachment := log.One(t, attachmentType)
		for _, r := range append(log.Of(awstype.Route), log.Of(awstype.VpnConnection)...) {
			waits(t, r, attachment)
		}
	}
}

func TestTransitGateway(t *testing.T) {
	log := record(t, onTransit())
	gateway, table, vpc := log.One(t, awstype.TransitGateway), log.One(t, awstype.TransitRouteTable), log.One(t, awstype.TransitVpcAttachment)
	delete(gateway.Inputs, "tags")
	same(t, "gateway", gateway.Inputs, map[string]any{
		"description": "VPN tunnels to Azure", "amazonSideAsn": 64512.0, "vpnEcmpSupport": "enable", "dnsSupport": "enable",
		"defaultRouteTableAssociation": "disable", "defaultRouteTablePropagation": "disable",
		"autoAcceptSharedAttachments": "disable",
	})
	delete(vpc.Inputs, "tags")
	same(t, "attachment", vpc.Inputs, map[string]any{
		"transitGatewayId": "<burrow-tgw>", "vpcId": "vpc", "subnetIds": []any{"subnet-1", "subnet-2"}, "dnsSupport": "enable",
		"transitGatewayDefaultRouteTableAssociation": false, "transitGatewayDefaultRouteTablePropagation": false,
	})
	waits(t, vpc, log.Named(t, sent.StandInType, "vpc")) // its interfaces take any free address
	if flows := log.One(t, "aws:ec2/flowLog:FlowLog"); flows.Inputs["transitGatewayId"] != "<burrow-tgw>" || flows.Inputs["trafficType"] != nil {
		t.Errorf("the flow log is of %v", flows.Inputs)
	}
	for _, typ := range []string{awstype.VpnGateway, awstype.VpnGatewayAttachment, awstype.VpnGatewayRoutePropagation} {
		if others := log.Of(typ); len(others) != 0 {
			t.Errorf("there are %d of %s beside the transit gateway", len(others), typ)
		}
	}
	for _, c := range log.Of(awstype.VpnConnection) {
		if c.Inputs["transitGatewayId"] != "<burrow-tgw>" || c.Inputs["vpnGatewayId"] != nil {
			t.Errorf("%s ends at %v and %v (AWV-12)", c.Name, c.Inputs["transitGatewayId"], c.Inputs["vpnGatewayId"])
		}
		waits(t, c, table) // which is deleted after it, and what it had in there
	}
}

// The VPC and both connections use the one table, and tell it their routes.
func TestTransitGatewayTable(t *testing.T) {
	log := record(t, onTransit())
	want := []string{"attachment of burrow-vpn-instance0", "attachment of burrow-vpn-instance1", "<burrow-tgw-attachment>"}
	for _, typ := range []string{awstype.TransitRouteTableAssociation, awstype.TransitRouteTablePropagation} {
		links := log.Of(typ)
		if len(links) != len(want) {
			t.Fatalf("%d of %s, want %d", len(links), typ, len(want))
		}
		for i, link := range links {
			same(t, link.Name, link.Inputs, map[string]any{
				"transitGatewayRouteTableId": "<burrow-tgw-routes>", "transitGatewayAttachmentId": want[i],
			})
			ownAttachment := i < 2
			if link.Options.GetRetainOnDelete() != ownAttachment {
				t.Errorf("%s is kept on delete: %v. AWS deletes what belongs to a connection, and nothing else", link.Name, !ownAttachment)
			}
		}
	}
}

// A connection that is about to move is previewed without an attachment.
func TestPreviewOfAMove(t *testing.T) {
	for known, want := range map[string]any{"": nil, "tgw-attach-1": "tgw-attach-1"} {
		log := sent.Preview(t, func(r sent.Resource) map[string]any {
			out := invent(r)
			if r.Type == awstype.VpnConnection {
				out["transitGatewayAttachmentId"] = known
			}
			return out
		}, func(ctx *pulumi.Context) error {
			p := plan.Default()
			p.VPN = onTransit()
			_, err := newPair(ctx, p)
			return err
		})
		for _, link := range []sent.Resource{
			log.Named(t, awstype.TransitRouteTableAssociation, "burrow-tgw-association-instance0"),
			log.Named(t, awstype.TransitRouteTablePropagation, "burrow-tgw-propagation-instance0"),
		} {
			if got := link.Inputs["transitGatewayAttachmentId"]; got != want {
				t.Errorf("attachment %q makes %v of %s, want %v", known, got, link.Name, want)
			}
		}
	}
}

// With BGP nothing is static but the VPC's routes.
func TestBGPRouting(t *testing.T) {
	for _, v := range []plan.VPN{plan.Default().VPN, onTransit()} {
		log := record(t, v)
		if routes := log.Of(awstype.VpnConnectionRoute); len(routes) != 0 {
			t.Errorf("%d static routes of connections with BGP (AWV-27)", len(routes))
		}
		for _, c := range log.Of(awstype.VpnConnection) {
			same(t, c.Name, c.Inputs["staticRoutesOnly"], false)
		}
		for _, peer := range log.Of(azuretype.LocalNetworkGateway) {
			same(t, peer.Name, peer.Inputs["localNetworkAddressSpace"], nil)
		}
	}
}

func TestTunnelsLog(t *testing.T) {
	for mode, v := range modes {
		t.Run(mode, func(t *testing.T) {
			log := record(t, v)
			group := log.Named(t, awstype.LogGroup, "burrow-vpn-logs")
			same(t, "name", group.Inputs["name"], "/aws/vendedlogs/burrow-vpn")
			same(t, "key", group.Inputs["kmsKeyId"], "key")
			want := map[string]any{"cloudwatchLogOptions": map[string]any{
				"logEnabled": true, "logGroupArn": "arn of burrow-vpn-logs", "logOutputFormat": "json",
			}}
			for _, c := range log.Of(awstype.VpnConnection) {
				same(t, c.Name, c.Inputs["tunnel1LogOptions"], want)
				same(t, c.Name, c.Inputs["tunnel2LogOptions"], want)
			}
		})
	}
}

// Azure has no other generation for a gateway that exists (AVG-05); other sizes it
// has.
func TestGenerationReplacesTheGateway(t *testing.T) {
	gateway := record(t, plan.Default().VPN).One(t, azuretype.VirtualNetworkGateway)
	same(t, "replaced for", gateway.Options.GetReplaceOnChanges(), []string{"vpnGatewayGeneration"})
}

// AWS gives a transit gateway with VPN attachments no other ASN, and the provider
// would ask it to.
func TestASNReplacesTheTransitGateway(t *testing.T) {
	v := plan.Default().VPN
	v.AWSGateway = plan.TransitGateway
	same(t, "replaced for", record(t, v).One(t, awstype.TransitGateway).Options.GetReplaceOnChanges(), []string{"amazonSideAsn"})
}

// Gateways are protected, each of them and nothing else.
func TestProtect(t *testing.T) {
	for mode, want := range map[plan.AWSGateway][]string{
		plan.VirtualPrivateGateway: {awstype.VpnGateway, azuretype.VirtualNetworkGateway}, plan.TransitGateway: {awstype.TransitGateway, azuretype.VirtualNetworkGateway},
	} {
		for _, protect := range []bool{true, false} {
			p := plan.Default()
			p.VPN.AWSGateway, p.Estate.Protect = mode, protect
			log := sent.Record(t, invent, func(ctx *pulumi.Context) error {
				_, err := newPair(ctx, p)
				return err
			})
			var protected []string
			for _, r := range log.All() {
				if r.Options.GetProtect() {
					protected = append(protected, r.Type)
				}
			}
			slices.Sort(protected)
			if expected := map[bool][]string{true: want}[protect]; !slices.Equal(protected, expected) {
				t.Errorf("%s, protect %v: protected are %v, want %v", mode, protect, protected, expected)
			}
		}
	}
}

// What others watch the pair by.
func TestWhatAPairTells(t *testing.T) {
	for mode, v := range modes {
		t.Run(mode, func(t *testing.T) {
			log := sent.Record(t, invent, func(ctx *pulumi.Context) error {
				p := plan.Default()
				p.VPN, p.Estate.Suffix = v, "two"
				pair, err := newPair(ctx, p)
				if err != nil {
					return err
				}
				outputs := pulumi.Map{
					"0": pair.ConnectionIDs[0], "1": pair.ConnectionIDs[1], "gateway": pair.AzureGatewayID, "logs": pair.LogGroupName,
				}
				if v.OnTransit() {
					outputs["transit"] = pair.TransitGatewayID
				}
				same(t, "gateway's name", pair.AzureGatewayName, "burrow-vpn-gateway-two")
				same(t, "connections", slices.Sorted(maps.Values(pair.AzureConnectionNames)), []string{
					"burrow-to-aws-instance0-tunnel1-two", "burrow-to-aws-instance0-tunnel2-two",
					"burrow-to-aws-instance1-tunnel1-two", "burrow-to-aws-instance1-tunnel2-two",
				})
				same(t, "connection of a tunnel", pair.AzureConnectionNames["instance1-tunnel2"], "burrow-to-aws-instance1-tunnel2-two")
				var late pulumi.CustomResourceState
				return ctx.RegisterResource("test:index:Late", "late", outputs, &late, pulumi.DependsOn(pair.Connected))
			})
			late := log.One(t, "test:index:Late")
			want := map[string]any{
				"0": "<burrow-vpn-instance0>", "1": "<burrow-vpn-instance1>", "gateway": "<burrow-gateway>",
				"logs": "/aws/vendedlogs/burrow-vpn-two",
			}
			if v.OnTransit() {
				want["transit"] = "<burrow-tgw>"
			}
			same(t, "outputs", late.Inputs, want)
			connections := log.Of(azuretype.VirtualNetworkGatewayConnection)
			if len(connections) != 4 {
				t.Fatalf("%d connections, want 4", len(connections))
			}
			for _, c := range connections {
				waits(t, late, c)
			}
		})
	}
}
