package network

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"

	"burrow/internal/plan"
)

const (
	// amazonDNS stands for the VPC's own resolver in a list of DNS servers.
	amazonDNS = "AmazonProvidedDNS"
	// noDHCPOptions is what EC2 calls the options of a VPC that has none.
	noDHCPOptions = "default"
)

// vpcServers: private zones and resolver rules answer those alone who ask the VPC's
// own resolver, and EKS wants it in the DHCP options (EKS-08). With other servers
// everything is made and nothing finds the other cloud.
func (e *existing) vpcServers(found *ec2.LookupVpcResult) error {
	n := e.args.Network.AWS
	refuse := func(why string) {
		e.refuse(vpcKey, n.VPCID, why+": hosts that do not ask "+amazonDNS+" see neither private zones nor resolver rules, and the private API of EKS needs it (EKS-08)",
			fmt.Sprintf("aws ec2 associate-dhcp-options --region %s --vpc-id %s --dhcp-options-id ID, with the id of options whose domain-name-servers are %s (resolver rules can lead on to other servers); or name another VPC",
				n.Region, n.VPCID, amazonDNS))
	}
	if found.DhcpOptionsId == noDHCPOptions {
		refuse("the VPC has no DHCP options")
		return nil
	}
	options, err := ec2.LookupVpcDhcpOptions(e.ctx, &ec2.LookupVpcDhcpOptionsArgs{DhcpOptionsId: &found.DhcpOptionsId}, by(e.args.AWS)...)
	if err != nil {
		return fmt.Errorf("its DHCP options %s: %w", found.DhcpOptionsId, err)
	}
	servers := options.DomainNameServers
	switch {
	case len(servers) == 0:
		refuse(fmt.Sprintf("the DHCP options %s name no DNS servers", found.DhcpOptionsId))
	case slices.ContainsFunc(servers, func(s string) bool { return s != amazonDNS }):
		refuse(fmt.Sprintf("the DHCP options %s name the DNS servers %s", found.DhcpOptionsId, strings.Join(servers, ", ")))
	}
	return nil
}

// vpcEndpoints: the public name of a service leads to one endpoint of a VPC (VPC-33).
func (e *existing) vpcEndpoints() error {
	if e.args.Network.AWS.HasNAT() {
		return nil
	}
	for _, service := range endpointServices {
		if err := e.vpcEndpoint(service); err != nil {
			return fmt.Errorf("its endpoint of %s: %w", service, err)
		}
	}
	return nil
}

func (e *existing) vpcEndpoint(service string) error {
	n := e.args.Network.AWS
	name := endpointName(e.args.Estate, service)
	found, err := e.lookUpEndpoint(service, nil)
	switch {
	case notThere(err):
		return nil
	case isSeveral(err):
		return e.severalEndpoints(service, name)
	case err != nil:
		return err
	}
	// EC2 tells of what was deleted for a while yet.
	if !found.PrivateDnsEnabled || isOurs(found.Tags, name) || strings.EqualFold(found.State, "deleted") {
		return nil
	}
	e.refuse("network.aws.egress", n.Egress, fmt.Sprintf("%s has an endpoint of %s already, %s, and with private DNS a VPC has one only (VPC-33)", n.VPCID, found.ServiceName, found.Id),
		fmt.Sprintf("aws ec2 modify-vpc-endpoint --region %s --vpc-endpoint-id %s --no-private-dns-enabled, after which its hosts use the estate's; or delete it, write another egress, or name another VPC",
			n.Region, found.Id))
	return nil
}

// severalEndpoints: the provider looks at one thing only and tells of several no
// more than that. Where ours is among them it has the name, and the others cannot.
func (e *existing) severalEndpoints(service, name string) error {
	ours, err := e.lookUpEndpoint(service, map[string]string{"ManagedBy": "burrow", "Name": name})
	switch {
	case err == nil && ours.PrivateDnsEnabled:
		return nil
	case err != nil && !notThere(err) && !isSeveral(err):
		return err
	}
	return e.ctx.Log.Warn(fmt.Sprintf("network.aws.egress = endpoints: %s has several endpoints of %s. If one has private DNS, AWS will refuse the estate's (VPC-33).",
		e.args.Network.AWS.VPCID, service), nil)
}

func (e *existing) lookUpEndpoint(service string, tags map[string]string) (*ec2.LookupVpcEndpointResult, error) {
	n := e.args.Network.AWS
	full := endpointService(n.Region, service)
	return ec2.LookupVpcEndpoint(e.ctx, &ec2.LookupVpcEndpointArgs{VpcId: &n.VPCID, ServiceName: &full, Tags: tags}, by(e.args.AWS)...)
}

// endpointService and endpointName are what the estate's endpoint of a service is
// known by.
func endpointService(region, service string) string { return "com.amazonaws." + region + "." + service }

func endpointName(estate plan.Estate, service string) string {
	return estate.Name("burrow-" + dashed(service))
}

// isSeveral says that a question of the AWS provider found more than one.
func isSeveral(err error) bool {
	return err != nil && strings.Contains(err.Error(), "multiple EC2 ")
}
