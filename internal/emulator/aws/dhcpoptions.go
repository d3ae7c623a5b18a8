package aws

import (
	"fmt"

	"burrow/internal/emulator"
	"burrow/internal/inventory"
	"burrow/internal/inventory/awstype"
)

const (
	sourceDhcpOptions     = "ec2/vpc_dhcp_options.go"
	sourceDhcpAssociation = "ec2/vpc_dhcp_options_association.go"
	sourceDhcpModel       = "getmoto/moto moto/ec2/models/dhcp_options.py"
)

const (
	// noDhcpSet is what a VPC says that has no set: AWS has no call that takes one
	// away, and this stands in for its id.
	noDhcpSet = "default"
	// amazonDNS is the resolver of the VPC, in a set's list of servers.
	amazonDNS = "AmazonProvidedDNS"
	// maxDhcpServers is how many servers of one sort a set has at most.
	maxDhcpServers = 4
)

func dhcpKinds() []*emulator.Kind {
	return []*emulator.Kind{dhcpOptions(), dhcpAssociation()}
}

// dhcpOptions are immutable: everything but tags replaces the set.
func dhcpOptions() *emulator.Kind {
	return tagged(ec2Tags, &emulator.Kind{
		Type:  awstype.VpcDhcpOptions,
		Words: words("EC2", "EC2 DHCP Options Set", "CreateDhcpOptions", "CreateTags", "DeleteDhcpOptions", "DescribeDhcpOptions"),
		NewID: opaque("dopt"),
		Replace: forceNew(sourceDhcpOptions, "domainName", "domainNameServers", "ipv6AddressPreferredLeaseTime",
			"netbiosNameServers", "netbiosNodeType", "ntpServers"),
		Rules: []emulator.Rule{
			refuse("PRO-14", "InvalidParameterValue", emulator.OpCreate, sourceDhcpModel, tooManyServers),
			refuse("PRO-14", "InvalidParameterValue", emulator.OpCreate, sourceDhcpModel, netbiosNodeType),
		},
		Fill: func(c *emulator.Call) error {
			defaults(c, inventory.Props{
				"arn": regional(c, "ec2", "dhcp-options/"+c.ID), "ownerId": c.Account().AWSAccount,
			})
			return nil
		},
		// The provider leaves the VPCs without a set before it deletes theirs.
		Gone: func(c *emulator.Call) error {
			for _, vpc := range where(c, awstype.Vpc, "dhcpOptionsId", c.ID) {
				useDhcpOptions(c, vpc.ID, noDhcpSet)
			}
			removeIf(c, func(o *inventory.Object) bool { return o.Value("dhcpOptionsId") == c.ID }, awstype.VpcDhcpOptionsAssociation)
			return nil
		},
	})
}

func tooManyServers(c *emulator.Call) string {
	for _, list := range []string{"domainNameServers", "ntpServers", "netbiosNameServers"} {
		if n := len(c.In.List(list)); n > maxDhcpServers {
			return fmt.Sprintf("%s has %d servers, and at most %d can be specified.", list, n, maxDhcpServers)
		}
	}
	return ""
}

func netbiosNodeType(c *emulator.Call) string {
	switch v := c.In.Str("netbiosNodeType"); v {
	case "", "1", "2", "4", "8":
		return ""
	default:
		return fmt.Sprintf("Value (%s) for parameter netbios-node-type is invalid.", v)
	}
}

