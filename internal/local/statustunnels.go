package local

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"burrow/internal/reach"
)

// tunnels lists every tunnel with both ends. A tunnel carries traffic when IPsec
// is up, BGP has a session over it unless routing is static, and both networks use
// the routes.
func (s *screen) tunnels() {
	t := section{rows: [][]string{
		{"TUNNEL", "AWS OUTSIDE", "AZURE OUTSIDE", "AWS INSIDE", "AZURE INSIDE", "IPSEC", "BGP", "ROUTES"},
	}}
	carrying := 0
	all := reach.Tunnels(s.tx.View)
	slices.SortStableFunc(all, func(a, b reach.Tunnel) int { return strings.Compare(tunnelName(a), tunnelName(b)) })
	for _, tunnel := range all {
		name := tunnelName(tunnel)
		t.rows = append(t.rows, []string{
			name, address(tunnel.AWSOutside), address(tunnel.AzureOutside),
			speaker(tunnel.AWSInside, tunnel.AWSASN), speaker(tunnel.AzureInside, tunnel.AzureASN),
			stateWord(tunnel.IPsec), stateWord(tunnel.BGP), stateWord(tunnel.Routes),
		})
		if tunnel.Carries() {
			carrying++
		}
		t.remarks = append(t.remarks, reasons(tunnel)...)
	}
	t.remarks = append(t.remarks, gateways(all)...)
	t.heading = fmt.Sprintf("Tunnels: %d of %d would carry traffic", carrying, len(all))
	s.add(t)
}

// programName is what the program calls a tunnel, in the name of its Azure
// connection. What follows it tells two estates apart.
var programName = regexp.MustCompile(`instance\d+-tunnel\d+.*$`)

// tunnelName is the program's name of a tunnel, else that of the Azure
// connection; a tunnel that none meets has no name but AWS's.
func tunnelName(t reach.Tunnel) string {
	connection := lastPart(t.Connection)
	switch name := programName.FindString(connection); {
	case name != "":
		return name
	case connection != "":
		return connection
	}
	return awsTunnel(t)
}

// awsTunnel is a tunnel as AWS knows it: the VPN connection's id and 1 or 2.
func awsTunnel(t reach.Tunnel) string { return fmt.Sprintf("%s/%d", t.VPNConnection, t.Number) }

// reasons are why a tunnel is down, at the first stage that is. Whoever looks
// for them in AWS needs its id.
func reasons(t reach.Tunnel) []string {
	name := tunnelName(t)
	if id := awsTunnel(t); name != id {
		name += " (" + id + ")"
	}
	for _, state := range []reach.State{t.IPsec, t.BGP, t.Routes} {
		if state.Up() || state.NotAsked {
			continue
		}
		var lines []string
		for _, reason := range state.Reasons {
			lines = append(lines, name+" is down: "+reason)
		}
		return lines
	}
	return nil
}

// stateWord is a cell of the table. BGP is the only layer that is not asked.
func stateWord(s reach.State) string {
	switch {
	case s.NotAsked:
		return "static"
	case s.Up():
		return "up"
	}
	return "DOWN"
}

// gateways say of each gateway of AWS how many of its tunnels it sends through.
func gateways(all []reach.Tunnel) (lines []string) {
	var seen []string
	for _, t := range all {
		if t.Gateway == "" || slices.Contains(seen, t.Gateway) {
			continue
		}
		seen = append(seen, t.Gateway)
		lines = append(lines, sends(t, all))
	}
	if slices.ContainsFunc(all, func(t reach.Tunnel) bool { return t.Static }) {
		lines = append(lines, "Routing is static: nothing withdraws the route of a dead path, so failover is not guaranteed")
	}
	return lines
}

// sends is a line about the gateway of one of its tunnels.
func sends(of reach.Tunnel, all []reach.Tunnel) string {
	own, through := 0, []string{}
	for _, t := range all {
		if t.Gateway == of.Gateway {
			own++
			if t.Sending {
				through = append(through, tunnelName(t))
			}
		}
	}
	kind := "virtual private gateway"
	if of.Transit {
		kind = "transit gateway"
	}
	line := fmt.Sprintf("AWS sends through %d of %d, on a %s", len(through), own, kind)
	if !of.Transit {
		line += " one tunnel at a time (AWV-11)"
	}
	if len(through) == 1 {
		line += ": " + through[0]
	}
	return line
}

func address(a netip.Addr) string {
	if !a.IsValid() {
		return "-"
	}
	return a.String()
}

// speaker is a BGP speaker's address with its AS number, as far as it has one.
func speaker(a netip.Addr, asn uint32) string {
	if !a.IsValid() || asn == 0 {
		return address(a)
	}
	return fmt.Sprintf("%s AS%d", a, asn)
}
