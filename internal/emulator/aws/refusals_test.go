package aws

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"burrow/internal/emulator"
	"burrow/internal/inventory/awstype"
)

// A refusal starts from a thing of the estate, which was accepted, changes a
// little, and must be refused.
type refusal struct {
	what string
	of   string // the step of the estate
	op   emulator.Op
	rule string
	code string // of AWS; none when the provider refuses
	set  props  // by path; nil takes away
}

const (
	onCheck  = emulator.OpCheck
	onCreate = emulator.OpCreate
	onUpdate = emulator.OpUpdate
	onDelete = emulator.OpDelete
)

// oddSteps are things that only refusals need.
func oddSteps() []step {
	return []step{
		{"far", awstype.Subnet, props{"vpcId": "=vpc", "cidrBlock": "10.0.3.0/24", "availabilityZone": "eu-west-2c"}},
		{"tight", awstype.Subnet, props{"vpcId": "=vpc", "cidrBlock": "10.0.4.0/28", "availabilityZoneId": "euw2-az1"}},
		{"tightReserved", awstype.SubnetCidrReservation, props{"subnetId": "=tight", "cidrBlock": "10.0.4.8/29", "reservationType": "prefix"}},
		{"elsewhere", awstype.SecurityGroup, props{"name": "elsewhere", "vpcId": "=vpc2"}},
		{"farTargets", awstype.TargetGroup, props{"name": "far", "port": 80, "protocol": "TCP", "vpcId": "=vpc2"}},
		{"rsa", awstype.Key, props{"customerMasterKeySpec": "RSA_4096", "keyUsage": "SIGN_VERIFY"}},
		{"bareRole", awstype.Role, props{"name": "bare", "assumeRolePolicy": trustEKS}},
		{"kept", awstype.LoadBalancer, props{"name": "kept", "loadBalancerType": "network", "internal": true, "enableDeletionProtection": true, "subnets": []any{"=far"}}},
		{"open", awstype.Zone, props{"name": "example.com"}},
		{"vpc3", awstype.Vpc, props{"cidrBlock": "10.3.0.0/16"}},
		{"twin", awstype.Zone, props{"name": "private.aws.internal", "vpcs": []any{props{"vpcId": "=vpc3"}}}},
		{"sub3", awstype.Subnet, props{"vpcId": "=vpc3", "cidrBlock": "10.3.1.0/24", "availabilityZone": "eu-west-2a"}},
		{"tgwOn", awstype.TransitGateway, props{"amazonSideAsn": 4200000000}},
		{"tgwOnTable", awstype.TransitRouteTable, props{"transitGatewayId": "=tgwOn"}},
		{"tgwOnIn", awstype.TransitVpcAttachment, props{"transitGatewayId": "=tgwOn", "vpcId": "=vpc3", "subnetIds": []any{"=sub3"}, "transitGatewayDefaultRouteTableAssociation": false}},
		{"tgwOnLink", awstype.TransitRouteTableAssociation, props{"transitGatewayRouteTableId": "=tgwOnTable", "transitGatewayAttachmentId": "=tgwOnIn"}},
		{"tgwOnVPN", awstype.VpnConnection, props{"customerGatewayId": "=cgw0", "transitGatewayId": "=tgwOn", "type": "ipsec.1", "staticRoutesOnly": true}},
	}
}

func TestRefusals(t *testing.T) {
	e := newEstate(t)
	for _, s := range oddSteps() {
		e.make(s)
	}
	for _, r := range slices.Concat(
		linkRefusals(), staticRefusals(), endpointRefusals(), prefixListRefusals(), typeRefusals(), growthRefusals(),
		networkRefusals(), groupRefusals(), vpnRefusals(), transitRefusals(), logRefusals(), identityRefusals(),
		clusterRefusalCases(), nodeRefusalCases(), accessRefusals(), balancerRefusalCases(), dnsRefusals(), watchRefusals(), filterRefusals(), dhcpRefusals(), documentRefusals(), volumeRefusalCases(), driverRefusals(),
	) {
		t.Run(fmt.Sprintf("%s/%s", r.rule, r.what), func(t *testing.T) { e.refuses(t, r) })
	}
}

// refuses tries the refusal.
func (e *estate) refuses(t *testing.T, r refusal) {
	t.Helper()
	start, ok := e.made[r.of]
	if !ok {
		t.Fatalf("the estate has no %s", r.of)
	}
	in := start.in.Clone()
	if r.op == onCreate {
		rename(in)
	}
	for _, path := range slices.Sorted(maps.Keys(r.set)) {
		if v := r.set[path]; v == nil {
			in.Del(path)
		} else {
			in.Set(path, e.resolved(props{"": v}.Clone()[""]))
		}
	}
	switch r.op {
	case onCheck:
		if _, failures := e.check(start.typ, "another", in); !strings.Contains(failures, "("+r.rule+")") {
			t.Errorf("check of %v says %q, want a refusal by %s", in, failures, r.rule)
		}
	case onCreate:
		_, _, err := e.create(start.typ, "another", in)
		refused(t, err, r.code, r.rule)
	case onUpdate:
		_, err := e.update(start.typ, start.name, start.id, start.in, in)
		refused(t, err, r.code, r.rule)
	case onDelete:
		refused(t, e.delete(start.typ, start.name, start.id), r.code, r.rule)
	}
}

// rename keeps names from being refused as taken.
func rename(in props) {
	for _, p := range []string{"name", "nodeGroupName", "policyName"} {
		if in.Has(p) {
			in[p] = in.Str(p) + "-2"
		}
	}
}

