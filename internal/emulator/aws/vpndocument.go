package aws

import (
	"encoding/xml"
	"fmt"
	"strings"

	"burrow/internal/emulator"
	"burrow/internal/inventory/awstype"
)

// A vpnDocument is what a customer is to configure, keys and all; the provider
// keeps it as a secret.
type vpnDocument struct {
	XMLName xml.Name    `xml:"vpn_connection"`
	ID      string      `xml:"id,attr"`
	Gateway string      `xml:"vpn_gateway_id,omitempty"`
	Peer    string      `xml:"customer_gateway_id"`
	Type    string      `xml:"vpn_connection_type"`
	Tunnels []vpnTunnel `xml:"ipsec_tunnel"`
}

type vpnTunnel struct {
	Customer vpnEnd `xml:"customer_gateway"`
	Gateway  vpnEnd `xml:"vpn_gateway"`
	Key      string `xml:"ike>pre_shared_key"`
}

type vpnEnd struct {
	Outside string `xml:"tunnel_outside_address>ip_address"`
	Inside  string `xml:"tunnel_inside_address>ip_address"`
	Mask    string `xml:"tunnel_inside_address>network_mask"`
	BGP     *vpnBGP
}

// A vpnBGP is one end's side of BGP; connections with static routes have none.
type vpnBGP struct {
	XMLName xml.Name `xml:"bgp"`
	ASN     string   `xml:"asn"`
	Hold    int      `xml:"hold_time"`
}

func bgpOf(c *emulator.Call, asn string) *vpnBGP {
	if c.In.Bool("staticRoutesOnly") {
		return nil
	}
	return &vpnBGP{ASN: asn, Hold: bgpHold}
}

func configurationOf(c *emulator.Call) (string, error) {
	peer := c.In.Str("customerGatewayId")
	doc := vpnDocument{ID: c.ID, Gateway: connectionGateway(c.In), Peer: peer, Type: c.In.Str("type")}
	for _, t := range tunnels {
		doc.Tunnels = append(doc.Tunnels, vpnTunnel{
			Customer: vpnEnd{
				Outside: valueOf(c, awstype.CustomerGateway, peer, "ipAddress"), Inside: c.Out.Str(t + "CgwInsideAddress"),
				Mask: "255.255.255.252", BGP: bgpOf(c, valueOf(c, awstype.CustomerGateway, peer, "bgpAsn")),
			},
			Gateway: vpnEnd{
				Outside: c.Out.Str(t + "Address"), Inside: c.Out.Str(t + "VgwInsideAddress"),
				Mask: "255.255.255.252", BGP: bgpOf(c, c.Out.Str(t+"BgpAsn")),
			},
			Key: c.Out.Str(t + "PresharedKey"),
		})
	}
	text, err := xml.MarshalIndent(doc, "", "  ")
	if err != nil {
		return "", fmt.Errorf("write the configuration of %s: %w", c.ID, err)
	}
	return strings.TrimSuffix(xml.Header, "\n") + "\n" + string(text), nil
}
