package network

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"burrow/internal/plan"
)

// ExistingArgs is what networks that exist already are held against.
type ExistingArgs struct {
	Estate  plan.Estate
	Network plan.Network
	VPN     plan.VPN
	// AWS and Azure are the providers to ask. Without one, the default provider is.
	AWS, Azure pulumi.ProviderResource
}

// CheckExisting asks the clouds about the VPC and the VNet that the plan takes
// over, and returns every reason why they will not do as [plan.Problems]. It asks
// in previews too, and says nothing of networks that Burrow makes itself.
//
// What an earlier run of this estate left in them is no reason: in AWS it is known
// by its tags. Azure's subnets carry none (TAG-04); they are known by what hangs
// on them, which is in the estate's own resource group.
func CheckExisting(ctx *pulumi.Context, args ExistingArgs) error {
	e := &existing{ctx: ctx, args: args}
	if !args.Network.AWS.MakesVPC() {
		if err := e.checkVPC(); err != nil {
			return fmt.Errorf("look at %s: %w", args.Network.AWS.VPCID, err)
		}
	}
	if !args.Network.Azure.MakesVNet() {
		if err := e.checkVNet(); err != nil {
			return fmt.Errorf("look at %s: %w", args.Network.Azure.VNetID, err)
		}
	}
	if len(e.problems) == 0 {
		return nil
	}
	slices.SortStableFunc(e.problems, func(a, b plan.Problem) int { return strings.Compare(a.Key, b.Key) })
	return e.problems
}

// existing collects what is wrong with networks that exist.
type existing struct {
	ctx      *pulumi.Context
	args     ExistingArgs
	problems plan.Problems
}

func (e *existing) refuse(key string, value any, reason, remedy string) {
	e.problems = append(e.problems, plan.Problem{Key: key, Value: fmt.Sprint(value), Reason: reason, Remedy: remedy})
}

// by asks that provider.
func by(provider pulumi.ProviderResource) []pulumi.InvokeOption {
	if provider == nil {
		return nil
	}
	return []pulumi.InvokeOption{pulumi.Provider(provider)}
}

// plannedSubnet is a subnet that Burrow makes.
type plannedSubnet struct {
	key   string // of its range in the configuration
	name  string
	cidr  netip.Prefix
	inUse string // what the cloud says of two subnets of one range, with the rule's id
}

// meets refuses the planned subnets that share addresses with one that is not the
// estate's.
func (e *existing) meets(planned []plannedSubnet, other string, cidr netip.Prefix) {
	for _, p := range planned {
		if p.cidr.Overlaps(cidr) {
			e.refuse(p.key, p.cidr, fmt.Sprintf("%s has %s, and %s", other, cidr, p.inUse), "choose a range that is free there")
		}
	}
}
