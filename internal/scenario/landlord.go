package scenario

import (
	"os"
	"reflect"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"burrow/internal/inventory"
	"burrow/internal/inventory/awstype"
	"burrow/internal/inventory/azuretype"
	"burrow/internal/local"
	"burrow/internal/plan"
)

// The landlord owns networks that an estate can move into: a VPC with its
// internet gateway and a VNet, each with a subnet in use.
const (
	LandlordGroup   = "rg-landlord"
	landlordVNet    = "landlord-vnet"
	landlordProgram = "landlord"
	landlordThings  = 6
)

// Careless makes the landlord one whose networks will not do; see [Stack.MoveIn].
const Careless = "BURROW_TEST_CARELESS=yes"

// A thing is a resource that is registered by its token: no SDK is linked for it.
type thing struct {
	pulumi.CustomResourceState
}

func register(ctx *pulumi.Context, token, name string, in pulumi.Map, opts ...pulumi.ResourceOption) (*thing, error) {
	made := &thing{}
	return made, ctx.RegisterResource(token, name, in, made, opts...)
}

// landlord is the program of that owner. A careless one has no names in the VPC,
// DNS servers of its own in the VNet, and subnets where the estate's would be.
func landlord(ctx *pulumi.Context) error {
	n := plan.Default().Network
	careful, servers, awsRange, azureRange := os.Getenv("BURROW_TEST_CARELESS") == "", []string(nil), "10.0.200.0/24", "10.10.200.0/24"
	if !careful {
		servers, awsRange, azureRange = []string{"10.10.200.4"}, "10.0.1.0/25", "10.10.3.0/28"
	}
	provider := &pulumi.ProviderResourceState{}
	if err := ctx.RegisterResource("pulumi:providers:aws", "aws", pulumi.Map{"region": pulumi.String(n.AWS.Region)}, provider); err != nil {
		return err
	}
	in := pulumi.Provider(provider)
	tags := pulumi.StringMap{"Owner": pulumi.String("landlord")}
	vpc, err := register(ctx, awstype.Vpc, "vpc", pulumi.Map{
		"cidrBlock": pulumi.String(n.AWS.CIDR.String()), "enableDnsHostnames": pulumi.Bool(careful), "tags": tags,
	}, in)
	if err != nil {
		return err
	}
	if _, err := register(ctx, awstype.InternetGateway, "gateway", pulumi.Map{"vpcId": vpc.ID(), "tags": tags}, in); err != nil {
		return err
	}
	if _, err := register(ctx, awstype.Subnet, "subnet", pulumi.Map{
		"vpcId": vpc.ID(), "cidrBlock": pulumi.String(awsRange), "availabilityZone": pulumi.String(n.AWS.Zones[0].Name), "tags": tags,
	}, in); err != nil {
		return err
	}
	location := pulumi.String(n.Azure.Location)
	group, err := register(ctx, azuretype.ResourceGroup, "group", pulumi.Map{
		"resourceGroupName": pulumi.String(LandlordGroup), "location": location, "tags": tags,
	})
	if err != nil {
		return err
	}
	vnet, err := register(ctx, azuretype.VirtualNetwork, "vnet", pulumi.Map{
		"virtualNetworkName": pulumi.String(landlordVNet), "resourceGroupName": pulumi.String(LandlordGroup), "location": location, "tags": tags,
		"addressSpace": pulumi.Map{"addressPrefixes": pulumi.ToStringArray([]string{n.Azure.CIDR.String()})},
		"dhcpOptions":  pulumi.Map{"dnsServers": pulumi.ToStringArray(servers)},
	}, pulumi.DependsOn([]pulumi.Resource{group}))
	if err != nil {
		return err
	}
	_, err = register(ctx, azuretype.Subnet, "azure-subnet", pulumi.Map{
		"subnetName": pulumi.String("landlord-subnet"), "virtualNetworkName": pulumi.String(landlordVNet),
		"resourceGroupName": pulumi.String(LandlordGroup), "addressPrefix": pulumi.String(azureRange),
	}, pulumi.DependsOn([]pulumi.Resource{vnet}))
	return err
}

// MoveIn makes the landlord's networks in the stack's clouds and returns the
// settings that name them, and a check for the end: that the landlord's things
// are what they were, and that the landlord can still take them away.
func (s *Stack) MoveIn(with Settings, env ...string) (Settings, func()) {
	t := s.t
	t.Helper()
	owner := open(t, s.home, nil, as(landlordProgram), func(o *local.Options) { o.Env = append(o.Env, env...) })
	owner.name = "landlord"
	owner.Up()
	before := map[string]*inventory.Object{}
	ids := map[string]string{}
	s.others = map[string]bool{}
	for _, o := range s.Objects() {
		s.others[o.ID] = true
		if o.URN != "" {
			before[o.ID] = o
			ids[o.Type] = o.ID
		}
	}
	if len(before) < landlordThings {
		t.Fatalf("the landlord has %d things, want %d", len(before), landlordThings)
	}
	named := Existing(ids[awstype.Vpc], ids[awstype.InternetGateway], landlordVNet, with)
	return named, func() {
		t.Helper()
		for _, o := range s.Objects() {
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
		owner.Run("destroy", "--skip-preview")
	}
}

// Others says that an object is somebody else's.
func (s *Stack) Others(o *inventory.Object) bool { return s.others[o.ID] }

// Existing is how an estate with the settings names networks that exist. With
// endpoints as its way out it needs no internet gateway.
func Existing(vpc, gateway, vnet string, s Settings) Settings {
	named := Settings{
		"network.aws.vpcId": vpc,
		"network.azure.vnetId": "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/" + LandlordGroup +
			"/providers/Microsoft.Network/virtualNetworks/" + vnet,
	}
	if s["network.aws.egress"] != "endpoints" {
		named["network.aws.internetGatewayId"] = gateway
	}
	return named
}
