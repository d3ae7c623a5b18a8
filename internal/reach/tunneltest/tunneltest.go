// Package tunneltest is a path between the clouds to start tests from: a VPC and
// a VNet with two VPN connections of two tunnels each, all of them up. It is data
// and knows nothing of the emulator, so that the emulator's own tests may use it.
package tunneltest

import (
	"fmt"

	"burrow/internal/inventory/awstype"
	"burrow/internal/inventory/azuretype"
)

// Group is the ARM id that all of Azure's network resources here begin with.
const Group = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg/providers/Microsoft.Network"

// VNet and Gateway are ARM ids of Azure's network and its VPN gateway.
const (
	VNet    = Group + "/virtualNetworks/vnet"
	Gateway = Group + "/virtualNetworkGateways/vng"
)

// ARM is the id of another of Azure's resources, by kind and name.
func ARM(kind, name string) string { return Group + "/" + kind + "/" + name }

// Instance is the id of an IP configuration of the VPN gateway: 0 or 1.
func Instance(i int) string { return fmt.Sprintf("%s/ipConfigurations/instance%d", Gateway, i) }

// An Object is a thing in a cloud, whose outputs are its inputs.
type Object struct {
	Type, ID string
	In       map[string]any
	Hidden   map[string]any // what a cloud keeps to itself
}

// Four are the objects of four tunnels that are up, on a virtual private gateway:
// AWS's vpn-0 and vpn-1, Azure's connections t01, t02, t11 and t12, each with a
// local network gateway of its name.
func Four() []Object {
	objects := append(vpc(), vnet()...)
	for instance := range 2 {
		objects = append(objects, connection(instance)...)
	}
	return objects
}

func vpc() []Object {
	return []Object{
		{Type: awstype.Vpc, ID: "vpc-1", In: map[string]any{"cidrBlock": "10.0.0.0/16"}},
		{Type: awstype.VpnGateway, ID: "vgw-1", In: map[string]any{"vpcId": "vpc-1", "amazonSideAsn": "64512"}},
		{Type: awstype.RouteTable, ID: "rtb-private", In: map[string]any{"vpcId": "vpc-1"}},
		{Type: awstype.RouteTable, ID: "rtb-public", In: map[string]any{"vpcId": "vpc-1"}},
		{Type: awstype.RouteTableAssociation, ID: "assoc-1", In: map[string]any{"routeTableId": "rtb-private", "subnetId": "subnet-1"}},
		{Type: awstype.RouteTableAssociation, ID: "assoc-2", In: map[string]any{"routeTableId": "rtb-public", "subnetId": "subnet-2"}},
		{Type: awstype.Route, ID: "r-1", In: map[string]any{"routeTableId": "rtb-public", "destinationCidrBlock": "0.0.0.0/0", "gatewayId": "igw-1"}},
		{Type: awstype.VpnGatewayRoutePropagation, ID: "prop-1", In: map[string]any{"routeTableId": "rtb-private", "vpnGatewayId": "vgw-1"}},
	}
}

func vnet() []Object {
	udr := ARM("routeTables", "udr")
	objects := []Object{
		{Type: azuretype.VirtualNetwork, ID: VNet, In: map[string]any{"addressSpace": map[string]any{"addressPrefixes": []any{"10.10.0.0/16"}}}},
		{Type: azuretype.RouteTable, ID: udr, In: map[string]any{"disableBgpRoutePropagation": true}},
		{Type: azuretype.Route, ID: udr + "/routes/aws", In: map[string]any{
			"addressPrefix": "10.0.0.0/16", "nextHopType": "VirtualNetworkGateway",
		}},
		{Type: azuretype.Subnet, ID: VNet + "/subnets/aks-subnet", In: map[string]any{"routeTable": map[string]any{"id": udr}}},
	}
	var configs, peering []any
	for i := range 2 {
		address := ARM("publicIPAddresses", fmt.Sprint("pip", i))
		objects = append(objects, Object{Type: azuretype.PublicIPAddress, ID: address, In: map[string]any{"ipAddress": fmt.Sprint("20.0.0.", i+1)}})
		configs = append(configs, map[string]any{
			"name":            fmt.Sprint("instance", i),
			"publicIPAddress": map[string]any{"id": address},
			"subnet":          map[string]any{"id": VNet + "/subnets/GatewaySubnet"},
		})
		peering = append(peering, map[string]any{
			"ipconfigurationId":     Instance(i),
			"defaultBgpIpAddresses": []any{fmt.Sprint("10.10.2.", 4+i)},
			"customBgpIpAddresses":  []any{fmt.Sprintf("169.254.21.%d", 4*i+2), fmt.Sprintf("169.254.22.%d", 4*i+2)},
		})
	}
	return append(objects, Object{Type: azuretype.VirtualNetworkGateway, ID: Gateway, In: map[string]any{
		"enableBgp": true, "activeActive": true, "ipConfigurations": configs,
		"bgpSettings": map[string]any{"asn": 65515.0, "bgpPeeringAddresses": peering},
	}})
}

