package network

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	azurenative "github.com/pulumi/pulumi-azure-native-sdk/v2"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"burrow/internal/plan"
)

// clouds answer for networks that exist: by the function's token and what it asks
// for.
type clouds struct {
	vpc, dhcp, gateway, vgw, vnet map[string]any
	subnets                       map[string]map[string]any   // of the VPC, by id
	endpoints                     map[string][]map[string]any // of the VPC, by service
	failure                       error                       // of every question
	asked                         map[string]string           // the provider, by token
}

// answer is what the providers find.
func (c *clouds) answer(token string, args map[string]any) (map[string]any, error) {
	switch token {
	case "aws:ec2/getVpc:getVpc":
		return found("EC2 VPC", c.vpc, args["id"] == otherVPC)
	case "aws:ec2/getVpcDhcpOptions:getVpcDhcpOptions":
		return found("EC2 DHCP Options Set", c.dhcp, args["dhcpOptionsId"] == "dopt-1")
	case "aws:ec2/getVpcEndpoint:getVpcEndpoint":
		return c.endpoint(args)
	case "aws:ec2/getSubnets:getSubnets":
		filters := fmt.Sprint(args["filters"])
		if !strings.Contains(filters, "vpc-id") || !strings.Contains(filters, otherVPC) {
			return nil, fmt.Errorf("subnets of all VPCs were asked for: %s", filters)
		}
		var ids []any
		for id := range c.subnets {
			ids = append(ids, id)
		}
		return map[string]any{"ids": ids}, nil
	case "aws:ec2/getSubnet:getSubnet":
		return found("EC2 Subnet", c.subnets[fmt.Sprint(args["id"])], true)
	case "aws:ec2/getInternetGateway:getInternetGateway":
		return found("EC2 Internet Gateway", c.gateway, args["internetGatewayId"] == otherIGW)
	case "aws:ec2/getVpnGateway:getVpnGateway":
		return found("EC2 VPN Gateway", c.vgw, args["attachedVpcId"] == otherVPC)
	case "azure-native:network:getVirtualNetwork":
		if c.vnet == nil || args["resourceGroupName"] != otherGroup || args["virtualNetworkName"] != "vnet-hub" {
			return nil, fmt.Errorf(`getting resource: Status=404 Code="ResourceNotFound" Message="The Resource %v was not found."`, args["virtualNetworkName"])
		}
		return c.vnet, nil
	}
	return nil, fmt.Errorf("unexpected call of %s", token)
}

// endpoint is the only one of a service, by its tags too.
func (c *clouds) endpoint(args map[string]any) (map[string]any, error) {
	list := slices.Clone(c.endpoints[fmt.Sprint(args["serviceName"])])
	if tags, ok := args["tags"].(map[string]any); ok {
		list = slices.DeleteFunc(list, func(e map[string]any) bool { return !reflect.DeepEqual(e["tags"], tags) })
	}
	if len(list) > 1 {
		return nil, errors.New("multiple EC2 VPC Endpoints matched; use additional constraints to reduce matches to a single EC2 VPC Endpoint")
	}
	return found("EC2 VPC Endpoint", append(list, nil)[0], args["vpcId"] == otherVPC)
}

// addEndpoint gives the VPC an interface endpoint of a service.
func (c *clouds) addEndpoint(service string, privateDNS bool, tags map[string]any) map[string]any {
	full := "com.amazonaws.eu-west-2." + service
	endpoint := map[string]any{
		"id": fmt.Sprintf("vpce-%s-%d", service, len(c.endpoints[full])+1), "serviceName": full,
		"privateDnsEnabled": privateDNS, "state": "available", "tags": tags,
	}
	c.endpoints[full] = append(c.endpoints[full], endpoint)
	return endpoint
}

// found is the AWS provider's answer.
func found(noun string, what map[string]any, asked bool) (map[string]any, error) {
	if what == nil || !asked {
		return nil, fmt.Errorf("no matching %s found", noun)
	}
	return what, nil
}

func (c *clouds) Call(args pulumi.MockCallArgs) (resource.PropertyMap, error) {
	c.asked[args.Token] = args.Provider
	if c.failure != nil {
		return nil, c.failure
	}
	answer, err := c.answer(args.Token, args.Args.Mappable())
	return resource.NewPropertyMapFromMap(answer), err
}