// dhcpAssociation gives a VPC another set in the place of the one that it has.
func dhcpAssociation() *emulator.Kind {
	return &emulator.Kind{
		Type:  awstype.VpcDhcpOptionsAssociation,
		Words: words("EC2", "EC2 VPC DHCP Options Set Association", "AssociateDhcpOptions", "AssociateDhcpOptions", "AssociateDhcpOptions", "DescribeVpcs"),
		NewID: joined("-", "dhcpOptionsId", "vpcId"),
		Refs: []emulator.Ref{
			// A VPC that goes lets its set go.
			refersTo("vpcId", "InvalidVpcID.NotFound", "", moto("ec2/exceptions.py"), awstype.Vpc),
		},
		Replace: forceNew(sourceDhcpAssociation, "vpcId"),
		Rules: []emulator.Rule{
			refuse("PRO-14", "InvalidDhcpOptionID.NotFound", emulator.OpWrite, moto("ec2/exceptions.py"), noSuchDhcpOptions),
		},
		Fill: func(c *emulator.Call) error {
			useDhcpOptions(c, c.In.Str("vpcId"), c.In.Str("dhcpOptionsId"))
			return nil
		},
		Gone: func(c *emulator.Call) error {
			if valueOf(c, awstype.Vpc, c.Old.Str("vpcId"), "dhcpOptionsId") == c.Old.Str("dhcpOptionsId") {
				useDhcpOptions(c, c.Old.Str("vpcId"), noDhcpSet)
			}
			return nil
		},
	}
}

// noSuchDhcpOptions is no reference of the table: the region's own set and none at
// all can be named too, and are no objects.
func noSuchDhcpOptions(c *emulator.Call) string {
	id := c.In.Str("dhcpOptionsId")
	if id == noDhcpSet || id == regionDhcpOptions(c) || c.Tx.Get(awstype.VpcDhcpOptions, id) != nil {
		return ""
	}
	return fmt.Sprintf("DhcpOptionID %s does not exist.", id)
}

func useDhcpOptions(c *emulator.Call, vpc, id string) {
	if o := c.Tx.Get(awstype.Vpc, vpc); o != nil {
		o.Out.Set("dhcpOptionsId", id)
		c.Tx.Put(o)
	}
}

// regionDhcpOptions is the region's own set, which every VPC begins with.
func regionDhcpOptions(c *emulator.Call) string {
	return fmt.Sprintf("dopt-0%08x%08x", hashCode(c.Account().AWSAccount), hashCode(c.Region()))
}

// regionDhcpSet is that set as the lookup finds it. AWS keeps it with VPCs and
// without, so it is no object of the world.
// Source: docs.aws.amazon.com/vpc, DHCPOptionSetConcepts.
func regionDhcpSet(c *emulator.Call) *inventory.Object {
	id, domain := regionDhcpOptions(c), c.Region()+".compute.internal"
	if c.Region() == "us-east-1" {
		domain = "ec2.internal"
	}
	return &inventory.Object{Type: awstype.VpcDhcpOptions, ID: id, Out: inventory.Props{
		"arn": regional(c, "ec2", "dhcp-options/"+id), "ownerId": c.Account().AWSAccount,
		"domainName": domain, "domainNameServers": []any{amazonDNS},
	}}
}

var lookupDhcpOptions = lookup{awstype.VpcDhcpOptions, "EC2 DHCP Options Set", map[string]func(*emulator.Call, *inventory.Object) []string{
	"dhcp-options-id": value("id"), "owner-id": value("ownerId"),
}, map[string]string{"dhcpOptionsId": "dhcp-options-id"}}

func getVpcDhcpOptions(c *emulator.Call) (inventory.Props, error) {
	// The provider answers with tags and does not look for them.
	c.In.Del("tags")
	o, err := lookupDhcpOptions.oneOf(c, append(c.Tx.All(awstype.VpcDhcpOptions), regionDhcpSet(c)))
	if err != nil {
		return nil, err
	}
	return answer(c, o, inventory.Props{
		"dhcpOptionsId": o.ID, "domainName": "", "ipv6AddressPreferredLeaseTime": "", "netbiosNodeType": "",
		"domainNameServers": []any{}, "netbiosNameServers": []any{}, "ntpServers": []any{},
	}.With(pick(o, "ownerId", "domainName", "domainNameServers", "ipv6AddressPreferredLeaseTime",
		"netbiosNameServers", "netbiosNodeType", "ntpServers"))), nil
}
