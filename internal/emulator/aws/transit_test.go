package aws

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"

	"burrow/internal/emulator"
	"burrow/internal/inventory/awstype"
)

// has reports whether the world holds an object.
func (e *estate) has(typ, id string) bool {
	e.t.Helper()
	for _, o := range e.objects(typ) {
		if o.ID == id {
			return true
		}
	}
	return false
}

// becomes updates a thing of the estate; nil takes away.
func (e *estate) becomes(name string, set props) thing {
	e.t.Helper()
	made := e.made[name]
	in := made.in.Clone()
	for path, v := range set {
		if v == nil {
			in.Del(path)
		} else {
			in.Set(path, e.resolved(props{"": v}.Clone()[""]))
		}
	}
	out, err := e.update(made.typ, made.name, made.id, made.in, in)
	if err != nil {
		e.t.Fatalf("update %s: %v", name, err)
	}
	made.in, made.out = in, out
	e.made[name] = made
	return made
}

// gone reports whether a refresh finds nothing any more.
func (e *estate) gone(name string) bool {
	e.t.Helper()
	made := e.made[name]
	res, err := e.rpc.Read(e.t.Context(), &pulumirpc.ReadRequest{
		Urn: urn(made.typ, made.name), Id: made.id, Inputs: e.wire(made.in), Properties: e.wire(made.out),
	})
	if err != nil {
		e.t.Fatal(err)
	}
	return res.GetId() == ""
}

// AWV-28: a connection that gets another gateway keeps its tunnels; its attachment
// comes and goes, and takes what hangs on it along.
func TestConnectionMoves(t *testing.T) {
	e := part(t, "vpc", "vgw", "vgwIn", "cgw0", "vpn0", "tgwOn", "tgwOnTable")
	before := e.made["vpn0"].out
	if a := before.Str("transitGatewayAttachmentId"); a != "" {
		t.Errorf("an attachment %s without a transit gateway", a)
	}
	moved := e.becomes("vpn0", props{"vpnGatewayId": nil, "transitGatewayId": "=tgwOn"}).out
	for _, p := range []string{"tunnel1Address", "tunnel2Address", "tunnel1PresharedKey", "tunnel2PresharedKey", "tunnel1InsideCidr"} {
		if moved.Str(p) != before.Str(p) || moved.Str(p) == "" {
			t.Errorf("%s changes from %q to %q", p, before.Str(p), moved.Str(p))
		}
	}
	if asn := moved.Str("tunnel1BgpAsn"); asn != "4200000000" {
		t.Errorf("ASN %s, want the transit gateway's", asn)
	}
	attachment, table := moved.Str("transitGatewayAttachmentId"), e.value("tgwOn.associationDefaultRouteTableId")
	for _, typ := range []string{awstype.TransitRouteTableAssociation, awstype.TransitRouteTablePropagation} {
		if !e.has(typ, table+"_"+attachment) {
			t.Errorf("no %s with the default table", typ)
		}
	}
	e.make(step{"learn", awstype.TransitRouteTablePropagation, props{"transitGatewayRouteTableId": "=tgwOnTable", "transitGatewayAttachmentId": attachment}})
	e.make(step{"way", awstype.TransitRoute, props{"transitGatewayRouteTableId": "=tgwOnTable", "transitGatewayAttachmentId": attachment, "destinationCidrBlock": "10.10.0.0/16"}})
	if again := e.becomes("vpn0", props{"tunnel1PresharedKey": "another_key.1"}).out; again.Str("transitGatewayAttachmentId") != attachment {
		t.Error("a new key gives a new attachment")
	}

	back := e.becomes("vpn0", props{"vpnGatewayId": "=vgw", "transitGatewayId": nil}).out
	if a := back.Str("transitGatewayAttachmentId"); a != "" {
		t.Errorf("the attachment %s stays", a)
	}
	if left := e.objects(awstype.TransitRouteTableAssociation, awstype.TransitRouteTablePropagation); len(left) > 0 {
		t.Errorf("left over: %v", left)
	}
	if !e.gone("learn") {
		t.Error("a refresh still finds the propagation of an attachment that is gone")
	}
	way := e.made["way"]
	in, out := e.read(way.typ, way.name, way.id, way.in, way.out)
	if !out.Bool("blackhole") || in.Str("transitGatewayAttachmentId") != "" {
		t.Errorf("a refresh of the route finds %v, want a black hole", out)
	}
	if third := e.becomes("vpn0", props{"vpnGatewayId": nil, "transitGatewayId": "=tgwOn"}).out.Str("transitGatewayAttachmentId"); third == attachment || third == "" {
		t.Errorf("the second attachment is %q, the first was %q", third, attachment)
	}
	vpn := e.made["vpn0"]
	if err := e.delete(vpn.typ, vpn.name, vpn.id); err != nil {
		t.Fatal(err)
	}
	if left := e.objects(awstype.TransitRouteTableAssociation, awstype.TransitRouteTablePropagation); len(left) > 0 {
		t.Errorf("left over after the delete: %v", left)
	}
}