func networkRefusals() []refusal {
	return []refusal{
		{"host bits", "vpc", onCheck, "VPC-01", "", props{"cidrBlock": "10.0.0.1/16"}},
		{"too wide", "vpc", onCheck, "VPC-01", "", props{"cidrBlock": "10.0.0.0/8"}},
		{"tenancy", "vpc", onCheck, "VPC-01", "", props{"instanceTenancy": "shared"}},
		{"no range", "vpc", onCreate, "VPC-01", "MissingParameter", props{"cidrBlock": nil}},
		{"hostnames alone", "vpc", onUpdate, "VPC-07", "InvalidParameterValue", props{"enableDnsSupport": false}},
		{"subnet host bits", "private1", onCheck, "VPC-04", "", props{"cidrBlock": "10.0.1.7/24"}},
		{"zone twice", "private1", onCheck, "VPC-05", "", props{"availabilityZoneId": "euw2-az2"}},
		{"no such zone", "private1", onCreate, "VPC-05", "InvalidParameterValue", props{"cidrBlock": "10.0.9.0/24", "availabilityZone": "eu-west-2z"}},
		{"no such zone id", "private1", onCreate, "VPC-05", "InvalidParameterValue", props{"cidrBlock": "10.0.9.0/24", "availabilityZone": nil, "availabilityZoneId": "euw2-az9"}},
		{"outside the VPC", "private1", onCreate, "VPC-04", "InvalidSubnet.Range", props{"cidrBlock": "10.7.0.0/24"}},
		{"too small", "private1", onCreate, "VPC-04", "InvalidSubnet.Range", props{"cidrBlock": "10.0.9.0/29"}},
		{"overlap", "private1", onCreate, "VPC-04", "InvalidSubnet.Conflict", props{"cidrBlock": "10.0.1.128/25"}},
		{"reservation host bits", "reserved1", onCheck, "VPC-04", "", props{"cidrBlock": "10.0.1.241/28"}},
		{"reservation type", "reserved1", onCheck, "VPC-04", "", props{"reservationType": "fixed"}},
		{"reservation outside", "reserved1", onCreate, "VPC-04", "InvalidParameterValue", props{"cidrBlock": "10.0.2.0/28"}},
		{"reservation twice", "reserved1", onCreate, "VPC-04", "InvalidParameterValue", props{"cidrBlock": "10.0.1.240/29"}},
		{"an internet gateway that leaves addresses", "igw", onUpdate, "VPC-09", "DependencyViolation", props{"vpcId": nil}},
		{"second internet gateway", "igw", onCreate, "VPC-09", "Resource.AlreadyAssociated", nil},
		{"second attachment", "igw2In", onCreate, "VPC-09", "Resource.AlreadyAssociated", props{"vpcId": "=vpc"}},
		{"address domain", "eip1", onCheck, "VPC-06", "", props{"domain": "classic"}},
		{"connectivity", "nat1", onCheck, "VPC-10", "", props{"connectivityType": "hybrid"}},
		{"private with address", "nat1", onCheck, "VPC-11", "", props{"connectivityType": "private"}},
		{"public without address", "nat1", onCreate, "VPC-10", "MissingParameter", props{"allocationId": nil}},
		{"inline host bits", "publicTable", onCheck, "VPC-13", "", props{"routes[0].cidrBlock": "10.1.2.3/8"}},
		{"inline twice", "publicTable", onCreate, "VPC-13", "RouteAlreadyExists", props{"routes[1]": props{"cidrBlock": "0.0.0.0/0", "gatewayId": "=igw"}}},
		{"inline foreign gateway", "publicTable", onCreate, "VPC-14", "InvalidParameterValue", props{"routes[0].gatewayId": "=igw2"}},
		{"inline to the metadata service", "publicTable", onCreate, "VPC-15", "InvalidParameterValue", props{"routes[0].cidrBlock": "169.254.169.0/24"}},
		{"inline unattached VPN gateway", "otherTable", onCreate, "AWV-07", "Gateway.NotAttached", props{"propagatingVgws": []any{"=vgw"}}},
		{"two destinations", "out1", onCheck, "VPC-13", "", props{"destinationIpv6CidrBlock": "::/0"}},
		{"no destination", "out1", onCheck, "VPC-13", "", props{"destinationCidrBlock": nil}},
		{"two targets", "out1", onCheck, "VPC-13", "", props{"gatewayId": "igw-1"}},
		{"route host bits", "out1", onCheck, "VPC-13", "", props{"destinationCidrBlock": "10.1.2.3/8"}},
		{"route twice", "out1", onCreate, "VPC-13", "RouteAlreadyExists", nil},
		{"route that is inline", "publicOut", onCreate, "VPC-13", "RouteAlreadyExists", props{"destinationCidrBlock": "0.0.0.0/0"}},
		{"foreign gateway", "publicOut", onCreate, "VPC-14", "InvalidParameterValue", props{"destinationCidrBlock": "203.0.113.0/24", "gatewayId": "=igw2"}},
		{"over the local route", "out1", onCreate, "VPC-15", "InvalidParameterValue", props{"destinationCidrBlock": "10.0.0.0/16"}},
		{"unattached transit gateway", "toTgw", onCreate, "AWV-39", "InvalidTransitGatewayID.NotFound", props{"routeTableId": "=table1"}},
		{"neither subnet nor gateway", "tableOf1", onCheck, "VPC-16", "", props{"subnetId": nil}},
		{"second table", "tableOf1", onCreate, "VPC-16", "Resource.AlreadyAssociated", props{"routeTableId": "=table2"}},
		{"table of another VPC", "tableOf1", onCreate, "VPC-16", "InvalidParameterValue", props{"subnetId": "=other1"}},
		{"inline entry number", "acl", onCreate, "VPC-17", "InvalidParameterValue", props{"ingress[0].ruleNo": 32767}},
		{"inline entry twice", "acl", onCreate, "VPC-17", "NetworkAclEntryAlreadyExists", props{
			"ingress[1]": props{"ruleNo": 90, "action": "allow", "protocol": "-1", "fromPort": 0, "toPort": 0, "cidrBlock": "10.0.0.0/8"},
		}},
		{"entry without range", "aclRule", onCheck, "VPC-17", "", props{"cidrBlock": nil}},
		{"entry action", "aclRule", onCheck, "VPC-17", "", props{"ruleAction": "reject"}},
		{"entry protocol", "aclRule", onCheck, "VPC-18", "", props{"protocol": "quic"}},
		{"entry number", "aclRule", onCreate, "VPC-17", "InvalidParameterValue", props{"ruleNumber": 0}},
		{"entry twice", "aclRule", onCreate, "VPC-17", "NetworkAclEntryAlreadyExists", props{"cidrBlock": "10.9.9.0/24"}},
		{"entry ports", "aclRule", onCreate, "VPC-18", "InvalidParameterValue", props{"ruleNumber": 101, "fromPort": 443, "toPort": 80}},
		{"ACL of another VPC", "aclOf1", onCreate, "VPC-20", "InvalidParameterValue", props{"subnetId": "=other1"}},
		{"gateway under NAT", "igw", onDelete, "VPC-09", "DependencyViolation", nil},
	}
}

