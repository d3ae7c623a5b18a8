package watch

import (
	"fmt"
	"strings"
)

// facts are what a reader of either dashboard wants to know beside the graphs, as
// Markdown with sources in it.
func facts(a Args) string {
	suite := a.VPN.AlgorithmSuite()
	sending := "AWS sends through one tunnel at a time, and through another when that one fails"
	if n := a.VPN.SendingTunnels(); n > 1 {
		sending = fmt.Sprintf("AWS sends through all %d tunnels at once", n)
	}
	lines := []string{
		fmt.Sprintf("## %s: from bunny to %s.%s, port %d", a.Estate.Name("burrow"), a.DNS.RelayRecord, a.DNS.AWSZone, a.Relay.Port),
		"",
		fmt.Sprintf("* MTU %d, MSS %d (%s); AWS's own limit is %d bytes a packet", suite.MTU(), suite.MSS(), suite.Name, suite.AWSMTU),
		fmt.Sprintf("* %s; Azure may send through any; a tunnel carries %d Mbit/s", sending, a.VPN.TunnelMbps()),
		"* the tunnels speak BGP: up means that BGP is established",
		"* what to do when something here is wrong: " + page,
		"",
		"| tunnel | Azure, outside | AWS, outside | Azure, inside | AWS, inside |",
		"|---|---|---|---|---|",
	}
	for _, t := range a.VPN.OrderedTunnels() {
		lines = append(lines, fmt.Sprintf("| %s | %s | %s | %s | %s |",
			t.Name(), azureOutside(t).inText(), awsOutside(t).inText(), t.AzureInside(), t.AWSInside()))
	}
	return strings.Join(lines, "\n")
}
