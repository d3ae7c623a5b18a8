package aws

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"burrow/internal/emulator"
	"burrow/internal/iam"
	"burrow/internal/inventory"
	"burrow/internal/inventory/awstype"
)

// A lookup is how EC2 finds things of one type: what its filters compare.
type lookup struct {
	typ  string
	noun string // the provider's
	// filters read the values of an object, by the names of EC2's filters.
	filters map[string]func(*emulator.Call, *inventory.Object) []string
	// arguments are those of the function that stand for a filter.
	arguments map[string]string
}

func value(path string) func(*emulator.Call, *inventory.Object) []string {
	return func(_ *emulator.Call, o *inventory.Object) []string { return []string{o.Value(path)} }
}

func always(text string) func(*emulator.Call, *inventory.Object) []string {
	return func(*emulator.Call, *inventory.Object) []string { return []string{text} }
}

// attachedTo are the VPCs of a gateway, whichever way it is attached.
func attachedTo(c *emulator.Call, o *inventory.Object) []string {
	by := map[string][2]string{
		awstype.InternetGateway: {awstype.InternetGatewayAttachment, "internetGatewayId"}, awstype.VpnGateway: {awstype.VpnGatewayAttachment, "vpnGatewayId"},
	}[o.Type]
	var list []string
	if vpc := o.Value("vpcId"); vpc != "" {
		list = append(list, vpc)
	}
	for _, a := range where(c, by[0], by[1], o.ID) {
		list = append(list, a.Value("vpcId"))
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// stateOf is the state of each attachment of a gateway.
func stateOf(state string) func(*emulator.Call, *inventory.Object) []string {
	return func(c *emulator.Call, o *inventory.Object) []string {
		return slices.Repeat([]string{state}, min(len(attachedTo(c, o)), 1))
	}
}

var (
	lookupVpc = lookup{awstype.Vpc, "EC2 VPC", map[string]func(*emulator.Call, *inventory.Object) []string{
		"vpc-id": value("id"), "cidr": value("cidrBlock"), "cidr-block-association.cidr-block": value("cidrBlock"),
		"dhcp-options-id": value("dhcpOptionsId"), "isDefault": always("false"), "is-default": always("false"),
		"owner-id": value("ownerId"), "state": always("available"),
	}, map[string]string{"id": "vpc-id", "cidrBlock": "cidr", "dhcpOptionsId": "dhcp-options-id", "state": "state"}}

	lookupSubnet = lookup{awstype.Subnet, "EC2 Subnet", map[string]func(*emulator.Call, *inventory.Object) []string{
		"subnet-id": value("id"), "vpc-id": value("vpcId"), "cidr-block": value("cidrBlock"), "cidrBlock": value("cidrBlock"),
		"cidr": value("cidrBlock"), "availability-zone": value("availabilityZone"), "availabilityZone": value("availabilityZone"),
		"availability-zone-id": value("availabilityZoneId"), "availabilityZoneId": value("availabilityZoneId"),
		"default-for-az": always("false"), "defaultForAz": always("false"), "owner-id": value("ownerId"), "state": always("available"),
		"map-public-ip-on-launch": func(_ *emulator.Call, o *inventory.Object) []string {
			return []string{fmt.Sprint(o.Out.Bool("mapPublicIpOnLaunch"))}
		},
	}, map[string]string{
		"id": "subnet-id", "vpcId": "vpc-id", "cidrBlock": "cidr-block", "availabilityZone": "availability-zone",
		"availabilityZoneId": "availability-zone-id", "state": "state",
	}}

	lookupInternetGateway = lookup{awstype.InternetGateway, "EC2 Internet Gateway", map[string]func(*emulator.Call, *inventory.Object) []string{
		"internet-gateway-id": value("id"), "attachment.vpc-id": attachedTo, "attachment.state": stateOf("available"), "owner-id": value("ownerId"),
	}, map[string]string{"internetGatewayId": "internet-gateway-id"}}

	lookupVpnGateway = lookup{awstype.VpnGateway, "EC2 VPN Gateway", map[string]func(*emulator.Call, *inventory.Object) []string{
		"vpn-gateway-id": value("id"), "amazon-side-asn": value("amazonSideAsn"), "attachment.vpc-id": attachedTo,
		"attachment.state": stateOf("attached"), "availability-zone": value("availabilityZone"), "state": always("available"),
		"type": always("ipsec.1"),
	}, map[string]string{
		"id": "vpn-gateway-id", "amazonSideAsn": "amazon-side-asn", "attachedVpcId": "attachment.vpc-id",
		"availabilityZone": "availability-zone", "state": "state",
	}}

	lookupRouteTable = lookup{awstype.RouteTable, "EC2 Route Table", map[string]func(*emulator.Call, *inventory.Object) []string{
		"route-table-id": value("id"), "vpc-id": value("vpcId"), "owner-id": value("ownerId"),
		"association.main": func(_ *emulator.Call, o *inventory.Object) []string { return []string{fmt.Sprint(o.Out.Bool("main"))} },
		"association.subnet-id": func(c *emulator.Call, o *inventory.Object) (list []string) {
			for _, a := range where(c, awstype.RouteTableAssociation, "routeTableId", o.ID) {
				list = append(list, a.Value("subnetId"))
			}
			return list
		},
	}, map[string]string{"vpcId": "vpc-id"}}
)

// find are the objects, of those given, that the arguments of a function describe.
func (l lookup) find(c *emulator.Call, found []*inventory.Object) ([]*inventory.Object, error) {
	keep := func(name string, patterns []string) error {
		read, known := l.filters[name]
		switch key, tagged := strings.CutPrefix(name, "tag:"); {
		case tagged:
			read = func(_ *emulator.Call, o *inventory.Object) (list []string) {
				if v, ok := o.Out.Map("tagsAll")[key].(string); ok {
					list = append(list, v)
				}
				return list
			}
		case name == "tag-key":
			read = func(_ *emulator.Call, o *inventory.Object) []string {
				return slices.Sorted(maps.Keys(o.Out.Map("tagsAll")))
			}
		case !known:
			return c.Fault("InvalidParameterValue", "The filter '%s' is invalid", name)
		}
		found = slices.DeleteFunc(found, func(o *inventory.Object) bool { return !anyMatches(read(c, o), patterns) })
		return nil
	}
	for _, argument := range slices.Sorted(maps.Keys(l.arguments)) {
		if v := c.In.Str(argument); v != "" {
			if err := keep(l.arguments[argument], []string{v}); err != nil {
				return nil, err
			}
		}
	}
	for key, v := range c.In.Map("tags") {
		if err := keep("tag:"+key, []string{fmt.Sprint(v)}); err != nil {
			return nil, err
		}
	}
	for _, f := range c.In.Maps("filters[*]") {
		if err := keep(f.Str("name"), f.Strings("values")); err != nil {
			return nil, err
		}
	}
	return found, nil
}

func anyMatches(values, patterns []string) bool {
	return slices.ContainsFunc(values, func(v string) bool {
		return slices.ContainsFunc(patterns, func(pattern string) bool {
			return pattern == v || strings.Contains(pattern, "*") && iam.Matches(pattern, v)
		})
	})
}

// invoking words what the provider itself says to a function.
func invoking(c *emulator.Call, format string, args ...any) error {
	return fmt.Errorf("invoking %s: %s", c.Type, bullet(fmt.Sprintf(format, args...)))
}

// one is the only object that the arguments describe, or the provider's complaint.
func (l lookup) one(c *emulator.Call) (*inventory.Object, error) { return l.oneOf(c, c.Tx.All(l.typ)) }

func (l lookup) oneOf(c *emulator.Call, all []*inventory.Object) (*inventory.Object, error) {
	found, err := l.find(c, all)
	switch {
	case err != nil:
		return nil, err
	case len(found) == 0:
		return nil, invoking(c, "no matching %s found", l.noun)
	case len(found) > 1:
		return nil, invoking(c, "multiple %ss matched; use additional constraints to reduce matches to a single %s", l.noun, l.noun)
	}
	return found[0], nil
}

// ids are the ids of what the arguments describe; none is no error.
func (l lookup) ids(c *emulator.Call) ([]any, error) {
	found, err := l.find(c, c.Tx.All(l.typ))
	ids := make([]any, len(found))
	for i, o := range found {
		ids[i] = o.ID
	}
	return ids, err
}

// answer is what every function returns besides its own: the filters asked by, and
// the tags that were found.
func answer(c *emulator.Call, o *inventory.Object, more inventory.Props) inventory.Props {
	out := inventory.Props{"id": o.ID, "arn": o.Value("arn"), "tags": map[string]any(o.Out.Map("tagsAll"))}
	if c.In.Has("filters") {
		out["filters"] = c.In["filters"]
	}
	return out.With(more)
}

// pick are outputs of an object under the names that they have.
func pick(o *inventory.Object, names ...string) inventory.Props {
	out := inventory.Props{}
	for _, name := range names {
		if v, ok := o.Effective(name); ok {
			out[name] = v
		}
	}
	return out
}

func getVpc(c *emulator.Call) (inventory.Props, error) {
	o, err := lookupVpc.one(c)
	if err != nil {
		return nil, err
	}
	return answer(c, o, pick(o, "cidrBlock", "dhcpOptionsId", "enableDnsHostnames", "enableDnsSupport",
		"enableNetworkAddressUsageMetrics", "instanceTenancy", "mainRouteTableId", "ownerId").With(inventory.Props{
		"default": false, "state": "available", "ipv6AssociationId": "", "ipv6CidrBlock": "",
		"cidrBlockAssociations": []any{map[string]any{
			"associationId": "vpc-cidr-assoc-" + strings.TrimPrefix(o.ID, "vpc-"), "cidrBlock": o.Value("cidrBlock"), "state": "associated",
		}},
	})), nil
}

func getSubnets(c *emulator.Call) (inventory.Props, error) {
	ids, err := lookupSubnet.ids(c)
	if err != nil {
		return nil, err
	}
	return c.In.With(inventory.Props{"id": c.Region(), "ids": ids}), nil
}

func getSubnet(c *emulator.Call) (inventory.Props, error) {
	o, err := lookupSubnet.one(c)
	if err != nil {
		return nil, err
	}
	return answer(c, o, pick(o, "vpcId", "cidrBlock", "availabilityZone", "availabilityZoneId", "ownerId", "mapPublicIpOnLaunch",
		"assignIpv6AddressOnCreation", "enableDns64", "enableResourceNameDnsARecordOnLaunch",
		"enableResourceNameDnsAaaaRecordOnLaunch", "ipv6Native", "privateDnsHostnameTypeOnLaunch").With(inventory.Props{
		"availableIpAddressCount": freeAddresses(c, o.ID), "defaultForAz": false, "state": "available",
		"customerOwnedIpv4Pool": "", "enableLniAtDeviceIndex": 0, "ipv6CidrBlock": "", "ipv6CidrBlockAssociationId": "",
		"mapCustomerOwnedIpOnLaunch": false, "outpostArn": "",
	})), nil
}

func getInternetGateway(c *emulator.Call) (inventory.Props, error) {
	if len(present(c.In, []string{"internetGatewayId", "filters", "tags"})) == 0 {
		return nil, invoking(c, "One of internet_gateway_id or filter or tags must be assigned")
	}
	o, err := lookupInternetGateway.one(c)
	if err != nil {
		return nil, err
	}
	attachments := []any{}
	for _, vpc := range attachedTo(c, o) {
		attachments = append(attachments, map[string]any{"state": "available", "vpcId": vpc})
	}
	return answer(c, o, inventory.Props{"internetGatewayId": o.ID, "ownerId": o.Value("ownerId"), "attachments": attachments}), nil
}

func getVpnGateway(c *emulator.Call) (inventory.Props, error) {
	o, err := lookupVpnGateway.one(c)
	if err != nil {
		return nil, err
	}
	return answer(c, o, inventory.Props{
		"amazonSideAsn": o.Value("amazonSideAsn"), "attachedVpcId": strings.Join(attachedTo(c, o), ""),
		"availabilityZone": o.Value("availabilityZone"), "state": "available",
	}), nil
}

func getRouteTables(c *emulator.Call) (inventory.Props, error) {
	ids, err := lookupRouteTable.ids(c)
	if err != nil {
		return nil, err
	}
	return c.In.With(inventory.Props{"id": c.Region(), "ids": ids}), nil
}