func groupRefusals() []refusal {
	list := []refusal{
		{"reserved name", "group", onCheck, "VPC-22", "", props{"name": "sg-mine"}},
		{"name charset", "group", onCheck, "VPC-22", "", props{"name": "naïve"}},
		{"long name", "group", onCheck, "VPC-22", "", props{"name": strings.Repeat("n", 256)}},
		{"description charset", "group", onCheck, "VPC-22", "", props{"description": "relay's"}},
		{"no VPC", "group", onCreate, "VPC-22", "VPCIdNotSpecified", props{"vpcId": nil}},
		{"inline twice", "nodeGroupSG", onCreate, "VPC-23", "InvalidPermission.Duplicate", props{
			"ingress[1]": props{"protocol": "6", "fromPort": 30080, "toPort": 30080, "securityGroups": []any{"=group"}},
		}},
		{"inline too many", "nodeGroupSG", onCreate, "VPC-24", "RulesPerSecurityGroupLimitExceeded", props{"ingress": manyRules(61)}},
		{"carried by nodes", "nodeGroupSG", onDelete, "in use", "DependencyViolation", nil},
		{"default group without VPC", "defaultGroup", onCreate, "VPC-22", "VPCIdNotSpecified", props{"vpcId": nil}},
		{"rule type", "oldRule", onCheck, "VPC-23", "", props{"type": "in"}},
		{"rule host bits", "oldRule", onCheck, "VPC-23", "", props{"cidrBlocks": []any{"10.10.2.9/24"}}},
		{"rule without source", "oldRule", onCheck, "VPC-23", "", props{"cidrBlocks": nil}},
		{"rule with two sources", "oldRule", onCheck, "VPC-23", "", props{"sourceSecurityGroupId": "sg-1"}},
		{"rule description", "oldRule", onCheck, "VPC-22", "", props{"description": "it's"}},
		{"rule that is a resource", "oldRule", onCreate, "VPC-23", "InvalidPermission.Duplicate", props{"fromPort": 8443, "toPort": 8443, "cidrBlocks": []any{"10.10.1.0/24"}}},
		{"rules too many", "oldRule", onCreate, "VPC-24", "RulesPerSecurityGroupLimitExceeded", props{"cidrBlocks": manyRanges(60)}},
	}
	for _, of := range []string{"in", "out"} {
		list = append(list,
			refusal{of + " two sources", of, onCheck, "VPC-23", "", props{"cidrIpv6": "2001:db8::/64", "cidrIpv4": "10.10.1.0/24", "referencedSecurityGroupId": nil}},
			refusal{of + " host bits", of, onCheck, "VPC-23", "", props{"cidrIpv4": "10.10.1.1/24", "referencedSecurityGroupId": nil}},
			refusal{of + " from port", of, onCheck, "VPC-23", "", props{"fromPort": 70000}},
			refusal{of + " to port", of, onCheck, "VPC-23", "", props{"toPort": 70000}},
			refusal{of + " ports", of, onCreate, "VPC-23", "InvalidParameterValue", props{"toPort": 1}},
			refusal{of + " description", of, onCreate, "VPC-22", "InvalidParameterValue", props{"description": "it's"}},
			refusal{of + " twice", of, onCreate, "VPC-23", "InvalidPermission.Duplicate", nil},
		)
	}
	return list
}

// many is a list of n, each made of its number.
func many(n int, one func(i int) any) []any {
	list := make([]any, n)
	for i := range list {
		list[i] = one(i)
	}
	return list
}

func manyRanges(n int) []any {
	return many(n, func(i int) any { return fmt.Sprintf("10.20.%d.0/24", i) })
}

func manyRules(n int) []any {
	return []any{props{"protocol": "tcp", "fromPort": 80, "toPort": 80, "cidrBlocks": manyRanges(n)}}
}

func vpnRefusals() []refusal {
	list := []refusal{
		{"amazon ASN", "vgw", onCheck, "AWV-04", "", props{"amazonSideAsn": "65515000"}},
		{"second gateway", "vgw2", onCreate, "AWV-06", "VpnGatewayAttachmentLimitExceeded", props{"vpcId": "=vpc"}},
		{"second gateway attached", "vgwIn", onCreate, "AWV-06", "VpnGatewayAttachmentLimitExceeded", props{"vpcId": "=vpc2"}},
		{"propagation unattached", "learn1", onCreate, "AWV-07", "Gateway.NotAttached", props{"vpnGatewayId": "=vgw2"}},
		{"customer type", "cgw0", onCheck, "AWV-13", "", props{"type": "ipsec.2"}},
		{"customer ASN", "cgw0", onCheck, "AWV-01", "", props{"bgpAsn": "0"}},
		{"customer address", "cgw0", onCheck, "AWV-02", "", props{"ipAddress": "2001:db8::1"}},
		{"customer wide ASN", "cgw0", onCreate, "AWV-01", "InvalidParameterValue", props{"bgpAsn": "4200000000"}},
		{"customer nowhere", "cgw0", onCreate, "AWV-02", "MissingParameter", props{"ipAddress": nil}},
		{"connection type", "vpn0", onCheck, "AWV-13", "", props{"type": "ipsec.2"}},
		{"two gateways", "vpn0", onCheck, "AWV-12", "", props{"transitGatewayId": "tgw-1"}},
		{"inside version", "vpn0", onCheck, "AWV-25", "", props{"tunnelInsideIpVersion": "ipv5"}},
		{"acceleration", "vpn0", onCheck, "AWV-26", "", props{"enableAcceleration": false}},
		{"local IPv6", "vpn0", onCheck, "AWV-25", "", props{"localIpv6NetworkCidr": "::/0"}},
		{"remote IPv6", "vpn0", onCheck, "AWV-25", "", props{"remoteIpv6NetworkCidr": "::/0"}},
		{"inside IPv6 1", "vpn0", onCheck, "AWV-25", "", props{"tunnel1InsideIpv6Cidr": "fd00::/126"}},
		{"inside IPv6 2", "vpn0", onCheck, "AWV-25", "", props{"tunnel2InsideIpv6Cidr": "fd00::/126"}},
		{"no gateway", "vpn0", onCreate, "AWV-12", "MissingParameter", props{"vpnGatewayId": nil}},
		{"IPv6 inside", "vpn0", onCreate, "AWV-25", "InvalidParameterCombination", props{"tunnelInsideIpVersion": "ipv6"}},
		{"inside range in use", "vpn0", onCreate, "AWV-14", "InvalidParameterValue", nil},
		{"inside range twice", "vpn0", onCreate, "AWV-14", "InvalidParameterValue", props{"tunnel1InsideCidr": "169.254.30.0/30", "tunnel2InsideCidr": "169.254.30.0/30"}},
		{"start with IKEv1", "vpn0", onUpdate, "AWV-20", "InvalidParameterCombination", props{"tunnel1IkeVersions": []any{"ikev1"}}},
		{"static route over BGP", "staticRoute", onCreate, "AWV-27", "InvalidParameterCombination", props{"vpnConnectionId": "=vpn0"}},
	}
	for _, n := range tunnels {
		list = append(list, tunnelRefusals(n)...)
	}
	return list
}

