package aws

import (
	"testing"

	"burrow/internal/inventory/awstype"
)

// dhcpSteps give the other VPC servers of somebody's own.
func dhcpSteps() []step {
	return []step{
		{"dhcp", awstype.VpcDhcpOptions, props{"domainName": "corp.example", "domainNameServers": []any{"10.1.0.53", "10.1.1.53"}, "netbiosNodeType": "2", "tags": tags("dhcp")}},
		{"dhcpOf2", awstype.VpcDhcpOptionsAssociation, props{"dhcpOptionsId": "=dhcp", "vpcId": "=vpc2"}},
	}
}

func dhcpRefusals() []refusal {
	five := []any{"10.1.0.1", "10.1.0.2", "10.1.0.3", "10.1.0.4", "10.1.0.5"}
	return []refusal{
		{"five name servers", "dhcp", onCreate, "PRO-14", "InvalidParameterValue", props{"domainNameServers": five}},
		{"five time servers", "dhcp", onCreate, "PRO-14", "InvalidParameterValue", props{"ntpServers": five}},
		{"NetBIOS node type", "dhcp", onCreate, "PRO-14", "InvalidParameterValue", props{"netbiosNodeType": "3"}},
		{"no such DHCP options", "dhcpOf2", onCreate, "PRO-14", "InvalidDhcpOptionID.NotFound", props{"dhcpOptionsId": "dopt-0123456789abcdef0"}},
		{"no such DHCP options any more", "dhcpOf2", onUpdate, "PRO-14", "InvalidDhcpOptionID.NotFound", props{"dhcpOptionsId": "dopt-0123456789abcdef0"}},
	}
}

// A VPC begins with the region's set, has the one that it is given, also after a
// change of its own, and none when that one goes.
func TestDhcpOptionsOfVpc(t *testing.T) {
	e := part(t, "vpc2", "vpc3")
	of := func(name string) string {
		t.Helper()
		made := e.made[name]
		_, out := e.read(awstype.Vpc, name, made.id, made.in, made.out)
		return out.Str("dhcpOptionsId")
	}
	regions := e.made["vpc2"].out.Str("dhcpOptionsId")
	if regions == "" || regions != e.made["vpc3"].out.Str("dhcpOptionsId") {
		t.Errorf("the VPCs begin with %q and %q, want the same", regions, e.made["vpc3"].out.Str("dhcpOptionsId"))
	}
	set := e.make(changed("dhcp", nil))
	link := e.make(changed("dhcpOf2", nil))
	if got := of("vpc2"); got != set.id {
		t.Errorf("the VPC has %s, want %s", got, set.id)
	}
	vpc := e.made["vpc2"]
	if _, err := e.update(awstype.Vpc, "vpc2", vpc.id, vpc.in, vpc.in.With(props{"tags": tags("renamed")})); err != nil {
		t.Fatal(err)
	}
	if got, other := of("vpc2"), of("vpc3"); got != set.id || other != regions {
		t.Errorf("after a change the VPC has %s and another %s, want %s and %s", got, other, set.id, regions)
	}
	if err := e.delete(awstype.VpcDhcpOptionsAssociation, "dhcpOf2", link.id); err != nil {
		t.Fatal(err)
	}
	if got := of("vpc2"); got != noDhcpSet {
		t.Errorf("without the association the VPC has %s", got)
	}
	e.make(step{"back", awstype.VpcDhcpOptionsAssociation, props{"dhcpOptionsId": regions, "vpcId": "=vpc2"}})
	if got := of("vpc2"); got != regions {
		t.Errorf("given the region's set the VPC has %s, want %s", got, regions)
	}
	e.make(step{"again", awstype.VpcDhcpOptionsAssociation, props{"dhcpOptionsId": "=dhcp", "vpcId": "=vpc3"}})
	if err := e.delete(awstype.VpcDhcpOptions, "dhcp", set.id); err != nil {
		t.Fatal(err)
	}
	if got := of("vpc3"); got != noDhcpSet {
		t.Errorf("without its set the VPC has %s", got)
	}
	if err := e.delete(awstype.Vpc, "vpc2", vpc.id); err != nil {
		t.Fatal(err)
	}
	if left := e.objects(awstype.VpcDhcpOptionsAssociation); len(left) > 0 {
		t.Errorf("%s is left", left[0].ID)
	}
}
