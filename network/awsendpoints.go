package network

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/vpc"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"burrow/internal/iampolicy"
	"burrow/internal/plan"
)

// endpointServices are the AWS services that something in the private subnets
// talks to (VPC-36, VPC-38), after com.amazonaws.REGION. Each takes an address of
// every private subnet; [plan.EndpointServices] is their number.
//
// Not among them, because nobody asks them: eks, for nodes of a managed group are
// told of their cluster when they start; elasticloadbalancing and autoscaling,
// for no controller in the cluster makes load balancers or nodes; ec2messages,
// which SSM agents from 3.3.40 on leave for ssmmessages, and images of the
// Kubernetes versions that Burrow knows have newer ones.
var endpointServices = []string{
	"ec2",         // nodes ask for their own name, the VPC CNI makes interfaces and takes addresses
	"ecr.api",     // kubelets get the token that pulls images
	"ecr.dkr",     // container runtimes pull them; their layers come from S3
	"sts",         // nodes and programs in pods ask who they are, and take further roles
	"eks-auth",    // the pod identity agent gets the credentials of pods
	"logs",        // whatever ships logs of containers, or of sessions through SSM
	"ssm",         // the SSM agent registers its node
	"ssmmessages", // and takes its sessions, which are the only way into a node
}

// endpoints makes the endpoints of AWS services that stand in for a way to the
// internet. Their interfaces take any free address, so the reservations come
// first. So do the rules that let clients in: an endpoint takes the whole VPC's
// questions from its first moment to its last.
func (b *awsBuilder) endpoints() error {
	reserved := slices.Clone(b.out.Ready)
	if err := b.layers(); err != nil {
		return fmt.Errorf("s3: %w", err)
	}
	group, rules, err := b.endpointGroup()
	if err != nil {
		return fmt.Errorf("security group: %w", err)
	}
	stand := pulumi.DependsOn(append(reserved, rules...))
	for _, service := range endpointServices {
		policy, err := endpointPolicy(service, b.args.Network.AWS, b.args.Relay)
		if err != nil {
			return fmt.Errorf("%s: %w", service, err)
		}
		args := b.endpointArgs(service, policy)
		args.VpcEndpointType = pulumi.String("Interface")
		args.SecurityGroupIds = pulumi.StringArray{group}
		// Under the names that everybody uses anyway.
		args.PrivateDnsEnabled = pulumi.Bool(true)
		args.SubnetIds = idStrings(b.out.PrivateSubnetIDs)
		endpoint, err := ec2.NewVpcEndpoint(b.ctx, b.name+"-endpoint-"+dashed(service), args, b.parent, stand)
		if err != nil {
			return fmt.Errorf("%s: %w", service, err)
		}
		b.out.Ready = append(b.out.Ready, endpoint)
	}
	return nil
}

// layers is the endpoint of S3, where ECR keeps the layers of images: an entry in
// the private route tables, for the addresses of S3 in this region.
func (b *awsBuilder) layers() error {
	policy, err := layerPolicy(b.args.Network.AWS.Region)
	if err != nil {
		return err
	}
	args := b.endpointArgs("s3", policy)
	args.VpcEndpointType = pulumi.String("Gateway")
	args.RouteTableIds = idStrings(b.out.PrivateRouteTableIDs)
	endpoint, err := ec2.NewVpcEndpoint(b.ctx, b.name+"-endpoint-s3", args, b.parent)
	if err != nil {
		return err
	}
	b.out.S3PrefixListID = endpoint.PrefixListId
	b.out.Ready = append(b.out.Ready, endpoint)
	return nil
}

func (b *awsBuilder) endpointArgs(service, policy string) *ec2.VpcEndpointArgs {
	return &ec2.VpcEndpointArgs{
		VpcId:       b.out.VPCID,
		ServiceName: pulumi.String(endpointService(b.args.Network.AWS.Region, service)),
		Policy:      pulumi.String(policy),
		Tags:        b.tags(endpointName(b.args.Estate, service)),
	}
}

// endpointGroup is the security group of all interface endpoints. They answer and
// ask nothing, so nothing goes out. The rules are who may come in.
func (b *awsBuilder) endpointGroup() (group pulumi.IDOutput, rules []pulumi.Resource, err error) {
	name := b.args.Estate.Name("burrow-endpoints")
	made, err := ec2.NewSecurityGroup(b.ctx, b.name+"-endpoints", &ec2.SecurityGroupArgs{
		Name:        pulumi.String(name),
		Description: pulumi.String("endpoints of AWS services"),
		VpcId:       b.out.VPCID,
		Tags:        b.tags(name),
	}, b.parent,
		// Only another VPC replaces the group, and names are free there; what uses
		// the old one has to move before it can go.
		pulumi.DeleteBeforeReplace(false))
	if err != nil {
		return group, nil, err
	}
	group = made.ID()
	b.out.EndpointGroupID = group
	for _, source := range endpointClients(b.args.Network.AWS, b.args.APIClients) {
		rule, err := vpc.NewSecurityGroupIngressRule(b.ctx, b.name+"-endpoints-from-"+source.name, &vpc.SecurityGroupIngressRuleArgs{
			SecurityGroupId: group,
			Description:     pulumi.String(source.why),
			IpProtocol:      pulumi.String("tcp"),
			FromPort:        pulumi.Int(httpsPort),
			ToPort:          pulumi.Int(httpsPort),
			CidrIpv4:        pulumi.String(source.cidr.String()),
			Tags:            b.tags(name),
		}, b.parent)
		if err != nil {
			return group, nil, fmt.Errorf("from %s: %w", source.name, err)
		}
		rules = append(rules, rule)
	}
	b.out.Ready = append(b.out.Ready, rules...)
	return group, rules, nil
}