func tunnelRefusals(t string) []refusal {
	check := func(rule, option string, value any) refusal {
		return refusal{fmt.Sprintf("%s%s %v", t, option, value), "vpn0", onCheck, rule, "", props{t + option: value}}
	}
	write := func(rule, option string, value any) refusal {
		return refusal{fmt.Sprintf("%s%s %v", t, option, value), "vpn0", onUpdate, rule, "InvalidParameterValue", props{t + option: value}}
	}
	return []refusal{
		check("AWV-14", "InsideCidr", "169.254.6.0/29"), check("AWV-14", "InsideCidr", "169.254.5.0/30"),
		check("AWV-14", "InsideCidr", "10.0.0.0/30"), check("AWV-14", "InsideCidr", "169.254.169.252/30"),
		check("AWV-15", "PresharedKey", "short"), check("AWV-15", "PresharedKey", "0starts_with_zero"),
		check("AWV-15", "PresharedKey", "has-a-hyphen"), check("AWV-15", "PresharedKey", strings.Repeat("k", 65)),
		check("AWV-16", "Phase1EncryptionAlgorithms", []any{"AES192"}), check("AWV-16", "Phase1IntegrityAlgorithms", []any{"MD5"}),
		check("AWV-16", "Phase1LifetimeSeconds", 28801), check("AWV-17", "Phase2EncryptionAlgorithms", []any{"DES3"}),
		check("AWV-17", "Phase2IntegrityAlgorithms", []any{"SHA256"}), check("AWV-17", "Phase2LifetimeSeconds", 899),
		check("AWV-18", "RekeyMarginTimeSeconds", 59), check("AWV-18", "RekeyFuzzPercentage", 101),
		check("AWV-18", "ReplayWindowSize", 63), check("AWV-18", "DpdTimeoutSeconds", 29), check("AWV-18", "DpdTimeoutAction", "hold"),
		check("AWV-19", "IkeVersions", []any{"ikev3"}), check("AWV-20", "StartupAction", "wait"),
		check("AWV-29", "LogOptions.cloudwatchLogOptions.logOutputFormat", "xml"),
		write("AWV-16", "Phase1DhGroupNumbers", []any{5}), write("AWV-17", "Phase2DhGroupNumbers", []any{1}),
		write("AWV-17", "Phase1LifetimeSeconds", 3600), write("AWV-18", "RekeyMarginTimeSeconds", 1801),
	}
}

func transitRefusals() []refusal {
	list := []refusal{
		{"ASN", "tgw", onCheck, "AWV-38", "", props{"amazonSideAsn": 1}},
		{"attached twice", "tgwIn", onCreate, "AWV-38", "DuplicateTransitGatewayAttachment", nil},
		{"two subnets in a zone", "tgwIn", onUpdate, "AWV-38", "DuplicateSubnetsInSameZone", props{"subnetIds": []any{"=private1", "=public1"}}},
		{"route host bits", "tgwRoute", onCheck, "AWV-38", "", props{"destinationCidrBlock": "10.10.0.1/16"}},
		{"route to nothing", "tgwRoute", onCreate, "AWV-38", "InvalidTransitGatewayAttachmentID.NotFound", props{"destinationCidrBlock": "10.11.0.0/16", "transitGatewayAttachmentId": "tgw-attach-0"}},
		{"route twice", "tgwRoute", onCreate, "AWV-38", "RouteAlreadyExists", nil},
		{"association of nothing", "tgwAssociation", onCreate, "AWV-38", "InvalidTransitGatewayAttachmentID.NotFound", props{"transitGatewayAttachmentId": "tgw-attach-0"}},
		{"propagation of nothing", "tgwPropagation", onCreate, "AWV-38", "InvalidTransitGatewayAttachmentID.NotFound", props{"transitGatewayAttachmentId": "tgw-attach-0"}},
	}
	for _, option := range []string{
		"autoAcceptSharedAttachments", "defaultRouteTableAssociation", "defaultRouteTablePropagation", "dnsSupport", "multicastSupport", "vpnEcmpSupport",
	} {
		list = append(list, refusal{option, "tgw", onCheck, "AWV-38", "", props{option: "on"}})
	}
	return list
}

func logRefusals() []refusal {
	return []refusal{
		{"two resources", "flow", onCheck, "VPC-28", "", props{"subnetId": "subnet-1"}},
		{"no resource", "flow", onCheck, "VPC-28", "", props{"vpcId": nil}},
		{"traffic", "flow", onCheck, "VPC-28", "", props{"trafficType": "SOME"}},
		{"destination type", "flow", onCheck, "VPC-28", "", props{"logDestinationType": "syslog"}},
		{"interval", "flow", onCheck, "VPC-28", "", props{"maxAggregationInterval": 300}},
		{"no traffic type", "flow", onCreate, "VPC-28", "InvalidParameter", props{"trafficType": nil}},
		{"no role", "flow", onCreate, "VPC-29", "InvalidParameter", props{"iamRoleArn": nil}},
		{"no destination", "flow", onCreate, "VPC-29", "InvalidParameter", props{"logDestination": nil}},
		{"untrusting role", "flow", onCreate, "VPC-29", "InvalidParameter", props{"iamRoleArn": "=nodeRole.arn"}},
		{"same flow log", "flow", onCreate, "VPC-30", "FlowLogAlreadyExists", nil},
		{"endpoint type", "s3", onCheck, "VPC-32", "", props{"vpcEndpointType": "Tunnel"}},
		{"no such service", "s3", onCreate, "VPC-35", "InvalidServiceName", props{"serviceName": "com.amazonaws.eu-west-2.s33"}},
		{"gateway to STS", "s3", onCreate, "VPC-32", "InvalidParameter", props{"serviceName": "com.amazonaws.eu-west-2.sts"}},
		{"interface with tables", "sts", onCreate, "VPC-32", "InvalidParameter", props{"routeTableIds": []any{"=table1"}}},
		{"gateway with private DNS", "s3", onCreate, "VPC-32", "InvalidParameter", props{"privateDnsEnabled": true}},
		{"two subnets in a zone", "sts", onCreate, "VPC-32", "DuplicateSubnetsInSameZone", props{"subnetIds": []any{"=private1", "=public1"}}},
		{"same name twice", "sts", onCreate, "VPC-33", "InvalidParameter", nil},
		{"inbound resolver alone", "sts", onCreate, "VPC-34", "InvalidParameter", props{"vpcId": "=vpc2", "subnetIds": []any{"=other1"}, "privateDnsEnabled": false, "securityGroupIds": nil,
			"serviceName": "com.amazonaws.eu-west-2.s3", "dnsOptions": props{"privateDnsOnlyForInboundResolverEndpoint": true}}},
		{"log group name", "logs", onCheck, "LOG-17", "", props{"name": "with space"}},
		{"retention", "logs", onCheck, "LOG-17", "", props{"retentionInDays": 31}},
		{"log group class", "logs", onCheck, "LOG-17", "", props{"logGroupClass": "CHEAP"}},
		{"resource policy JSON", "mayLog", onCheck, "IAM-03", "", props{"policyDocument": "{"}},
		{"resource policy without principal", "mayLog", onCreate, "IAM-03", "InvalidParameterException", props{"policyDocument": mayWrite}},
		{"resource policy too long", "mayLog", onCreate, "LOG-19", "LimitExceededException", props{
			"policyDocument": strings.Replace(mayDeliver, `"*"`, `"`+strings.Repeat("a", 5200)+`"`, 1),
		}},
		{"comparison", "alarm", onCheck, "LOG-15", "", props{"comparisonOperator": "Less"}},
		{"statistic", "alarm", onCheck, "LOG-15", "", props{"statistic": "Median"}},
		{"missing data", "alarm", onCheck, "LOG-15", "", props{"treatMissingData": "bad"}},
		{"period", "alarm", onCheck, "LOG-15", "", props{"period": 45}},
		{"metric and queries", "alarm", onCheck, "LOG-15", "", props{"metricQueries": []any{props{"id": "m"}}}},
		{"namespace", "alarm", onCreate, "LOG-15", "ValidationError", props{"namespace": ":AWS"}},
		{"topic name", "topic", onCheck, "PRO-12", "", props{"name": "a b"}},
		{"topic policy", "topic", onCheck, "IAM-03", "", props{"policy": "{"}},
	}
}