// connection is an AWS VPN connection and Azure's two to it.
func connection(instance int) []Object {
	cgw := fmt.Sprint("cgw-", instance)
	vpn := Object{Type: awstype.VpnConnection, ID: fmt.Sprint("vpn-", instance), In: map[string]any{
		"customerGatewayId": cgw, "vpnGatewayId": "vgw-1", "staticRoutesOnly": false,
	}}
	objects := []Object{vpn, {Type: awstype.CustomerGateway, ID: cgw, In: map[string]any{
		"ipAddress": fmt.Sprint("20.0.0.", instance+1), "bgpAsn": "65515",
	}}}
	for n := 1; n <= 2; n++ {
		objects = append(objects, tunnel(vpn, instance, n)...)
	}
	return objects
}

// tunnel sets up a tunnel of the VPN connection, and is what meets it in Azure.
func tunnel(vpn Object, instance, n int) []Object {
	name, outside, key := fmt.Sprintf("t%d%d", instance, n), fmt.Sprintf("3.0.%d.%d", instance, n), fmt.Sprintf("key%d%d", instance, n)
	for option, v := range map[string]any{
		"Address": outside, "InsideCidr": fmt.Sprintf("169.254.%d.%d/30", 20+n, 4*instance), "PresharedKey": key,
		"StartupAction": "start", "IkeVersions": []any{"ikev2"},
		"Phase1EncryptionAlgorithms": []any{"AES256-GCM-16"}, "Phase2EncryptionAlgorithms": []any{"AES256-GCM-16"},
		"Phase1IntegrityAlgorithms": []any{"SHA2-384"}, "Phase2IntegrityAlgorithms": []any{"SHA2-384"},
		"Phase1DhGroupNumbers": []any{20.0}, "Phase2DhGroupNumbers": []any{20.0},
	} {
		vpn.In[fmt.Sprintf("tunnel%d%s", n, option)] = v
	}
	lng := Object{Type: azuretype.LocalNetworkGateway, ID: ARM("localNetworkGateways", name), In: map[string]any{
		"gatewayIpAddress": outside,
		"bgpSettings":      map[string]any{"asn": 64512.0, "bgpPeeringAddress": fmt.Sprintf("169.254.%d.%d", 20+n, 4*instance+1)},
	}}
	conn := Object{Type: azuretype.VirtualNetworkGatewayConnection, ID: ARM("connections", name), In: map[string]any{
		"connectionType": "IPsec", "connectionProtocol": "IKEv2", "enableBgp": true,
		"virtualNetworkGateway1": map[string]any{"id": Gateway},
		"localNetworkGateway2":   map[string]any{"id": lng.ID},
		"gatewayCustomBgpIpAddresses": []any{map[string]any{
			"ipConfigurationId": Instance(instance), "customBgpIpAddress": fmt.Sprintf("169.254.%d.%d", 20+n, 4*instance+2),
		}},
		"ipsecPolicies": []any{map[string]any{
			"ikeEncryption": "GCMAES256", "ikeIntegrity": "SHA384", "dhGroup": "ECP384",
			"ipsecEncryption": "GCMAES256", "ipsecIntegrity": "GCMAES256", "pfsGroup": "ECP384",
		}},
	}, Hidden: map[string]any{"sharedKey": key}}
	return []Object{lng, conn}
}
