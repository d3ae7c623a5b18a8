package vpn

import (
	"fmt"
	"net/netip"

	"burrow/internal/plan"
)

// bgpChoice is the custom BGP address that a connection uses on one instance of
// the Azure gateway.
type bgpChoice struct {
	Instance int
	Address  netip.Addr
}

// bgpChoices are the addresses that a tunnel's Azure connection names. On its
// own instance it is the tunnel's: a connection that names none takes the
// first address of the gateway, and BGP stays down on every tunnel but one
// (AVC-26). The other instance carries nothing of this connection, but
// Microsoft's walk-through fills it in as well, and so do we, with the
// tunnel of the same number there (AVC-27).
func bgpChoices(v plan.VPN, t plan.Tunnel) []bgpChoice {
	var choices []bgpChoice
	for _, instance := range v.Instances() {
		choice := bgpChoice{Instance: instance, Address: t.AzureInside()}
		if instance != t.Instance {
			choice.Address = counterpart(v, instance, t.Number).AzureInside()
		}
		choices = append(choices, choice)
	}
	return choices
}

// counterpart is the tunnel of that number on that instance, or the instance's
// first tunnel if none has the number.
func counterpart(v plan.VPN, instance, number int) plan.Tunnel {
	tunnels := v.InstanceTunnels(instance)
	for _, t := range tunnels {
		if t.Number == number {
			return t
		}
	}
	return tunnels[0]
}

// customAddresses are the BGP addresses that an instance of the Azure gateway
// answers on: the Azure ends of its tunnels.
func customAddresses(v plan.VPN, instance int) []netip.Addr {
	var addresses []netip.Addr
	for _, t := range v.InstanceTunnels(instance) {
		addresses = append(addresses, t.AzureInside())
	}
	return addresses
}

// ipConfigurationName names the part of the Azure gateway that one instance is.
func ipConfigurationName(instance int) string {
	return fmt.Sprintf("instance%d", instance)
}

// ipConfigurationID is the ARM id of an instance's IP configuration. The
// gateway refers to its own configurations by id while it is being created,
// so the id is built from names that are known before (AVG-31).
func ipConfigurationID(groupID, gateway string, instance int) string {
	return fmt.Sprintf("%s/providers/Microsoft.Network/virtualNetworkGateways/%s/ipConfigurations/%s",
		groupID, gateway, ipConfigurationName(instance))
}
