package azure

import (
	"burrow/internal/emulator"
	"burrow/internal/inventory/azuretype"
)

var natPlace = place{
	provider: "Microsoft.Network", location: regional, outputs: hasEtag | hasState | hasGUID,
	path:  []segment{{"natGateways", "natGatewayName"}},
	names: networkName(1, 80),
}

func natKinds() []*emulator.Kind {
	return []*emulator.Kind{natPlace.kind(azuretype.NatGateway, emulator.Kind{
		Refs: []emulator.Ref{{
			Path: "publicIpAddresses[*].id", To: []string{azuretype.PublicIPAddress}, Missing: codeReference,
			InUse: codePublicIPInUse, Rule: "AVG-13", Source: "Microsoft's list of ARM error codes",
		}},
		Fill: func(c *emulator.Call) error {
			c.Out.Default("idleTimeoutInMinutes", 4)
			return nil
		},
		Refresh: echoSubnets("natGateway.id"),
	})}
}