func (c *clouds) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	if !strings.HasPrefix(args.TypeToken, "pulumi:providers:") {
		return "", nil, fmt.Errorf("%s was registered", args.Name)
	}
	return "<" + args.Name + ">", args.Inputs, nil
}

// check is what CheckExisting says, asking providers of its own.
func (c *clouds) check(t *testing.T, p *plan.Plan) (result error) {
	t.Helper()
	c.asked = map[string]string{}
	err := pulumi.RunErr(func(ctx *pulumi.Context) error {
		args := ExistingArgs{Estate: p.Estate, Network: p.Network, VPN: p.VPN}
		var err error
		if args.AWS, err = aws.NewProvider(ctx, "ours-aws", &aws.ProviderArgs{}); err != nil {
			return err
		}
		if args.Azure, err = azurenative.NewProvider(ctx, "ours-azure", &azurenative.ProviderArgs{}); err != nil {
			return err
		}
		result = CheckExisting(ctx, args)
		return nil
	}, pulumi.WithMocks("burrow", "test", c))
	if err != nil {
		t.Fatalf("the program failed: %v", err)
	}
	return result
}

// goodClouds are networks that will do, with subnets of other people.
func goodClouds() *clouds {
	return &clouds{
		vpc: map[string]any{
			"id": otherVPC, "state": "available", "cidrBlock": "10.0.0.0/16", "dhcpOptionsId": "dopt-1", "enableDnsSupport": true, "enableDnsHostnames": true,
			"cidrBlockAssociations": []any{
				association("10.0.0.0/16", "associated"), association("100.64.0.0/16", "disassociated"),
			},
		},
		dhcp:      map[string]any{"id": "dopt-1", "domainNameServers": []any{"AmazonProvidedDNS"}},
		endpoints: map[string][]map[string]any{},
		subnets: map[string]map[string]any{
			"subnet-runners": {"cidrBlock": "10.0.8.0/24", "tags": map[string]any{"Name": "runners"}},
			"subnet-ipv6":    {"cidrBlock": "", "tags": map[string]any{}},
		},
		gateway: map[string]any{"id": otherIGW, "attachments": []any{map[string]any{"vpcId": otherVPC, "state": "available"}}},
		vnet: map[string]any{
			"id": otherVNet, "name": "vnet-hub", "location": "uksouth",
			"addressSpace": map[string]any{"addressPrefixes": []any{"10.10.0.0/16"}},
			"dhcpOptions":  map[string]any{"dnsServers": []any{}},
			"subnets":      []any{azureSubnet("apps", "10.10.9.0/24", nil)},
			"virtualNetworkPeerings": []any{
				map[string]any{"name": "to-spoke", "useRemoteGateways": false},
			},
		},
	}
}

func association(cidr, state string) map[string]any {
	return map[string]any{"associationId": "vpc-cidr-assoc-" + cidr, "cidrBlock": cidr, "state": state}
}

func azureSubnet(name, cidr string, more map[string]any) map[string]any {
	subnet := map[string]any{"name": name, "addressPrefix": cidr}
	maps.Copy(subnet, more)
	return subnet
}

// hung is what hangs on a subnet, in that group.
func hung(property, group, thing string) map[string]any {
	id := map[string]any{"id": "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/" + group + "/providers/Microsoft.Network/" + thing}
	if property == "ipConfigurations" {
		return map[string]any{property: []any{id}}
	}
	return map[string]any{property: id}
}

func ourTags(name string) map[string]any {
	return map[string]any{"ManagedBy": "burrow", "Name": name}
}

func (c *clouds) addSubnet(id, cidr string, tags map[string]any) {
	c.subnets[id] = map[string]any{"cidrBlock": cidr, "tags": tags}
}

func (c *clouds) addToVNet(subnets ...any) {
	c.vnet["subnets"] = append(c.vnet["subnets"].([]any), subnets...)
}