func identityRefusals() []refusal {
	broken := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":"eks"}}]}`
	return []refusal{
		{"role name", "eksRole", onCheck, "IAM-01", "", props{"name": strings.Repeat("r", 65)}},
		{"role charset", "eksRole", onCheck, "IAM-01", "", props{"name": "a/b"}},
		{"trust JSON", "eksRole", onCheck, "IAM-03", "", props{"assumeRolePolicy": "{"}},
		{"session", "eksRole", onCheck, "IAM-01", "", props{"maxSessionDuration": 60}},
		{"description", "eksRole", onCheck, "IAM-01", "", props{"description": strings.Repeat("d", 1001)}},
		{"trust of nobody", "eksRole", onCreate, "IAM-03", "MalformedPolicyDocument", props{"assumeRolePolicy": mayWrite}},
		{"trust of no service", "eksRole", onCreate, "IAM-03", "MalformedPolicyDocument", props{"assumeRolePolicy": broken}},
		{"empty trust", "eksRole", onCreate, "IAM-03", "MalformedPolicyDocument", props{"assumeRolePolicy": "{}"}},
		{"policy name", "policy", onCheck, "IAM-01", "", props{"name": strings.Repeat("p", 129)}},
		{"policy JSON", "policy", onCheck, "IAM-03", "", props{"policy": "not JSON"}},
		{"policy with principal", "policy", onCreate, "IAM-03", "MalformedPolicyDocument", props{"policy": trustEC2}},
		{"inline name", "flowPolicy", onCheck, "IAM-01", "", props{"name": "a/b"}},
		{"inline JSON", "flowPolicy", onCheck, "IAM-03", "", props{"policy": "not JSON"}},
		{"inline grammar", "flowPolicy", onUpdate, "IAM-03", "MalformedPolicyDocument", props{"policy": `{"Version":"2012-10-17","Statement":[{"Effect":"Maybe"}]}`}},
		{"profile name", "profile", onCheck, "IAM-01", "", props{"name": "a b"}},
		{"deletion window", "key", onCheck, "PRO-12", "", props{"deletionWindowInDays": 6}},
		{"rotation period", "key", onCheck, "PRO-12", "", props{"rotationPeriodInDays": 30}},
		{"usage", "key", onCheck, "PRO-12", "", props{"keyUsage": "ENCRYPT"}},
		{"key policy JSON", "key", onCheck, "IAM-03", "", props{"policy": "{"}},
		{"key policy without principal", "key", onUpdate, "IAM-03", "MalformedPolicyDocumentException", props{"policy": mayWrite}},
		{"locked out", "key", onUpdate, "PRO-14", "MalformedPolicyDocumentException", props{"policy": trustEC2}},
		{"rotating RSA", "key", onCreate, "PRO-14", "UnsupportedOperationException", props{"customerMasterKeySpec": "RSA_4096"}},
		{"alias", "alias", onCheck, "PRO-12", "", props{"name": "burrow"}},
		{"alias of AWS", "alias", onCheck, "PRO-12", "", props{"name": "alias/aws/eks"}},
		{"alias of nothing", "aliasByARN", onUpdate, "PRO-14", "NotFoundException", props{"targetKeyId": "arn:aws:kms:eu-west-2:123456789012:key/none"}},
	}
}

