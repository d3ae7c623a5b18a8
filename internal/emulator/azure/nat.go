package azure

import "burrow/internal/emulator"

var natPlace = place{
	provider: "Microsoft.Network", location: regional, outputs: hasEtag | hasState | hasGUID,
	path:  []segment{{"natGateways", "natGatewayName"}},
	names: networkName(1, 80),
}

func natKinds() []*emulator.Kind {
	return []*emulator.Kind{natPlace.kind(typeNATGateway, emulator.Kind{
		Refs: []emulator.Ref{{
			Path: "publicIpAddresses[*].id", To: []string{typePublicIP}, Missing: codeReference,
			InUse: codePublicIPInUse, Rule: "AVG-13", Source: "Microsoft's list of ARM error codes",
		}},
		Fill: func(c *emulator.Call) error {
			c.Out.Default("idleTimeoutInMinutes", 4)
			return nil
		},
		Refresh: echoSubnets("natGateway.id"),
	})}
}
