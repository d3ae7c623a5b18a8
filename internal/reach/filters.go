package reach

import (
	"fmt"

	"burrow/internal/inventory"
	"burrow/internal/inventory/awstype"
	"burrow/internal/inventory/azuretype"
)

// NetworkACL judges one packet at the edge of a subnet of a VPC: into it, or out of it.
func NetworkACL(view inventory.View, subnet string, egress bool, p Packet) Hop {
	m := newModel(view, true)
	if s := m.Get(awstype.Subnet, subnet); s != nil {
		return m.acl(s, egress, p)
	}
	return untold("network ACL of "+subnet, subnet, "there is no such subnet")
}

// SecurityGroups judges the first packet of a connection at an interface of a VPC that
// has the groups: into it, or out of it. The far end's groups are empty outside the VPC.
func SecurityGroups(view inventory.View, groups []string, egress bool, p Packet, far []string) Hop {
	return newModel(view, true).groups(fmt.Sprint(groups), groups, egress, p, far)
}

// NetworkSecurityGroup judges the first packet of a connection at a subnet of a VNet, by
// its ARM id: into it, or out of it.
func NetworkSecurityGroup(view inventory.View, subnet string, egress bool, p Packet) Hop {
	m := newModel(view, true)
	direction := "Inbound"
	if egress {
		direction = "Outbound"
	}
	if s := m.Get(azuretype.Subnet, subnet); s != nil {
		return m.nsg(s, direction, p)
	}
	return untold("security group of "+subnet, subnet, "there is no such subnet")
}

// NetworkPolicies judges the first packet of a connection of every pod of a namespace: to
// it, or, with egress, from it, to a port. The cluster is the view's region.
func NetworkPolicies(view inventory.View, namespace string, egress bool, far Peer, protocol string, port int) Hop {
	m := newModel(view, true)
	return m.policies(view.Region, namespace, m.pods(view.Region, namespace), egress, far, protocol, port)
}