func clusterRefusalCases() []refusal {
	const invalid = "InvalidParameterException"
	return []refusal{
		{"name", "cluster", onCheck, "EKS-01", "", props{"name": "-eks"}},
		{"service range", "cluster", onCheck, "EKS-11", "", props{"kubernetesNetworkConfig.serviceIpv4Cidr": "172.20.0.0/25"}},
		{"public service range", "cluster", onCheck, "EKS-11", "", props{"kubernetesNetworkConfig.serviceIpv4Cidr": "192.0.2.0/24"}},
		{"log type", "cluster", onCheck, "EKS-12", "", props{"enabledClusterLogTypes": []any{"API"}}},
		{"mode", "cluster", onCheck, "EKS-13", "", props{"accessConfig.authenticationMode": "IAM"}},
		{"encrypted", "cluster", onCheck, "EKS-17", "", props{"encryptionConfig.resources": []any{"configmaps"}}},
		{"support", "cluster", onCheck, "EKS-18", "", props{"upgradePolicy.supportType": "NONE"}},
		{"public range host bits", "cluster", onCheck, "EKS-07", "", props{"vpcConfig.publicAccessCidrs": []any{"203.0.113.1/24"}}},
		{"one zone", "cluster", onCreate, "EKS-02", invalid, props{"vpcConfig.subnetIds": []any{"=private1", "=public1"}}},
		{"two VPCs", "cluster", onCreate, "EKS-02", invalid, props{"vpcConfig.subnetIds": []any{"=private2", "=other1"}}},
		{"other zones", "cluster", onUpdate, "EKS-03", invalid, props{"vpcConfig.subnetIds": []any{"=private1", "=far"}}},
		{"no room", "cluster", onCreate, "EKS-03", invalid, props{"vpcConfig.subnetIds": []any{"=private2", "=tight"}}},
		{"groups of another VPC", "cluster", onCreate, "EKS-05", invalid, props{"vpcConfig.securityGroupIds": []any{"=elsewhere"}}},
		{"no endpoint", "cluster", onUpdate, "EKS-06", invalid, props{"vpcConfig.endpointPrivateAccess": false}},
		{"ranges without endpoint", "cluster", onUpdate, "EKS-07", invalid, props{"vpcConfig.publicAccessCidrs": []any{"203.0.113.0/24"}}},
		{"private ranges", "cluster", onUpdate, "EKS-07", invalid, props{"vpcConfig.endpointPublicAccess": true, "vpcConfig.publicAccessCidrs": []any{"10.0.0.0/8"}}},
		{"version", "cluster", onCreate, "EKS-09", invalid, props{"version": "1.30"}},
		{"two versions up", "cluster", onUpdate, "EKS-10", invalid, props{"version": "1.37"}},
		{"version down", "cluster", onUpdate, "EKS-10", invalid, props{"version": "1.34"}},
		{"services in the VPC", "cluster", onCreate, "EKS-11", invalid, props{"kubernetesNetworkConfig.serviceIpv4Cidr": "10.0.200.0/24"}},
		{"mode back", "cluster", onUpdate, "EKS-13", invalid, props{"accessConfig.authenticationMode": "CONFIG_MAP"}},
		{"encryption off", "cluster", onUpdate, "EKS-17", invalid, props{"encryptionConfig": nil}},
		{"asymmetric key", "cluster", onCreate, "EKS-17", invalid, props{"encryptionConfig.provider.keyArn": "=rsa.arn"}},
		{"untrusting role", "cluster", onCreate, "EKS-19", invalid, props{"roleArn": "=nodeRole.arn"}},
		{"role without policy", "cluster", onCreate, "EKS-19", invalid, props{"roleArn": "=bareRole.arn"}},
	}
}

func nodeRefusalCases() []refusal {
	const invalid = "InvalidParameterException"
	return []refusal{
		{"long name", "nodes", onCheck, "EKS-22", "", props{"nodeGroupName": strings.Repeat("n", 64)}},
		{"AMI", "nodes", onCheck, "EKS-24", "", props{"amiType": "AL2022"}},
		{"capacity", "nodes", onCheck, "EKS-24", "", props{"capacityType": "CHEAP"}},
		{"least", "nodes", onCheck, "EKS-23", "", props{"scalingConfig.minSize": -1}},
		{"wanted", "nodes", onCheck, "EKS-23", "", props{"scalingConfig.desiredSize": -1}},
		{"most", "nodes", onCheck, "EKS-23", "", props{"scalingConfig.maxSize": 0}},
		{"template twice", "nodes", onCheck, "EKS-25", "", props{"launchTemplate.name": "x"}},
		{"unavailable twice", "nodes", onCheck, "EKS-29", "", props{"updateConfig": props{"maxUnavailable": 1, "maxUnavailablePercentage": 1}}},
		{"unavailable", "nodes", onCheck, "EKS-29", "", props{"updateConfig": props{"maxUnavailable": 101}}},
		{"unavailable share", "nodes", onCheck, "EKS-29", "", props{"updateConfig": props{"maxUnavailablePercentage": 101}}},
		{"taint", "nodes", onCheck, "EKS-30", "", props{"taints": []any{props{"key": "k", "effect": "NoSchedule"}}}},
		{"name charset", "nodes", onCreate, "EKS-22", invalid, props{"nodeGroupName": "a.b"}},
		{"desired below min", "nodes", onUpdate, "EKS-23", invalid, props{"scalingConfig.desiredSize": 0}},
		{"desired above max", "nodes", onUpdate, "EKS-23", invalid, props{"scalingConfig.desiredSize": 4}},
		{"AL2", "nodes", onCreate, "EKS-24", invalid, props{"amiType": "AL2_x86_64"}},
		{"template and disk", "nodes", onCreate, "EKS-25", invalid, props{"diskSize": 30}},
		{"template and SSH", "nodes", onCreate, "EKS-25", invalid, props{"remoteAccess": props{"ec2SshKey": "k"}}},
		{"template version", "nodes", onCreate, "EKS-25", invalid, props{"launchTemplate.version": "undefined"}},
		{"ahead of the cluster", "nodes", onUpdate, "EKS-10", invalid, props{"version": "1.36"}},
		{"untrusting role", "nodes", onCreate, "EKS-27", invalid, props{"nodeRoleArn": "=eksRole.arn"}},
		{"another VPC", "nodes", onCreate, "EKS-28", invalid, props{"subnetIds": []any{"=other1"}}},
		{"bounds", "machines", onUpdate, "EKS-23", "ValidationError", props{"minSize": 2}},
		{"template name", "template", onCheck, "EKS-25", "", props{"name": "a b"}},
		{"two default versions", "template", onCheck, "EKS-25", "", props{"defaultVersion": 1, "updateDefaultVersion": true}},
		{"tokens", "template", onCheck, "EKS-31", "", props{"metadataOptions.httpTokens": "always"}},
		{"metadata endpoint", "template", onCheck, "EKS-31", "", props{"metadataOptions.httpEndpoint": "on"}},
		{"hops", "template", onCheck, "EKS-31", "", props{"metadataOptions.httpPutResponseHopLimit": 65}},
		{"default version", "template", onUpdate, "EKS-25", "InvalidLaunchTemplateId.VersionNotFound", props{"defaultVersion": 9}},
	}
}

