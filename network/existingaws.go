package network

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"

	"burrow/internal/plan"
)

const vpcKey = "network.aws.vpcId"

// maxZones are the most that a region has: as many of an estate's zones may have
// had subnets.
const maxZones = 6

// notThere says that a question of the AWS provider found nothing, as against
// having failed.
func notThere(err error) bool { return err != nil && strings.Contains(err.Error(), "no matching EC2 ") }

func (e *existing) checkVPC() error {
	n := e.args.Network.AWS
	found, err := ec2.LookupVpc(e.ctx, &ec2.LookupVpcArgs{Id: &n.VPCID}, by(e.args.AWS)...)
	switch {
	case notThere(err):
		e.refuse(vpcKey, n.VPCID, fmt.Sprintf("account %s has no such VPC in %s", n.AccountID, n.Region), "name one that exists, or leave it empty")
		return nil
	case err != nil:
		return err
	}
	e.vpcRanges(found)
	e.vpcNames(found)
	if err := e.vpcServers(found); err != nil {
		return err
	}
	for _, check := range []func() error{e.vpcSubnets, e.vpcInternet, e.vpcGateway, e.vpcEndpoints} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

// vpcRanges: the tunnels carry the VPC's range, and rules of both clouds name it.
func (e *existing) vpcRanges(found *ec2.LookupVpcResult) {
	n := e.args.Network.AWS
	if found.State != "available" {
		e.refuse(vpcKey, n.VPCID, "the VPC is "+found.State, "wait until it is available")
	}
	if found.CidrBlock != n.CIDR.String() {
		e.refuse("network.aws.cidr", n.CIDR, fmt.Sprintf("the range of %s is %s", n.VPCID, found.CidrBlock), "write "+found.CidrBlock+", or name another VPC")
	}
	for _, a := range found.CidrBlockAssociations {
		if a.CidrBlock != found.CidrBlock && strings.HasPrefix(a.State, "associat") {
			e.refuse(vpcKey, n.VPCID, fmt.Sprintf("the VPC has a further range, %s, which no rule and no route of the estate knows", a.CidrBlock),
				fmt.Sprintf("aws ec2 disassociate-vpc-cidr-block --region %s --association-id %s, or name another VPC", n.Region, a.AssociationId))
		}
	}
}

// vpcNames: without either attribute, private zones and the private API of EKS
// have no names, and no node joins.
func (e *existing) vpcNames(found *ec2.LookupVpcResult) {
	n := e.args.Network.AWS
	for _, attribute := range []struct {
		name, option string
		on           bool
	}{
		{"enableDnsSupport", "--enable-dns-support", found.EnableDnsSupport},
		{"enableDnsHostnames", "--enable-dns-hostnames", found.EnableDnsHostnames},
	} {
		if !attribute.on {
			e.refuse(vpcKey, n.VPCID, attribute.name+" of the VPC is off: private zones and the private API of EKS need it (VPC-08)",
				fmt.Sprintf(`aws ec2 modify-vpc-attribute --region %s --vpc-id %s %s '{"Value":true}'`, n.Region, n.VPCID, attribute.option))
		}
	}
}

// vpcSubnets: the VPC's other subnets stay where they are.
func (e *existing) vpcSubnets() error {
	n := e.args.Network.AWS
	list, err := ec2.GetSubnets(e.ctx, &ec2.GetSubnetsArgs{
		Filters: []ec2.GetSubnetsFilter{{Name: "vpc-id", Values: []string{n.VPCID}}},
	}, by(e.args.AWS)...)
	if err != nil {
		return fmt.Errorf("list its subnets: %w", err)
	}
	var others []string
	for _, id := range list.Ids {
		subnet, err := ec2.LookupSubnet(e.ctx, &ec2.LookupSubnetArgs{Id: &id}, by(e.args.AWS)...)
		if err != nil {
			return fmt.Errorf("subnet %s: %w", id, err)
		}
		if isOurs(subnet.Tags, ourSubnetNames(e.args.Estate)...) {
			continue
		}
		others = append(others, id)
		if subnet.CidrBlock == "" { // IPv6 only
			continue
		}
		cidr, err := netip.ParsePrefix(subnet.CidrBlock)
		if err != nil {
			return fmt.Errorf("subnet %s: %w", id, err)
		}
		e.meets(plannedInAWS(n), id+" of "+n.VPCID, cidr)
	}
	return e.warnOthers(others)
}

// warnOthers: private DNS cannot be had for some subnets only (VPC-37).
func (e *existing) warnOthers(others []string) error {
	if n := e.args.Network.AWS; len(others) > 0 && !n.HasNAT() {
		return e.ctx.Log.Warn(fmt.Sprintf("network.aws.egress = endpoints: all of %s will reach %s through endpoints of this estate, %s too. "+
			"They admit the principals of account %s only, and to container registries pulls of the estate's images only.",
			n.VPCID, strings.Join(endpointServices, ", "), strings.Join(others, ", "), n.AccountID), nil)
	}
	return nil
}

func plannedInAWS(n plan.AWSNetwork) (planned []plannedSubnet) {
	const inUse = "subnets of a VPC share no address (VPC-04)"
	for i, zone := range n.Zones {
		planned = append(planned, plannedSubnet{key: fmt.Sprintf("network.aws.zones[%d].private", i), cidr: zone.Private, inUse: inUse})
		if n.HasNAT() {
			planned = append(planned, plannedSubnet{key: fmt.Sprintf("network.aws.zones[%d].public", i), cidr: zone.Public, inUse: inUse})
		}
	}
	return planned
}

// ourSubnetNames are the names that the estate's subnets have, now or before a
// change of zones or egress.
func ourSubnetNames(estate plan.Estate) (names []string) {
	for i := range maxZones {
		names = append(names, subnetName(estate, "private", i), subnetName(estate, "public", i))
	}
	return names
}

// isOurs knows what this estate made by its tags: another estate in the same VPC
// has a suffix, and so other names.
func isOurs(tags map[string]string, names ...string) bool {
	return tags["ManagedBy"] == "burrow" && slices.Contains(names, tags["Name"])
}

// vpcInternet: NAT gateways need an internet gateway that is attached (VPC-10).
func (e *existing) vpcInternet() error {
	const key = "network.aws.internetGatewayId"
	n := e.args.Network.AWS
	if !n.HasNAT() {
		return nil
	}
	gateway, err := ec2.LookupInternetGateway(e.ctx, &ec2.LookupInternetGatewayArgs{InternetGatewayId: &n.InternetGatewayID}, by(e.args.AWS)...)
	switch {
	case notThere(err):
		e.refuse(key, n.InternetGatewayID, fmt.Sprintf("account %s has no such internet gateway in %s", n.AccountID, n.Region), "name the one that is attached to "+n.VPCID)
		return nil
	case err != nil:
		return fmt.Errorf("internet gateway %s: %w", n.InternetGatewayID, err)
	}
	if !slices.ContainsFunc(gateway.Attachments, func(a ec2.GetInternetGatewayAttachmentType) bool { return a.VpcId == n.VPCID }) {
		e.refuse(key, n.InternetGatewayID, "it is not attached to "+n.VPCID+": NAT gateways there would have no way out (VPC-10)",
			fmt.Sprintf("name the one that is, or aws ec2 attach-internet-gateway --region %s --internet-gateway-id %s --vpc-id %s", n.Region, n.InternetGatewayID, n.VPCID))
	}
	return nil
}

// vpcGateway: a VPC has one virtual private gateway (AWV-06).
func (e *existing) vpcGateway() error {
	n := e.args.Network.AWS
	if e.args.VPN.OnTransit() {
		return nil
	}
	gateway, err := ec2.LookupVpnGateway(e.ctx, &ec2.LookupVpnGatewayArgs{AttachedVpcId: &n.VPCID}, by(e.args.AWS)...)
	switch {
	case notThere(err):
		return nil
	case err != nil:
		return fmt.Errorf("its virtual private gateway: %w", err)
	}
	if !isOurs(gateway.Tags, e.args.Estate.Name("burrow-vgw")) {
		e.refuse("vpn.awsGateway", e.args.VPN.AWSGateway, fmt.Sprintf("%s has a virtual private gateway already, %s, and a VPC has one only (AWV-06)", n.VPCID, gateway.Id),
			"write transit-gateway, or name another VPC")
	}
	return nil
}
