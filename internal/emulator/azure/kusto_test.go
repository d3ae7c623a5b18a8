package azure

import (
	"strings"
	"testing"
)

func TestQueryProblem(t *testing.T) {
	cases := map[string]struct{ query, want string }{
		"a table":               {"AzureDiagnostics", ""},
		"a condition":           {`AzureDiagnostics | where Category == "TunnelDiagnosticLog" and TimeGenerated > ago(15m)`, ""},
		"comments and lines":    {"AzureDiagnostics // all\n| where Level has 'a|b' // none\n| take 5", ""},
		"a column that may be":  {`AzureDiagnostics | extend s = column_ifexists("status_s", "") | where s == "Disconnected" | summarize count() by s, bin(TimeGenerated, 5m) | where count_ > 1 and TimeGenerated > ago(1h)`, ""},
		"columns in lists":      {`AzureDiagnostics | where OperationName in ("a", "b") or Level !in~ ("c") or Category !has "d"`, ""},
		"properties of a bag":   {`AzureDiagnostics | where AdditionalFields.status == "x" | project State = tostring(AdditionalFields.status) | where State == "x"`, ""},
		"literals":              {`AzureDiagnostics | where TimeGenerated between (datetime(2026-01-01T00:00:00Z) .. now()) and TenantId != guid(a4be27de-1e4e-49d9-b579-fe0b331d3642)`, ""},
		"a name of one's own":   {`let limit = 5; AzureDiagnostics | where DurationMs > limit`, ""},
		"a table of one's own":  {`let logs = AzureDiagnostics | take 1; logs | where anything == 1`, ""},
		"several tables":        {`union isfuzzy=true AzureDiagnostics, NoSuchTable | where anything == 1`, ""},
		"after a join, nothing": {`AzureDiagnostics | join kind=inner (Heartbeat) on Resource | where anything == 1`, ""},
		"columns not listed":    {`AKSControlPlane | where Anything == 1`, ""},
		"averages":              {`AzureDiagnostics | summarize avg(DurationMs) by Resource | where avg_DurationMs > 1 | order by avg_DurationMs desc`, ""},
		"an unnamed column":     {`AzureDiagnostics | project strcat(Level, Message) | where Column1 == ""`, ""},
		"a column kept":         {`AzureDiagnostics | project-away Message | project-keep Level | where Level == ""`, ""},

		"no such table":        {`AzureDiagnostic | where Category == "x"`, "'where' operator: Failed to resolve table or column expression named 'AzureDiagnostic'"},
		"case of a table":      {`azurediagnostics`, "Failed to resolve table or column expression named 'azurediagnostics'"},
		"a custom table":       {`Bunny_CL | take 1`, "'take' operator: Failed to resolve table or column expression named 'Bunny_CL'"},
		"a column of data":     {`AzureDiagnostics | where status_s == "Disconnected"`, "'where' operator: Failed to resolve scalar expression named 'status_s'"},
		"another one":          {`AzureDiagnostics | summarize count() by remoteIP_s`, "'summarize' operator: Failed to resolve scalar expression named 'remoteIP_s'"},
		"a column gone":        {`AzureDiagnostics | project Level | where Message == ""`, "scalar expression named 'Message'"},
		"a column taken away":  {`AzureDiagnostics | project-away Message | where Message == ""`, "scalar expression named 'Message'"},
		"a sum without it":     {`AzureDiagnostics | summarize count() by Resource | where Level == ""`, "scalar expression named 'Level'"},
		"only the count":       {`AzureDiagnostics | count | where Level == ""`, "scalar expression named 'Level'"},
		"a column in a call":   {`AzureDiagnostics | extend a = tostring(status_s)`, "'extend' operator: Failed to resolve scalar expression named 'status_s'"},
		"column of DNS":        {`DNSQueryLogs | where RCode == 3`, "scalar expression named 'RCode'"},
		"nothing":              {``, "SYN0002"},
		"a comment only":       {`// nothing`, "SYN0002"},
		"bracket open":         {`AzureDiagnostics | where (Level == ""`, "SYN0002"},
		"brackets crossed":     {`AzureDiagnostics | where (Level in [1)]`, "SYN0002"},
		"string open":          {`AzureDiagnostics | where Level == "a`, "SYN0002"},
		"no such operator":     {`AzureDiagnostics | were Level == ""`, "SYN0002"},
		"operator missing":     {`AzureDiagnostics | | take 1`, "SYN0002"},
		"bar missing":          {`AzureDiagnostics where Level == ""`, "SYN0002"},
		"a sign of no meaning": {"AzureDiagnostics | where Level == #1", "SYN0002"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got := queryProblem(tc.query)
			if (got == "") != (tc.want == "") || !strings.Contains(got, tc.want) {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}