func accessRefusals() []refusal {
	const invalid = "InvalidParameterException"
	node := props{"principalArn": "=nodeRole.arn"}
	return []refusal{
		{"conflicts on create", "cni", onCheck, "EKS-32", "", props{"resolveConflictsOnCreate": "PRESERVE"}},
		{"conflicts on update", "cni", onCheck, "EKS-32", "", props{"resolveConflictsOnUpdate": "KEEP"}},
		{"unknown add-on", "cni", onCreate, "EKS-32", invalid, props{"addonName": "flannel", "addonVersion": nil}},
		{"add-on of another version", "proxy", onUpdate, "EKS-32", invalid, props{"addonVersion": "v1.34.1-eksbuild.2"}},
		{"add-on line", "coredns", onUpdate, "EKS-32", invalid, props{"addonVersion": "v1.9.3-eksbuild.2"}},
		{"configuration", "cni", onUpdate, "EKS-32", invalid, props{"configurationValues": "{"}},
		{"boolean policy", "cni", onUpdate, "EKS-34", invalid, props{"configurationValues": `{"enableNetworkPolicy":true}`}},
		{"principal", "entry", onCheck, "EKS-16", "", props{"principalArn": "administrator"}},
		{"entry type", "entry", onCheck, "EKS-16", "", props{"type": "USER"}},
		{"entry twice", "entry", onCreate, "EKS-15", "ResourceInUseException", nil},
		{"entry of the nodes", "entry", onCreate, "EKS-15", "ResourceInUseException", node},
		{"machine with groups", "entry", onCreate, "EKS-16", invalid, props{"principalArn": "arn:aws:iam::123456789012:role/other", "type": "EC2_LINUX", "kubernetesGroups": []any{"g"}}},
		{"scope", "adminPolicy", onCheck, "EKS-16", "", props{"accessScope.type": "pod"}},
		{"unknown policy", "adminPolicy", onCreate, "EKS-16", invalid, props{"policyArn": managed + "AdministratorAccess"}},
		{"policy without entry", "adminPolicy", onCreate, "EKS-16", "ResourceNotFoundException", props{"principalArn": "arn:aws:iam::123456789012:role/other"}},
		{"policy for nodes", "adminPolicy", onCreate, "EKS-16", "InvalidRequestException", node},
		{"scope without namespaces", "adminPolicy", onCreate, "EKS-16", invalid, props{"policyArn": accessPrefix + "AmazonEKSViewPolicy", "accessScope.type": "namespace"}},
		{"cluster scope with namespaces", "adminPolicy", onCreate, "EKS-16", invalid, props{"policyArn": accessPrefix + "AmazonEKSViewPolicy", "accessScope.namespaces": []any{"n"}}},
	}
}

func balancerRefusalCases() []refusal {
	list := []refusal{
		{"long name", "nlb", onCheck, "NLB-01", "", props{"name": strings.Repeat("n", 33)}},
		{"hyphen", "nlb", onCheck, "NLB-01", "", props{"name": "nlb-"}},
		{"internal-", "nlb", onCheck, "NLB-01", "", props{"name": "internal-nlb"}},
		{"type", "nlb", onCheck, "NLB-05", "", props{"loadBalancerType": "classic"}},
		{"address type", "nlb", onCheck, "NLB-05", "", props{"ipAddressType": "ipv6"}},
		{"no subnets", "nlb", onCheck, "NLB-02", "", props{"subnetMappings": nil}},
		{"address", "nlb", onCheck, "NLB-03", "", props{"subnetMappings[0].privateIpv4Address": "ten"}},
		{"one zone twice", "nlb", onCreate, "NLB-02", "InvalidConfigurationRequest", props{"subnetMappings": []any{props{"subnetId": "=private1"}, props{"subnetId": "=public1"}}}},
		{"two VPCs", "nlb", onCreate, "NLB-02", "InvalidConfigurationRequest", props{"subnetMappings": []any{props{"subnetId": "=private2"}, props{"subnetId": "=other1"}}}},
		{"ALB in one subnet", "alb", onCreate, "NLB-02", "ValidationError", props{"subnets": []any{"=private1"}}},
		{"no room", "nlb", onCreate, "NLB-02", "InvalidSubnet", props{"subnetMappings": []any{props{"subnetId": "=tight"}}}},
		{"public with private address", "nlb", onCreate, "NLB-03", "InvalidConfigurationRequest", props{"internal": false, "subnetMappings[0].privateIpv4Address": "10.0.1.249", "subnetMappings[1].privateIpv4Address": "10.0.2.249"}},
		{"address in use", "nlb", onCreate, "NLB-03", "InvalidConfigurationRequest", nil},
		{"address outside", "nlb", onCreate, "NLB-03", "InvalidConfigurationRequest", props{"subnetMappings[0].privateIpv4Address": "10.0.2.9"}},
		{"reserved address", "nlb", onCreate, "NLB-03", "InvalidConfigurationRequest", props{"subnetMappings[0].privateIpv4Address": "10.0.1.3"}},
		{"groups taken away", "nlb", onUpdate, "NLB-04", "InvalidConfigurationRequest", props{"securityGroups": nil}},
		{"groups of another VPC", "nlb", onUpdate, "NLB-04", "InvalidSecurityGroup", props{"securityGroups": []any{"=elsewhere"}}},
		{"target group name", "targets", onCheck, "NLB-11", "", props{"name": "a_b"}},
		{"target port", "targets", onCheck, "NLB-11", "", props{"port": 0}},
		{"target protocol", "targets", onCheck, "NLB-11", "", props{"protocol": "SCTP"}},
		{"target type", "targets", onCheck, "NLB-11", "", props{"targetType": "pod"}},
		{"target without VPC", "targets", onCheck, "NLB-11", "", props{"vpcId": nil}},
		{"client address", "targets", onCheck, "NLB-07", "", props{"preserveClientIp": "yes"}},
		{"TCP check with path", "targets", onCheck, "NLB-09", "", props{"healthCheck.path": "/healthz"}},
		{"timeout over interval", "targets", onUpdate, "NLB-09", "ValidationError", props{"healthCheck.timeout": 20}},
		{"listener port", "listener", onCheck, "NLB-11", "", props{"port": 65536}},
		{"idle timeout", "listener", onCheck, "NLB-12", "", props{"tcpIdleTimeoutSeconds": 59}},
		{"action", "listener", onCheck, "NLB-11", "", props{"defaultActions[0].type": "drop"}},
		{"listener protocol", "listener", onUpdate, "NLB-11", "InvalidConfigurationRequest", props{"protocol": "HTTP"}},
		{"protocols", "listener", onUpdate, "NLB-11", "IncompatibleProtocols", props{"protocol": "UDP"}},
		{"targets in use elsewhere", "listener", onCreate, "NLB-11", "TargetGroupAssociationLimit", props{"loadBalancerArn": "=publicNLB"}},
		{"targets of another VPC", "listener", onCreate, "NLB-11", "InvalidConfigurationRequest", props{"port": 9, "defaultActions[0].targetGroupArn": "=farTargets"}},
		{"target outside", "member", onCreate, "NLB-10", "InvalidTarget", props{"targetId": "198.51.100.1"}},
		{"target in no zone", "member", onCreate, "NLB-10", "InvalidTarget", props{"availabilityZone": nil}},
		{"no group", "members", onCheck, "NLB-11", "", props{"lbTargetGroupArn": nil}},
		{"addresses for machines", "members", onCreate, "NLB-11", "ValidationError", props{"lbTargetGroupArn": "=webTargets"}},
		{"protected", "kept", onDelete, "NLB-05", "OperationNotPermitted", nil},
	}
	for path, value := range map[string]any{
		"deregistrationDelay": 3601, "healthCheck.interval": 4, "healthCheck.timeout": 1, "healthCheck.healthyThreshold": 1,
		"healthCheck.unhealthyThreshold": 11, "healthCheck.protocol": "UDP",
	} {
		list = append(list, refusal{path, "targets", onCheck, "NLB-09", "", props{path: value}})
	}
	return list
}