// AWV-28: one change of a connection at a time.
func TestConnectionIsBusyWhileItChanges(t *testing.T) {
	entered, leave := make(chan struct{}), make(chan struct{})
	var hold atomic.Bool
	world, err := emulator.Open(filepath.Join(t.TempDir(), "world.db"), emulator.Options{Wait: func(context.Context, time.Duration) {
		if hold.CompareAndSwap(true, false) {
			close(entered)
			<-leave
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	e := &estate{lab: serveWorld(t, world), made: map[string]thing{}}
	for _, s := range []step{changed("vgw", nil), changed("cgw0", nil), changed("cgw1", nil), changed("vpn0", nil), changed("vpn1", nil)} {
		e.make(s)
	}
	set := func(name string) error {
		vpn := e.made[name]
		_, err := e.update(vpn.typ, vpn.name, vpn.id, vpn.in, vpn.in.With(props{"tunnel1DpdTimeoutSeconds": 60}))
		return err
	}
	hold.Store(true)
	first := make(chan error)
	go func() { first <- set("vpn0") }()
	<-entered
	refused(t, set("vpn0"), "IncorrectState", "busy")
	if err := set("vpn1"); err != nil {
		t.Errorf("a change of another connection: %v", err)
	}
	close(leave)
	if err := <-first; err != nil {
		t.Errorf("the first change: %v", err)
	}
	if err := set("vpn0"); err != nil {
		t.Errorf("a change afterwards: %v", err)
	}
}

// AWV-38: what a new attachment is associated with, and what the provider's two
// switches do about it.
func TestDefaultAssociation(t *testing.T) {
	const associated, propagated = "transitGatewayDefaultRouteTableAssociation", "transitGatewayDefaultRouteTablePropagation"
	for _, c := range []struct {
		gateway, attachment props
		associated          bool
		propagated          bool
	}{
		{props{}, props{}, true, true},
		{props{}, props{associated: false}, false, true},
		{props{}, props{propagated: false}, true, false},
		{props{"defaultRouteTableAssociation": "disable"}, props{}, false, true},
		{props{"defaultRouteTableAssociation": "disable", "defaultRouteTablePropagation": "disable"}, props{}, false, false},
		{props{"defaultRouteTablePropagation": "disable"}, props{associated: true}, true, false},
	} {
		e := part(t, "vpc2", "other1")
		gateway := e.make(step{"gateway", awstype.TransitGateway, c.gateway})
		in := e.make(step{"in", awstype.TransitVpcAttachment, props{"transitGatewayId": "=gateway", "vpcId": "=vpc2", "subnetIds": []any{"=other1"}}.With(c.attachment)})
		if in.out.Bool(associated) != c.associated || in.out.Bool(propagated) != c.propagated {
			t.Errorf("%v %v: associated %t, propagated %t", c.gateway, c.attachment, in.out.Bool(associated), in.out.Bool(propagated))
		}
		if n := len(e.objects(awstype.TransitRouteTableAssociation)); (n == 1) != c.associated {
			t.Errorf("%v %v: %d associations", c.gateway, c.attachment, n)
		}
		if got := gateway.out.Str("associationDefaultRouteTableId") != ""; got != (c.gateway.Str("defaultRouteTableAssociation") != "disable") {
			t.Errorf("%v: a default table: %t", c.gateway, got)
		}
	}
	e := part(t, "vpc3", "sub3", "tgwOn", "tgwOnTable", "tgwOnIn", "tgwOnLink")
	if in := e.becomes("tgwOnIn", props{propagated: false}); in.out.Bool(propagated) || len(e.objects(awstype.TransitRouteTablePropagation)) > 0 {
		t.Errorf("still propagated: %v", in.out)
	}
	if in := e.becomes("tgwOnIn", props{propagated: true}); !in.out.Bool(propagated) || len(e.objects(awstype.TransitRouteTablePropagation)) != 1 {
		t.Errorf("not propagated again: %v", in.out)
	}
}

// The provider can take the old association away first; whoever declared that one
// finds it gone.
func TestReplacingAnAssociation(t *testing.T) {
	e := part(t, "vpc3", "sub3", "tgwOn", "tgwOnTable", "tgwOnIn", "tgwOnLink")
	e.make(step{"second", awstype.TransitRouteTable, props{"transitGatewayId": "=tgwOn"}})
	other := step{"other", awstype.TransitRouteTableAssociation, props{"transitGatewayRouteTableId": "=second", "transitGatewayAttachmentId": "=tgwOnIn"}}
	refused(t, e.try(other), "Resource.AlreadyAssociated", "AWV-38")
	other.in["replaceExistingAssociation"] = true
	e.make(other)
	if !e.gone("tgwOnLink") || e.gone("other") {
		t.Error("the attachment does not have the second table alone")
	}
}

// A VPC's routes do not hold an attachment: they become black holes.
func TestRoutesOutliveAttachments(t *testing.T) {
	e := part(t, "vpc2", "other1", "vgw2", "otherTable", "tgw", "tgwIn", "tgwTable", "tgwAssociation", "toTgw")
	in, way := e.made["tgwIn"], e.made["toTgw"]
	state := func() string {
		_, out := e.read(way.typ, way.name, way.id, way.in, way.out)
		return out.Str("state")
	}
	if s := state(); s != "active" {
		t.Errorf("the route is %s", s)
	}
	if err := e.delete(in.typ, in.name, in.id); err != nil {
		t.Fatal(err)
	}
	if s := state(); s != "blackhole" {
		t.Errorf("the route is %s, want a black hole", s)
	}
	if !e.gone("tgwAssociation") {
		t.Error("the association outlives its attachment")
	}
}

// An attachment keeps an interface in each of its subnets, and gets more in place.
func TestAttachmentGrows(t *testing.T) {
	e := part(t, "vpc", "private1", "private2", "tgw")
	e.make(step{"in", awstype.TransitVpcAttachment, props{"transitGatewayId": "=tgw", "vpcId": "=vpc", "subnetIds": []any{"=private1"}}})
	subnet := e.made["private1"]
	refused(t, e.delete(subnet.typ, subnet.name, subnet.id), "DependencyViolation", "in use")
	if n := len(e.becomes("in", props{"subnetIds": []any{"=private2", "=private1"}}).out.List("subnetIds")); n != 2 {
		t.Errorf("%d subnets", n)
	}
}

// AWV-27: a static connection speaks no BGP, and a refresh shows its routes.
func TestStaticConnection(t *testing.T) {
	e := part(t, "vpc2", "vgw2", "cgw0", "static", "staticRoute")
	static := e.made["static"]
	if asn := static.out.Str("tunnel1BgpAsn"); asn != "" || static.out.Int("tunnel1BgpHoldtime") != 0 {
		t.Errorf("a static tunnel has the ASN %q", asn)
	}
	if text := static.out.Str("customerGatewayConfiguration"); strings.Contains(text, "<bgp>") {
		t.Errorf("the configuration has BGP: %s", text)
	}
	_, out := e.read(static.typ, static.name, static.id, static.in, static.out)
	if got := out.Str("routes[0].destinationCidrBlock"); got != "10.10.0.0/16" {
		t.Errorf("routes %v", out.List("routes"))
	}
	if err := e.delete(awstype.VpnConnectionRoute, "staticRoute", e.made["staticRoute"].id); err != nil {
		t.Fatal(err)
	}
	e.make(step{"gateway", awstype.TransitGateway, props{}})
	moved := e.becomes("static", props{"vpnGatewayId": nil, "transitGatewayId": "=gateway"})
	if moved.out.Str("transitGatewayAttachmentId") == "" || fmt.Sprint(moved.out["staticRoutesOnly"]) != "true" {
		t.Errorf("moved: %v", moved.out)
	}
}

// An endpoint that gets a subnet in front of its others keeps their interfaces.
func TestEndpointGrows(t *testing.T) {
	e := part(t, "vpc", "private1", "private2", "far", "group", "sts")
	address := func() string {
		for _, i := range enisOf(e.objects(awstype.VpcEndpoint)[0]) {
			if i.subnet == e.made["private1"].id {
				return i.address
			}
		}
		return ""
	}
	before, was := e.made["sts"].out.Str("networkInterfaceIds[0]"), address()
	after := e.becomes("sts", props{"subnetIds": []any{"=far", "=private1", "=private2"}}).out
	if got := after.Str("networkInterfaceIds[1]"); got != before || address() != was || was == "" {
		t.Errorf("the interface %s with %s becomes %s with %s", before, was, got, address())
	}
}