func TestExistingWillDo(t *testing.T) {
	transit := func(p *plan.Plan) { p.VPN.AWSGateway = plan.TransitGateway }
	for name, tc := range map[string]struct {
		change func(*clouds)
		plan   []func(*plan.Plan)
	}{
		"before the first run": {func(*clouds) {}, nil},
		"with endpoints":       {func(c *clouds) { c.gateway = nil }, []func(*plan.Plan){modes["existing, with endpoints"]}},
		"with endpoints, where public subnets would be": {
			func(c *clouds) { c.addSubnet("subnet-other", "10.0.101.0/24", nil) }, []func(*plan.Plan){modes["existing, with endpoints"]},
		},
		"endpoints of somebody, and ours without": {func(c *clouds) { c.addEndpoint("sts", true, nil) }, nil},
		"an endpoint of somebody without private DNS": {
			func(c *clouds) { c.addEndpoint("sts", false, nil) }, []func(*plan.Plan){modes["existing, with endpoints"]},
		},
		"an endpoint of somebody that is deleted": {
			func(c *clouds) { c.addEndpoint("sts", true, nil)["state"] = "deleted" }, []func(*plan.Plan){modes["existing, with endpoints"]},
		},
		"our endpoints": {func(c *clouds) {
			c.addEndpoint("sts", true, ourTags("burrow-sts"))
			c.addEndpoint("ecr.api", true, ourTags("burrow-ecr-api"))
		}, []func(*plan.Plan){modes["existing, with endpoints"]}},
		"our endpoint beside somebody's": {func(c *clouds) {
			c.addEndpoint("sts", true, ourTags("burrow-sts"))
			c.addEndpoint("sts", false, nil)
		}, []func(*plan.Plan){modes["existing, with endpoints"]}},
		"several endpoints of somebody, which cannot be told apart": {func(c *clouds) {
			c.addEndpoint("sts", false, nil)
			c.addEndpoint("sts", false, nil)
		}, []func(*plan.Plan){modes["existing, with endpoints"]}},
		"another virtual private gateway beside a transit gateway": {
			func(c *clouds) { c.vgw = map[string]any{"id": "vgw-1", "tags": map[string]any{}} }, []func(*plan.Plan){transit},
		},
		"after a run": {func(c *clouds) {
			c.addSubnet("subnet-1", "10.0.1.0/24", ourTags("eks-private-subnet-az1"))
			c.addSubnet("subnet-2", "10.0.101.0/24", ourTags("eks-public-subnet-az1"))
			c.addSubnet("subnet-3", "10.0.2.128/25", ourTags("eks-private-subnet-az3")) // of a zone that the plan had
			c.vgw = map[string]any{"id": "vgw-1", "tags": ourTags("burrow-vgw")}
			c.addToVNet(
				azureSubnet("aks-subnet", "10.10.1.0/24", hung("routeTable", "rg-aks-bunny", "routeTables/aks-subnet-routes")),
				azureSubnet("GatewaySubnet", "10.10.2.0/27", hung("ipConfigurations", "RG-AKS-BUNNY", "virtualNetworkGateways/burrow-vpn-gateway/ipConfigurations/0")),
				azureSubnet("dns-inbound-subnet", "10.10.3.0/28", hung("networkSecurityGroup", "rg-aks-bunny", "networkSecurityGroups/dns-inbound-subnet-nsg")),
			)
		}, nil},
		"after a run that broke off before the gateway": {func(c *clouds) {
			c.addToVNet(azureSubnet("GatewaySubnet", "10.10.2.0/27", nil))
		}, nil},
		"room for a resolver that nobody made": {func(c *clouds) {
			free := azureSubnet("dns", "10.10.30.0/28", nil)
			free["delegations"] = []any{map[string]any{"name": "dns", "serviceName": "Microsoft.Network/dnsResolvers"}}
			c.addToVNet(free)
		}, nil},
		"ranges in a list, a location in words": {func(c *clouds) {
			c.vnet["location"] = "UK South"
			c.addToVNet(map[string]any{"name": "two", "addressPrefixes": []any{"10.10.20.0/24", "10.10.21.0/24"}})
		}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			c := goodClouds()
			tc.change(c)
			if err := c.check(t, inMode(append([]func(*plan.Plan){inExisting}, tc.plan...)...)); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestExistingWillNotDo(t *testing.T) {
	for name, tc := range map[string]struct {
		change           func(*clouds)
		key, why, remedy string
	}{
		"no such VPC":     {func(c *clouds) { c.vpc = nil }, vpcKey, "no such VPC in eu-west-2", "leave it empty"},
		"VPC in the make": {func(c *clouds) { c.vpc["state"] = "pending" }, vpcKey, "pending", "wait"},
		"another range": {func(c *clouds) {
			c.vpc["cidrBlock"], c.vpc["cidrBlockAssociations"] = "10.0.0.0/20", []any{association("10.0.0.0/20", "associated")}
		}, "network.aws.cidr", "is 10.0.0.0/20", "write 10.0.0.0/20"},
		"a further range": {
			func(c *clouds) {
				c.vpc["cidrBlockAssociations"] = []any{association("10.0.0.0/16", "associated"), association("100.64.0.0/16", "associating")}
			}, vpcKey, "a further range, 100.64.0.0/16", "disassociate-vpc-cidr-block --region eu-west-2 --association-id vpc-cidr-assoc-100.64.0.0/16",
		},
		"no DNS":       {func(c *clouds) { c.vpc["enableDnsSupport"] = false }, vpcKey, "enableDnsSupport of the VPC is off", "--enable-dns-support '{\"Value\":true}'"},
		"no hostnames": {func(c *clouds) { c.vpc["enableDnsHostnames"] = false }, vpcKey, "VPC-08", "--vpc-id " + otherVPC + " --enable-dns-hostnames '{\"Value\":true}'"},
		"servers of somebody": {
			func(c *clouds) { c.dhcp["domainNameServers"] = []any{"10.0.8.53", "AmazonProvidedDNS"} },
			vpcKey, "dopt-1 name the DNS servers 10.0.8.53, AmazonProvidedDNS: ", "associate-dhcp-options --region eu-west-2 --vpc-id " + otherVPC,
		},
		"DHCP options without servers": {func(c *clouds) { c.dhcp["domainNameServers"] = []any{} }, vpcKey, "dopt-1 name no DNS servers", "AmazonProvidedDNS"},
		"no DHCP options":              {func(c *clouds) { c.vpc["dhcpOptionsId"] = "default" }, vpcKey, "EKS-08", "AmazonProvidedDNS"},
		"a subnet in the private range": {
			func(c *clouds) { c.addSubnet("subnet-other", "10.0.2.128/25", nil) }, "network.aws.zones[1].private", "subnet-other of " + otherVPC + " has 10.0.2.128/25", "free",
		},
		"a subnet in the public range": {
			func(c *clouds) { c.addSubnet("subnet-other", "10.0.101.0/28", nil) }, "network.aws.zones[0].public", "VPC-04", "free",
		},
		"a subnet of another estate": {
			func(c *clouds) { c.addSubnet("subnet-two", "10.0.1.0/24", ourTags("eks-private-subnet-az1-two")) }, "network.aws.zones[0].private", "subnet-two", "free",
		},
		"a subnet of somebody with the same names": {
			func(c *clouds) {
				c.addSubnet("subnet-same", "10.0.1.0/24", map[string]any{"ManagedBy": "terraform", "Name": "eks-private-subnet-az1"})
			}, "network.aws.zones[0].private", "subnet-same", "free",
		},
		"no such internet gateway": {func(c *clouds) { c.gateway = nil }, "network.aws.internetGatewayId", "no such internet gateway", "attached to " + otherVPC},
		"an internet gateway elsewhere": {
			func(c *clouds) {
				c.gateway["attachments"] = []any{map[string]any{"vpcId": "vpc-other", "state": "available"}}
			},
			"network.aws.internetGatewayId", "not attached to " + otherVPC, "attach-internet-gateway --region eu-west-2 --internet-gateway-id " + otherIGW,
		},
		"another virtual private gateway": {
			func(c *clouds) { c.vgw = map[string]any{"id": "vgw-1", "tags": map[string]any{"Name": "office"}} }, "vpn.awsGateway", "vgw-1", "transit-gateway",
		},
		"another estate's virtual private gateway": {
			func(c *clouds) { c.vgw = map[string]any{"id": "vgw-2", "tags": ourTags("burrow-vgw-two")} }, "vpn.awsGateway", "AWV-06", "transit-gateway",
		},

		"a resolver of somebody": {
			func(c *clouds) {
				used := azureSubnet("dns", "10.10.30.0/28", hung("ipConfigurations", "rg-hub", "dnsResolvers/hub/inboundEndpoints/in"))
				used["delegations"] = []any{map[string]any{"name": "dns", "serviceName": "Microsoft.Network/dnsResolvers"}}
				c.addToVNet(used)
			}, vnetKey, "ADR-08", "without one",
		},
		"no such VNet":     {func(c *clouds) { c.vnet = nil }, vnetKey, "resource group rg-hub", "leave it empty"},
		"another location": {func(c *clouds) { c.vnet["location"] = "ukwest" }, "network.azure.location", "is in ukwest", "write ukwest"},
		"VNet with two ranges": {
			func(c *clouds) {
				c.vnet["addressSpace"] = map[string]any{"addressPrefixes": []any{"10.10.0.0/16", "10.12.0.0/16"}}
			},
			"network.azure.cidr", "has 10.10.0.0/16, 10.12.0.0/16", "one only",
		},
		"VNet with another range": {
			func(c *clouds) { c.vnet["addressSpace"] = map[string]any{"addressPrefixes": []any{"10.10.0.0/20"}} }, "network.azure.cidr", "10.10.0.0/20", "range of the VNet",
		},
		"DNS servers": {
			func(c *clouds) { c.vnet["dhcpOptions"] = map[string]any{"dnsServers": []any{"10.10.9.4"}} }, vnetKey, "10.10.9.4", "az network vnet update --ids " + otherVNet,
		},
		"somebody else's gateway": {
			func(c *clouds) {
				c.vnet["virtualNetworkPeerings"] = []any{map[string]any{"name": "to-hub", "useRemoteGateways": true}}
			}, vnetKey, "to-hub", "useRemoteGateways",
		},
		"a subnet in the nodes' range": {
			func(c *clouds) { c.addToVNet(azureSubnet("other", "10.10.1.64/26", nil)) }, "network.azure.subnets.nodes", "other of vnet-hub has 10.10.1.64/26", "free",
		},
		"a subnet with two ranges, one in the resolver's": {
			func(c *clouds) {
				c.addToVNet(map[string]any{"name": "two", "addressPrefixes": []any{"10.10.20.0/24", "10.10.3.16/29"}})
			}, "network.azure.subnets.resolverOutbound", "10.10.3.16/29", "free",
		},
		"a subnet of our name": {
			func(c *clouds) {
				c.addToVNet(azureSubnet("AKS-subnet", "10.10.1.0/24", hung("networkSecurityGroup", "rg-other", "networkSecurityGroups/nsg")))
			}, vnetKey, "a subnet aks-subnet", "estate.suffix",
		},
		"a GatewaySubnet of an ExpressRoute gateway": {
			func(c *clouds) {
				c.addToVNet(azureSubnet("GatewaySubnet", "10.10.2.0/27", hung("ipConfigurations", "rg-hub", "virtualNetworkGateways/er/ipConfigurations/0")))
			}, vnetKey, "AVG-22", "without one",
		},
		"an empty GatewaySubnet elsewhere": {
			func(c *clouds) { c.addToVNet(azureSubnet("GatewaySubnet", "10.10.200.0/27", nil)) }, vnetKey, "AVG-15", "delete it",
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := goodClouds()
			tc.change(c)
			err := c.check(t, inMode(inExisting))
			var problems plan.Problems
			if !errors.As(err, &problems) || len(problems) != 1 {
				t.Fatalf("the check says %v, want one problem", err)
			}
			p := problems[0]
			if p.Key != tc.key || !strings.Contains(p.Reason, tc.why) || !strings.Contains(p.Remedy, tc.remedy) || p.Value == "" {
				t.Errorf("problem %v,\nwant %s, %q, %q", p, tc.key, tc.why, tc.remedy)
			}
		})
	}
}

// TestExistingEndpoints: the names of the services are somebody's already.
func TestExistingEndpoints(t *testing.T) {
	for name, tags := range map[string]map[string]any{
		"somebody's":       {"Name": "sts"},
		"another estate's": ourTags("burrow-ecr-api-two"),
		"our namesake":     {"ManagedBy": "terraform", "Name": "burrow-ecr-api"},
	} {
		t.Run(name, func(t *testing.T) {
			c := goodClouds()
			c.addEndpoint("ecr.api", true, tags)
			err := c.check(t, inMode(modes["existing, with endpoints"]))
			var problems plan.Problems
			if !errors.As(err, &problems) || len(problems) != 1 {
				t.Fatalf("the check says %v, want one problem", err)
			}
			p := problems[0]
			if p.Key != "network.aws.egress" || p.Value != "endpoints" || !strings.Contains(p.Reason, "VPC-33") ||
				!strings.Contains(p.Remedy, "--region eu-west-2 --vpc-endpoint-id vpce-ecr.api-1 --no-private-dns-enabled") {
				t.Errorf("problem %v", p)
			}
		})
	}
}

// TestExistingKnowsItsEndpoints: what the check takes for the estate's own is what
// the estate makes, and there are no others with private DNS.
func TestExistingKnowsItsEndpoints(t *testing.T) {
	p := inMode(modes["existing, with endpoints"])
	p.Estate.Suffix = "two"
	w := record(t, func(ctx *pulumi.Context) error {
		_, err := NewAWS(ctx, "burrow", AWSArgs{Estate: p.Estate, Network: p.Network, Relay: p.K8s.Relay})
		return err
	})
	known := map[string]string{}
	for _, service := range endpointServices {
		known[endpointService(p.Network.AWS.Region, service)] = endpointName(p.Estate, service)
	}
	for _, r := range w.Of("aws:ec2/vpcEndpoint:VpcEndpoint") {
		if r.Inputs["privateDnsEnabled"] != true {
			continue
		}
		service := fmt.Sprint(r.Inputs["serviceName"])
		tags, _ := r.Inputs["tags"].(map[string]any)
		if tags["ManagedBy"] != "burrow" || tags["Name"] != known[service] {
			t.Errorf("the endpoint of %s has the tags %v, and the check knows %q", service, tags, known[service])
		}
		delete(known, service)
	}
	for service := range known {
		t.Errorf("no endpoint of %s is made", service)
	}
}

// TestExistingOptionsGone: DHCP options that went meanwhile are no problem of the
// configuration.
func TestExistingOptionsGone(t *testing.T) {
	c := goodClouds()
	c.vpc["dhcpOptionsId"] = "dopt-2"
	err := c.check(t, inMode(inExisting))
	var problems plan.Problems
	if err == nil || errors.As(err, &problems) || !strings.Contains(err.Error(), "DHCP options dopt-2") {
		t.Errorf("the check says %v, want a failure about dopt-2", err)
	}
}

// TestExistingAllAtOnce: both clouds are asked, whatever the first one says, and
// each through the estate's own provider.
func TestExistingAllAtOnce(t *testing.T) {
	c := goodClouds()
	c.vpc["enableDnsSupport"], c.vpc["enableDnsHostnames"] = false, false
	c.gateway, c.vnet = nil, nil
	var problems plan.Problems
	if err := c.check(t, inMode(inExisting)); !errors.As(err, &problems) || len(problems) != 4 {
		t.Fatalf("the check says %v, want four problems", err)
	}
	for i, key := range []string{"network.aws.internetGatewayId", vpcKey, vpcKey, vnetKey} {
		if problems[i].Key != key {
			t.Errorf("problem %d is of %s, want %s", i, problems[i].Key, key)
		}
	}
	if len(c.asked) != 7 {
		t.Errorf("asked %v", c.asked)
	}
	for token, provider := range c.asked {
		want := "ours-aws"
		if strings.HasPrefix(token, "azure") {
			want = "ours-azure"
		}
		if !strings.Contains(provider, want) {
			t.Errorf("%s was asked of %q, want %s", token, provider, want)
		}
	}
}

// TestExistingUnknown: a cloud that does not answer is no problem of the
// configuration.
func TestExistingUnknown(t *testing.T) {
	c := goodClouds()
	c.failure = errors.New("reading EC2 VPC: UnauthorizedOperation")
	err := c.check(t, inMode(inExisting))
	var problems plan.Problems
	if err == nil || errors.As(err, &problems) || !strings.Contains(err.Error(), otherVPC) {
		t.Errorf("the check says %v", err)
	}
}

// TestExistingAsksNothing where Burrow makes both networks.
func TestExistingAsksNothing(t *testing.T) {
	c := goodClouds()
	c.failure = errors.New("nobody asked")
	if err := c.check(t, plan.Default()); err != nil || len(c.asked) != 0 {
		t.Errorf("the check says %v and asks %v", err, c.asked)
	}
}