func elevenTags() map[string]any {
	tags := map[string]any{}
	for i := range 11 {
		tags[fmt.Sprint("key", i)] = "v"
	}
	return tags
}

func dnsRefusals() []refusal {
	const batch = "InvalidChangeBatch"
	return []refusal{
		{"delegation of a private zone", "zone", onCheck, "R53-03", "", props{"delegationSetId": "N1"}},
		{"zone name", "zone", onCreate, "R53-03", "InvalidDomainName", props{"name": "private..internal"}},
		{"zone with eleven tags", "zone", onCreate, "R53-25", "InvalidInput", props{"tags": elevenTags()}},
		{"zone with eleven new tags", "zone", onUpdate, "R53-25", "InvalidInput", props{"tags": elevenTags()}},
		{"same zone", "zone", onCreate, "R53-02", "ConflictingDomainExists", props{"name": "Private.AWS.internal."}},
		{"zone over an endpoint", "zone", onCreate, "VPC-33", "ConflictingDomainExists", props{"name": "sts.eu-west-2.amazonaws.com"}},
		{"zone with records", "zone", onDelete, "R53-05", "HostedZoneNotEmpty", nil},
		{"public zone", "zone2", onCreate, "R53-03", "PublicZoneVPCAssociation", props{"zoneId": "=open"}},
		{"zone of the same name", "zone2", onCreate, "R53-02", "ConflictingDomainExists", props{"zoneId": "=twin", "vpcId": "=vpc"}},
		{"record type", "text", onCheck, "R53-06", "", props{"type": "ALIAS"}},
		{"alias and records", "text", onCheck, "R53-06", "", props{"aliases": []any{props{"name": "a", "zoneId": "Z", "evaluateTargetHealth": true}}}},
		{"alias with TTL", "relay", onCheck, "R53-06", "", props{"ttl": 60}},
		{"records without TTL", "text", onCheck, "R53-06", "", props{"ttl": nil}},
		{"record exists", "text", onCreate, "R53-06", batch, props{"name": "note.private.aws.internal."}},
		{"alias to nothing", "relay", onUpdate, "R53-06", batch, props{"aliases[0].name": "gone.elb.eu-west-2.amazonaws.com"}},
		{"alias in the wrong zone", "relay", onUpdate, "R53-06", batch, props{"aliases[0].zoneId": "ZHURV8PSTC4K8"}},
		{"CNAME at the apex", "text", onCreate, "R53-06", batch, props{"name": "private.aws.internal", "type": "CNAME", "records": []any{"example.com"}}},
		{"CNAME beside others", "text", onCreate, "R53-06", batch, props{"name": "note", "type": "CNAME", "records": []any{"example.com"}}},
		{"A of a name", "text", onCreate, "R53-06", batch, props{"name": "a", "type": "A", "records": []any{"example.com"}}},
		{"digits alone", "inbound", onCheck, "R53-10", "", props{"name": "42"}},
		{"direction", "inbound", onCheck, "R53-11", "", props{"direction": "BOTH"}},
		{"endpoint type", "inbound", onCheck, "R53-11", "", props{"resolverEndpointType": "IPV5"}},
		{"protocol", "inbound", onCheck, "R53-11", "", props{"protocols": []any{"DoT"}}},
		{"one address", "inbound", onCheck, "R53-09", "", props{"ipAddresses": []any{props{"subnetId": "subnet-1"}}}},
		{"groups of another VPC", "inbound", onCreate, "R53-12", "InvalidParameterException", props{"securityGroupIds": []any{"=elsewhere"}}},
		{"two VPCs", "inbound", onUpdate, "R53-09", "InvalidRequestException", props{"ipAddresses[2]": props{"subnetId": "=other1"}}},
		{"reserved address", "inbound", onUpdate, "R53-13", "InvalidRequestException", props{"ipAddresses[0].ip": "10.0.1.2"}},
		{"address in use", "inbound", onUpdate, "R53-13", "ResourceExistsException", props{"ipAddresses[0].ip": "10.0.1.252"}},
		{"address twice", "inbound", onUpdate, "R53-13", "ResourceExistsException", props{"ipAddresses[0].ip": "10.0.1.20", "ipAddresses[1]": props{"subnetId": "=private1", "ip": "10.0.1.20"}}},
		{"rule name", "rule", onCheck, "R53-10", "", props{"name": "a.b"}},
		{"rule type", "rule", onCheck, "R53-14", "", props{"ruleType": "DROP"}},
		{"long domain", "rule", onCheck, "R53-15", "", props{"domainName": strings.Repeat("d", 257)}},
		{"target port", "rule", onCheck, "R53-15", "", props{"targetIps[0].port": 0}},
		{"target address", "rule", onUpdate, "R53-14", "InvalidParameterException", props{"targetIps[0].ip": "azure"}},
		{"seven targets", "rule", onUpdate, "R53-14", "InvalidParameterException", props{"targetIps": manyTargets(7)}},
		{"no endpoint", "rule", onCreate, "R53-14", "InvalidRequestException", props{"resolverEndpointId": nil}},
		{"inbound endpoint", "rule", onUpdate, "R53-14", "InvalidRequestException", props{"resolverEndpointId": "=inbound"}},
		{"system rule with targets", "rule", onCreate, "R53-14", "InvalidRequestException", props{"ruleType": "SYSTEM"}},
		{"association name", "ruleIn", onCheck, "R53-10", "", props{"name": "a.b"}},
		{"same domain twice", "ruleIn", onCreate, "R53-17", "InvalidRequestException", nil},
		{"query log name", "queryLog", onCheck, "R53-10", "", props{"name": "7"}},
		{"query log twice", "queryLogOf", onCreate, "R53-17", "ResourceExistsException", nil},
	}
}

func manyTargets(n int) []any {
	return many(n, func(i int) any { return props{"ip": fmt.Sprintf("10.10.2.%d", 10+i)} })
}
