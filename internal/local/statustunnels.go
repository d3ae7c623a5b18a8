package local

import (
	"fmt"
	"net/netip"

	"burrow/internal/emulator"
)

// tunnels lists every tunnel with both ends. A tunnel carries traffic when IPsec
// is up, BGP has a session over it, and both networks use the routes.
func (s *screen) tunnels() {
	t := section{rows: [][]string{
		{"TUNNEL", "AWS OUTSIDE", "AZURE OUTSIDE", "AWS INSIDE", "AZURE INSIDE", "IPSEC", "BGP", "ROUTES"},
	}}
	carrying := 0
	all := emulator.Tunnels(s.tx)
	for _, tunnel := range all {
		name := fmt.Sprintf("%s/%d", tunnel.VPNConnection, tunnel.Number)
		t.rows = append(t.rows, []string{
			name, address(tunnel.AWSOutside), address(tunnel.AzureOutside),
			speaker(tunnel.AWSInside, tunnel.AWSASN), speaker(tunnel.AzureInside, tunnel.AzureASN),
			upOrDown(tunnel.IPsec), upOrDown(tunnel.BGP), upOrDown(tunnel.Routes),
		})
		if tunnel.Routes.Up() {
			carrying++
		}
		t.remarks = append(t.remarks, reasons(name, tunnel)...)
	}
	t.heading = fmt.Sprintf("Tunnels: %d of %d would carry traffic", carrying, len(all))
	s.add(t)
}

// reasons are why a tunnel is down, at the first stage that is.
func reasons(name string, t emulator.Tunnel) []string {
	for _, state := range []emulator.State{t.IPsec, t.BGP, t.Routes} {
		if state.Up() {
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

func upOrDown(s emulator.State) string {
	if s.Up() {
		return "up"
	}
	return "DOWN"
}

func address(a netip.Addr) string {
	if !a.IsValid() {
		return "-"
	}
	return a.String()
}

// speaker is a BGP speaker's address with its AS number.
func speaker(a netip.Addr, asn uint32) string {
	if !a.IsValid() {
		return "-"
	}
	return fmt.Sprintf("%s AS%d", a, asn)
}
