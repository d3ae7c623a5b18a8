package aws

import (
	"fmt"
	"strings"
	"testing"

	"burrow/internal/emulator/schema"
	"burrow/internal/inventory"
)

// What a program asks about a VPC that it has not made.
func TestVpcFunctions(t *testing.T) {
	e := part(t, "vpc", "igw", "private1", "private2", "public1", "table1", "tableOf1", "vgw", "vgwIn", "vpc2", "igw2", "igw2In", "vgw2", "other1", "group", "s3", "sts", "dhcp", "dhcpOf2")
	pkg, err := schema.Load("aws")
	if err != nil {
		t.Fatal(err)
	}
	filter := func(name string, values ...any) props {
		return props{"filters": []any{props{"name": name, "values": values}}}
	}
	for _, c := range []struct {
		function  string
		args      props
		path      string
		want      string // "=name" is an id; a number of elements for a list
		complaint string
	}{
		{function: "getVpc", args: props{"id": "=vpc"}, path: "cidrBlock", want: "10.0.0.0/16"},
		{function: "getVpc", args: props{"id": "=vpc"}, path: "enableDnsHostnames", want: "true"},
		{function: "getVpc", args: props{"id": "=vpc"}, path: "mainRouteTableId", want: "=vpc.mainRouteTableId"},
		{function: "getVpc", args: props{"tags": props{"Name": "other"}}, path: "id", want: "=vpc2"},
		{function: "getVpc", args: props{"id": "vpc-0"}, complaint: "no matching EC2 VPC found"},
		{function: "getVpc", complaint: "multiple EC2 VPCs matched; use additional constraints to reduce matches to a single EC2 VPC"},
		{function: "getVpc", args: filter("colour", "red"), complaint: "InvalidParameterValue: The filter 'colour' is invalid"},
		{function: "getSubnets", args: filter("vpc-id", "=vpc"), path: "ids", want: "3"},
		{function: "getSubnets", args: filter("vpc-id", "=vpc").With(props{"tags": props{"Name": "private"}}), path: "ids", want: "2"},
		{function: "getSubnets", args: filter("tag:Name", "pri*"), path: "ids", want: "2"},
		{function: "getSubnets", args: filter("tag-key", "Project"), path: "ids", want: "3"},
		{function: "getSubnets", args: filter("vpc-id", "vpc-0"), path: "ids", want: "0"},
		{function: "getSubnet", args: props{"id": "=private2"}, path: "availabilityZone", want: "eu-west-2b"},
		{function: "getSubnet", args: props{"id": "=private2"}, path: "vpcId", want: "=vpc"},
		{function: "getSubnet", args: props{"id": "=private2"}, path: "availableIpAddressCount", want: "251"},
		{function: "getSubnet", args: props{"vpcId": "=vpc2"}, path: "id", want: "=other1"},
		{function: "getSubnet", args: props{"id": "subnet-0"}, complaint: "no matching EC2 Subnet found"},
		{function: "getInternetGateway", args: props{"internetGatewayId": "=igw"}, path: "attachments[0].vpcId", want: "=vpc"},
		{function: "getInternetGateway", args: filter("attachment.vpc-id", "=vpc2"), path: "internetGatewayId", want: "=igw2"},
		{function: "getInternetGateway", args: filter("attachment.vpc-id", "vpc-0"), complaint: "no matching EC2 Internet Gateway found"},
		{function: "getInternetGateway", complaint: "One of internet_gateway_id or filter or tags must be assigned"},
		{function: "getVpnGateway", args: props{"attachedVpcId": "=vpc"}, path: "id", want: "=vgw"},
		{function: "getVpnGateway", args: props{"attachedVpcId": "=vpc2"}, path: "amazonSideAsn", want: "64512"},
		{function: "getVpnGateway", args: props{"id": "=vgw"}, path: "attachedVpcId", want: "=vpc"},
		{function: "getVpnGateway", args: props{"attachedVpcId": "vpc-0"}, complaint: "no matching EC2 VPN Gateway found"},
		{function: "getRouteTables", args: props{"vpcId": "=vpc"}, path: "ids", want: "2"},
		{function: "getRouteTables", args: filter("association.subnet-id", "=private1"), path: "ids[0]", want: "=table1"},
		{function: "getRouteTables", args: filter("association.main", "true"), path: "ids", want: "2"},
		{function: "getVpc", args: props{"id": "=vpc2"}, path: "dhcpOptionsId", want: "=dhcp"},
		{function: "getVpcDhcpOptions", args: props{"dhcpOptionsId": "=dhcp"}, path: "domainNameServers[0]", want: "10.1.0.53"},
		{function: "getVpcDhcpOptions", args: props{"dhcpOptionsId": "=dhcp", "tags": props{"Name": "nobody's"}}, path: "tags.Name", want: "dhcp"},
		{function: "getVpcDhcpOptions", args: props{"dhcpOptionsId": "=vpc.dhcpOptionsId"}, path: "domainNameServers[0]", want: "AmazonProvidedDNS"},
		{function: "getVpcDhcpOptions", args: props{"dhcpOptionsId": "=vpc.dhcpOptionsId"}, path: "domainName", want: "eu-west-2.compute.internal"},
		{function: "getVpcDhcpOptions", args: filter("tag:Name", "dhcp"), path: "id", want: "=dhcp"},
		{function: "getVpcDhcpOptions", args: props{"dhcpOptionsId": "dopt-0"}, complaint: "no matching EC2 DHCP Options Set found"},
		{function: "getVpcDhcpOptions", complaint: "multiple EC2 DHCP Options Sets matched; use additional constraints to reduce matches to a single EC2 DHCP Options Set"},
		{function: "getVpcEndpoint", args: props{"vpcId": "=vpc", "serviceName": "com.amazonaws.eu-west-2.sts"}, path: "id", want: "=sts"},
		{function: "getVpcEndpoint", args: props{"id": "=sts"}, path: "privateDnsEnabled", want: "true"},
		{function: "getVpcEndpoint", args: props{"id": "=sts"}, path: "dnsOptions[0].dnsRecordIpType", want: "ipv4"},
		{function: "getVpcEndpoint", args: filter("vpc-endpoint-type", "Gateway"), path: "routeTableIds[0]", want: "=table1"},
		{function: "getVpcEndpoint", args: props{"tags": props{"Name": "s3"}}, path: "prefixListId", want: "=s3.prefixListId"},
		{function: "getVpcEndpoint", args: props{"vpcId": "=vpc2", "serviceName": "com.amazonaws.eu-west-2.sts"}, complaint: "no matching EC2 VPC Endpoint found"},
		{function: "getVpcEndpoint", args: props{"id": "=sts", "state": "deleting"}, complaint: "no matching EC2 VPC Endpoint found"},
		{function: "getVpcEndpoint", args: props{"vpcId": "=vpc"}, complaint: "multiple EC2 VPC Endpoints matched; use additional constraints to reduce matches to a single EC2 VPC Endpoint"},
		{function: "getVpcEndpoint", args: filter("colour", "red"), complaint: "InvalidParameterValue: The filter 'colour' is invalid"},
	} {
		token := fmt.Sprintf("aws:ec2/%[1]s:%[1]s", c.function)
		out, err := e.invoke(token, e.resolve(c.args))
		if c.complaint != "" {
			if err == nil || !strings.Contains(err.Error(), c.complaint) {
				t.Errorf("%s %v: %v, want %s", c.function, c.args, err, c.complaint)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s %v: %v", c.function, c.args, err)
			continue
		}
		want := fmt.Sprint(e.resolved(c.want))
		got, _ := out.Get(c.path)
		if list, ok := got.([]any); ok {
			got = len(list)
		}
		if fmt.Sprint(got) != want {
			t.Errorf("%s %v: %s is %v, want %s", c.function, c.args, c.path, got, want)
		}
		checkResult(t, pkg.Functions[token], out)
	}
}

// checkResult compares an answer with the schema of its function.
func checkResult(t *testing.T, f *schema.Function, out props) {
	t.Helper()
	for name, p := range f.Result {
		if _, ok := out[name]; p.Required && !ok {
			t.Errorf("%s answers no %s", f.Token, name)
		}
	}
	result := &schema.Object{Name: f.Token, Properties: f.Result}
	for _, v := range result.Check(out, func(v any) bool { _, unknown := v.(inventory.Unknown); return unknown }) {
		t.Errorf("%s: %v", f.Token, v)
	}
}
