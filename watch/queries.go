package watch

import (
	"fmt"
	"strings"

	"burrow/internal/plan"
)

// A query is a question to the workspace. The workbook shows its answer, and a
// rule pages when the answer of the alert, which narrows it, has rows.
type query struct {
	title string
	text  string
	view  string // of the workbook: table or timechart
	// empty is what no answer means, which a reader would take for no data.
	empty string
	// half takes half the workbook's width, below the metrics.
	half  bool
	alert *queryAlert
}

// queryAlert says when a query pages.
type queryAlert struct {
	notice
	narrow     string // continues the query
	rows       int    // as many, or more, page
	window     string
	dimensions []string // columns; each combination of values pages on its own
	severity   int
}

// azureQueries are everything that Azure's logs say of the path.
func azureQueries(a Args) []query {
	return []query{tunnelLog(a.VPN), failures(a.DNS), responseTimes(a.DNS)}
}

// longestWindow is as far as a log alert looks back. A tunnel logs changes only,
// so that the last change tells its state: one that is down for longer than this
// is forgotten here, but not by AWS's alarm.
const longestWindow = "P2D"

// tunnelLog is the state of the tunnels, of which Azure has no metric (LOG-13).
//
// AzureDiagnostics comes with its first record, and its columns with a suffix as
// they are needed. A rule whose query names what is not there yet is refused: an
// empty table stands in for the table, column_ifexists for the columns. What
// happened stands in the operation and, by Microsoft's own queries, in the status:
// either will do. Both instances of the gateway try every AWS address, and AWS
// answers one: what the other instance logs is left out.
func tunnelLog(v plan.VPN) query {
	var rows []string
	for _, t := range v.OrderedTunnels() {
		other := worker(1 - t.Instance)
		rows = append(rows, fmt.Sprintf("  %q, %q, %q", awsOutside(t).inText(), t.Name(), other))
	}
	text := `let Tunnels = datatable(RemoteIP: string, Tunnel: string, OtherInstance: string)[
` + strings.Join(rows, ",\n") + `
];
union isfuzzy=true AzureDiagnostics, (datatable(TimeGenerated: datetime, Category: string, OperationName: string, _ResourceId: string)[])
| where Category == "TunnelDiagnosticLog" and _ResourceId =~ "` + azureGateway.inText() + `"
| extend Status = column_ifexists("status_s", "")
| extend State = case(OperationName == "TunnelDisconnected" or Status =~ "Disconnected", "disconnected", OperationName == "TunnelConnected" or Status =~ "Connected", "connected", "")
| where State != ""
| extend RemoteIP = column_ifexists("remoteIP_s", ""), Instance = column_ifexists("instance_s", ""), Reason = column_ifexists("stateChangeReason_s", "")
| lookup kind=inner Tunnels on RemoteIP
| where Instance != OtherInstance
| summarize arg_max(TimeGenerated, State, Reason) by Tunnel, RemoteIP
| project Tunnel, RemoteIP, State, Since = TimeGenerated, Reason`
	return query{
		title: "Tunnels, by the last change that Azure logged", text: text, view: "table",
		empty: "No tunnel came or went for two days.",
		alert: &queryAlert{
			notice: notice{
				key: "tunnel-disconnected", section: "azure-reports-a-tunnel-as-disconnected",
				means: "The Azure gateway lost the IPsec tunnel to one of AWS's outside addresses, and has not got it back.",
			},
			narrow: `| where State == "disconnected"`,
			rows:   1, window: longestWindow, dimensions: []string{"Tunnel", "RemoteIP"}, severity: severityError,
		},
	}
}

// ours are the questions for names of either zone, from the log of everything
// that the VNet asks: its own for AWS's names, AWS's for Azure's.
func ours(d plan.DNS) string {
	return `DNSQueryLogs
| extend Name = trim_end(@"\.", tolower(QueryName))
| extend Zone = case(` + within(d.AWSZone) + `, ` + within(d.AzureZone) + `, "")
| where Zone != ""`
}

// within are the arguments of case that tell a zone's names.
func within(zone string) string {
	return fmt.Sprintf(`Name == %q or Name endswith %q, %q`, zone, "."+zone, zone)
}

// failures are questions that got no answer. A name that does not exist is an
// answer, and none of ours to page about.
func failures(d plan.DNS) query {
	text := ours(d) + `
| extend Code = tostring(ResponseCode)
| where Code in~ ("2", "SERVFAIL", "5", "REFUSED")
| project Asked = TimeGenerated, Zone, Name, QueryType, Code, SourceIpAddress, ResolutionPath`
	return query{
		title: "DNS questions that failed", text: text, view: "table", half: true,
		empty: "No question failed.",
		alert: &queryAlert{
			notice: notice{
				key: "dns-failing", section: "dns-questions-fail-in-azure",
				means: "Azure's resolver fails to answer for a zone, five times or more in a quarter of an hour.",
			},
			rows: 5, window: "PT15M", dimensions: []string{"Zone"}, severity: severityError,
		},
	}
}

func responseTimes(d plan.DNS) query {
	return query{
		title: "DNS response time, 95th percentile by zone", view: "timechart", half: true,
		empty: "Nobody asked for a name of either zone.",
		text: ours(d) + `
| summarize ResponseTime = percentile(QueryResponseTime, 95) by bin(TimeGenerated, 5m), Zone`,
	}
}