// client is a range whose hosts use the endpoints.
type client struct {
	name string // unique, and never changes for the range
	cidr netip.Prefix
	why  string
}

// endpointClients are the ranges that the endpoints admit. Private DNS turns the
// services' names to the endpoints for the whole VPC: whoever is not admitted
// loses those services (VPC-37). In a VPC of Burrow's own that is nobody but its
// private subnets and the ranges of the configuration; in a VPC that exists
// others live too, who must not be cut off.
func endpointClients(aws plan.AWSNetwork, more []netip.Prefix) []client {
	if !aws.MakesVPC() {
		return []client{{"vpc", aws.CIDR, "the VPC, whose hosts all find these endpoints by the names of the services"}}
	}
	var clients []client
	for i, zone := range aws.Zones {
		clients = append(clients, client{"private-" + az(i), zone.Private, "nodes and pods in " + az(i)})
	}
	for _, r := range more {
		// A rule that stands already may not stand twice (VPC-23).
		if !slices.ContainsFunc(aws.Zones, func(z plan.Zone) bool { return z.Private.Masked() == r.Masked() }) {
			clients = append(clients, client{"client-" + dashed(r.String()), r, "hosts that work with the estate"})
		}
	}
	return clients
}

// Pulling an image takes these, and nothing else does.
var pullActions = []string{"ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"}

// endpointPolicy is what may pass through the endpoint of a service. Principals
// are those of the estate's account only: credentials that somebody brings from
// elsewhere would make the endpoint a way to carry things out.
func endpointPolicy(service string, aws plan.AWSNetwork, relay plan.Relay) (string, error) {
	ours := func(actions []string, resources ...string) iampolicy.Statement {
		return iampolicy.Statement{
			Principal: "*",
			Action:    actions,
			Resource:  resources,
			Condition: map[string]map[string]string{"StringEquals": {"aws:PrincipalAccount": aws.AccountID}},
		}
	}
	if !strings.HasPrefix(service, "ecr.") {
		return iampolicy.Document(ours([]string{"*"}, "*"))
	}
	addons, err := addonRegistry(aws.Region)
	if err != nil {
		return "", err
	}
	own := relay.Repository()
	if own == "" {
		own = "*"
	}
	return iampolicy.Document(
		ours([]string{"ecr:GetAuthorizationToken"}, "*"), // belongs to no repository
		ours(pullActions,
			repositoryARN(aws.Region, aws.AccountID, own),
			// The VPC CNI, kube-proxy, CoreDNS, the pod identity agent and the pause image.
			repositoryARN(aws.Region, addons, "*")),
	)
}

func repositoryARN(region, account, repository string) string {
	return fmt.Sprintf("arn:aws:ecr:%s:%s:repository/%s", region, account, repository)
}

// layerPolicy lets images' layers through, which ECR keeps in a bucket of its own
// in each region. The requests are signed by ECR and not by whoever pulls, so that
// the account's condition would fit none. SSM keeps documents and agents in S3,
// too; sessions need neither.
// Source: docs.aws.amazon.com/AmazonECR, vpc-endpoints.
func layerPolicy(region string) (string, error) {
	return iampolicy.Document(iampolicy.Statement{
		Principal: "*",
		Action:    []string{"s3:GetObject"},
		Resource:  []string{fmt.Sprintf("arn:aws:s3:::prod-%s-starport-layer-bucket/*", region)},
	})
}

// addonRegistries are the accounts that EKS's own images come from, with their
// regions. Regions that an account has to opt in to have accounts of their own.
// Source: docs.aws.amazon.com/eks, add-ons-images.
var addonRegistries = map[string][]string{
	"602401143452": {
		"ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-southeast-1", "ap-southeast-2", "ca-central-1",
		"eu-central-1", "eu-north-1", "eu-west-1", "eu-west-2", "eu-west-3", "sa-east-1", "us-east-1", "us-east-2", "us-west-2",
	},
}

// addonRegistry is the account of a region. Without it no node would become ready,
// half an hour later (EKS-28).
func addonRegistry(region string) (string, error) {
	for account, regions := range addonRegistries {
		if slices.Contains(regions, region) {
			return account, nil
		}
	}
	return "", fmt.Errorf("no registry of EKS add-ons is known in %s", region)
}

func idStrings(ids []pulumi.IDOutput) pulumi.StringArray {
	texts := make(pulumi.StringArray, len(ids))
	for i, id := range ids {
		texts[i] = id
	}
	return texts
}

// dashed is a service or a range as part of a name.
func dashed(s string) string { return strings.NewReplacer(".", "-", "/", "-").Replace(s) }
