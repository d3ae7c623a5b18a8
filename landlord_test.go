package main

import (
	"maps"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	aznet "github.com/pulumi/pulumi-azure-native-sdk/network/v2"
	"github.com/pulumi/pulumi-azure-native-sdk/resources/v2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"burrow/internal/emulator"
	"burrow/internal/local"
	"burrow/internal/plan"
)

// The landlord owns networks that an estate can move into: a VPC with its
// internet gateway and a VNet, each with a subnet in use.
const (
	landlordGroup = "rg-landlord"
	landlordVNet  = "landlord-vnet"
)

// carelessVariable makes the landlord one whose networks will not do.
const carelessVariable = "BURROW_TEST_CARELESS"

// landlord is the program of that owner. A careless one has no names in the VPC,
// DNS servers of its own in the VNet, and subnets where the estate's would be.
func landlord(ctx *pulumi.Context) error {
	n := plan.Default().Network
	careful, servers, awsRange, azureRange := os.Getenv(carelessVariable) == "", []string(nil), "10.0.200.0/24", "10.10.200.0/24"
	if !careful {
		servers, awsRange, azureRange = []string{"10.10.200.4"}, "10.0.1.0/25", "10.10.3.0/28"
	}
	provider, err := aws.NewProvider(ctx, "aws", &aws.ProviderArgs{Region: pulumi.String(n.AWS.Region)})
	if err != nil {
		return err
	}
	in := pulumi.Provider(provider)
	tags := pulumi.StringMap{"Owner": pulumi.String("landlord")}
	vpc, err := ec2.NewVpc(ctx, "vpc", &ec2.VpcArgs{
		CidrBlock: pulumi.String(n.AWS.CIDR.String()), EnableDnsHostnames: pulumi.Bool(careful), Tags: tags,
	}, in)
	if err != nil {
		return err
	}
	if _, err := ec2.NewInternetGateway(ctx, "gateway", &ec2.InternetGatewayArgs{VpcId: vpc.ID(), Tags: tags}, in); err != nil {
		return err
	}
	if _, err := ec2.NewSubnet(ctx, "subnet", &ec2.SubnetArgs{
		VpcId: vpc.ID(), CidrBlock: pulumi.String(awsRange), AvailabilityZone: pulumi.String(n.AWS.Zones[0].Name), Tags: tags,
	}, in); err != nil {
		return err
	}
	group, err := resources.NewResourceGroup(ctx, "group", &resources.ResourceGroupArgs{
		ResourceGroupName: pulumi.String(landlordGroup), Location: pulumi.String(n.Azure.Location), Tags: tags,
	})
	if err != nil {
		return err
	}
	vnet, err := aznet.NewVirtualNetwork(ctx, "vnet", &aznet.VirtualNetworkArgs{
		VirtualNetworkName: pulumi.String(landlordVNet), ResourceGroupName: group.Name, Location: pulumi.String(n.Azure.Location), Tags: tags,
		AddressSpace: aznet.AddressSpaceArgs{AddressPrefixes: pulumi.ToStringArray([]string{n.Azure.CIDR.String()})},
		DhcpOptions:  aznet.DhcpOptionsArgs{DnsServers: pulumi.ToStringArray(servers)},
	})
	if err != nil {
		return err
	}
	_, err = aznet.NewSubnet(ctx, "azure-subnet", &aznet.SubnetArgs{
		SubnetName: pulumi.String("landlord-subnet"), VirtualNetworkName: vnet.Name, ResourceGroupName: group.Name,
		AddressPrefix: pulumi.String(azureRange),
	})
	return err
}

// moveIn makes the landlord's networks in the stack's clouds and returns the
// settings that name them, and a check for the end: that the landlord's things
// are what they were, and that the landlord can still take them away.
func (s *stack) moveIn(t *testing.T, with settings, env ...string) (settings, func()) {
	t.Helper()
	owner := newStack(t, "landlord", nil, func(o *local.Options) {
		o.Home, o.Env = s.home, append(o.Env, env...)
	})
	owner.home = s.home
	owner.run("up", "--stack", "landlord")
	before := map[string]*emulator.Object{}
	ids := map[string]string{}
	s.others = map[string]bool{}
	for _, o := range s.objects() {
		s.others[o.ID] = true
		if o.URN != "" {
			before[o.ID] = o
			ids[o.Type] = o.ID
		}
	}
	if len(before) < 6 {
		t.Fatalf("the landlord has %d things, want 6", len(before))
	}
	named := existing(ids["aws:ec2/vpc:Vpc"], ids["aws:ec2/internetGateway:InternetGateway"], landlordVNet, with)
	return named, func() {
		t.Helper()
		for _, o := range s.objects() {
			was := before[o.ID]
			if was == nil {
				continue
			}
			delete(before, o.ID)
			if !reflect.DeepEqual(was.In, o.In) {
				t.Errorf("the landlord's %s changed: %v, was %v", o.ID, o.In, was.In)
			}
		}
		for id := range before {
			t.Errorf("the landlord's %s is gone", id)
		}
		owner.run("destroy", "--stack", "landlord")
	}
}

func (s settings) with(more settings) settings {
	all := maps.Clone(s)
	if all == nil {
		all = settings{}
	}
	maps.Copy(all, more)
	return all
}

// Networks that will not do are refused with everything that is wrong, before
// anything is made in them.
func TestExistingNetworksThatWillNotDo(t *testing.T) {
	t.Parallel()
	s := newStack(t, "deploy", nil, nil)
	named, movedOut := s.moveIn(t, nil, carelessVariable+"=yes")
	s.configure(named)
	out, err := s.try("up")
	if err == nil {
		t.Fatal("up moved in")
	}
	for _, words := range []string{
		"network.aws.vpcId", "enableDnsHostnames", "network.aws.zones[0].private", "10.0.1.0/25",
		"network.azure.vnetId", "10.10.200.4", "network.azure.subnets.resolverInbound", "10.10.3.0/28", "remedy:",
	} {
		if !strings.Contains(out, words) {
			t.Errorf("the refusal does not say %q:\n%s", words, tail(out))
		}
	}
	for _, o := range s.objects() {
		if o.URN != "" && !s.others[o.ID] {
			t.Errorf("%s %s was made", o.Type, o.ID)
		}
	}
	movedOut()
}
