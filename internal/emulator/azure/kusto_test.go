package azure

import (
	"strings"
	"testing"
)

func TestQueryProblem(t *testing.T) {
	cases := map[string]struct{ query, want string }{
		"a table":               {"DNSQueryLogs", ""},
		"a condition":           {`DNSQueryLogs | where QueryName == "x" and TimeGenerated > ago(15m)`, ""},
		"comments and lines":    {"DNSQueryLogs // all\n| where QueryType has 'a|b' // none\n| take 5", ""},
		"a column that may be":  {`DNSQueryLogs | extend s = column_ifexists("status_s", "") | where s == "Disconnected" | summarize count() by s, bin(TimeGenerated, 5m) | where count_ > 1 and TimeGenerated > ago(1h)`, ""},
		"columns in lists":      {`DNSQueryLogs | where OperationName in ("a", "b") or QueryType !in~ ("c") or QueryName !has "d"`, ""},
		"properties of a bag":   {`DNSQueryLogs | where Authority.status == "x" | project State = tostring(Authority.status) | where State == "x"`, ""},
		"literals":              {`DNSQueryLogs | where TimeGenerated between (datetime(2026-01-01T00:00:00Z) .. now()) and TenantId != guid(a4be27de-1e4e-49d9-b579-fe0b331d3642)`, ""},
		"a name of one's own":   {`let limit = 5; DNSQueryLogs | where QueryResponseTime > limit`, ""},
		"a table of one's own":  {`let logs = DNSQueryLogs | project a = QueryName; logs | where a == ""`, ""},
		"a function":            {`let f = (x: long) { x + anything }; DNSQueryLogs | where f(1) == 1`, ""},
		"a table in the query":  {`datatable(Tunnel: string, Since: datetime)["t01", datetime(2026-01-01)] | where Tunnel == ""`, ""},
		"several tables":        {`union DNSQueryLogs, AKSAudit | where anything == 1`, ""},
		"all that there are":    {`union AKS*, DNSQueryLogs | where anything == 1`, ""},
		"one that is not there": {`union isfuzzy=true AzureDiagnostics, NoSuchTable, DNSQueryLogs | where QueryName == ""`, ""},
		"an empty one for it":   {`union isfuzzy=true AzureDiagnostics, (datatable(Category: string)[]) | where Category == "x" | extend s = column_ifexists("status_s", "")`, ""},
		"columns of any":        {`union withsource=From kind=outer DNSQueryLogs, (datatable(Own: string)[] | extend More = 1) | where From == "" and Own == "" and More == 1 and QueryName == ""`, ""},
		"columns of all":        {`union kind=inner DNSQueryLogs, (datatable(Own: string)[]) | where anything == 1`, ""},
		"after a join, nothing": {`DNSQueryLogs | join kind=inner (Heartbeat) on Region | where anything == 1`, ""},
		"columns not listed":    {`AKSControlPlane | where Anything == 1`, ""},
		"averages":              {`DNSQueryLogs | summarize avg(QueryResponseTime) by Region | where avg_QueryResponseTime > 1 | order by avg_QueryResponseTime desc`, ""},
		"an unnamed column":     {`DNSQueryLogs | project strcat(QueryType, Answer) | where Column1 == ""`, ""},
		"a column kept":         {`DNSQueryLogs | project-away Answer | project-keep QueryType | where QueryType == ""`, ""},

		"a table of records":    {`AzureDiagnostics | where Category == "x"`, "'where' operator: Failed to resolve table or column expression named 'AzureDiagnostics'"},
		"it alone":              {`AzureDiagnostics`, "Failed to resolve table or column expression named 'AzureDiagnostics'"},
		"it by another name":    {`let logs = AzureDiagnostics | take 1; logs`, "'take' operator: Failed to resolve table or column expression named 'AzureDiagnostics'"},
		"it in parentheses":     {`(AzureDiagnostics) | take 1`, "named 'AzureDiagnostics'"},
		"a union with it":       {`union AzureDiagnostics, (datatable(Category: string)[]) | take 1`, "'union' operator: Failed to resolve table or column expression named 'AzureDiagnostics'"},
		"a union of nothing":    {`union isfuzzy=true AzureDiagnostics, NoSuchTable | take 1`, "'union' operator: Failed to resolve table or column expression named 'AzureDiagnostics'"},
		"its column in a union": {`union isfuzzy=true AzureDiagnostics, (datatable(Category: string)[]) | where status_s == "x"`, "'where' operator: Failed to resolve scalar expression named 'status_s'"},
		"column of a let":       {`let logs = DNSQueryLogs | project a = QueryName; logs | where QueryName == ""`, "scalar expression named 'QueryName'"},
		"column of one's own":   {`datatable(Tunnel: string)["t01"] | where Since > ago(1h)`, "scalar expression named 'Since'"},
		"half a let":            {`let; DNSQueryLogs`, "SYN0002"},
		"nothing in a union":    {`union DNSQueryLogs, | take 1`, "SYN0002"},
		"no such table":         {`DNSQueryLog | where QueryName == "x"`, "'where' operator: Failed to resolve table or column expression named 'DNSQueryLog'"},
		"case of a table":       {`dnsquerylogs`, "Failed to resolve table or column expression named 'dnsquerylogs'"},
		"a custom table":        {`Bunny_CL | take 1`, "'take' operator: Failed to resolve table or column expression named 'Bunny_CL'"},
		"a column of data":      {`DNSQueryLogs | where status_s == "Disconnected"`, "'where' operator: Failed to resolve scalar expression named 'status_s'"},
		"another one":           {`DNSQueryLogs | summarize count() by remoteIP_s`, "'summarize' operator: Failed to resolve scalar expression named 'remoteIP_s'"},
		"a column gone":         {`DNSQueryLogs | project QueryType | where Answer == ""`, "scalar expression named 'Answer'"},
		"a column taken away":   {`DNSQueryLogs | project-away Answer | where Answer == ""`, "scalar expression named 'Answer'"},
		"a sum without it":      {`DNSQueryLogs | summarize count() by Region | where QueryType == ""`, "scalar expression named 'QueryType'"},
		"only the count":        {`DNSQueryLogs | count | where QueryType == ""`, "scalar expression named 'QueryType'"},
		"a column in a call":    {`DNSQueryLogs | extend a = tostring(status_s)`, "'extend' operator: Failed to resolve scalar expression named 'status_s'"},
		"column of DNS":         {`DNSQueryLogs | where RCode == 3`, "scalar expression named 'RCode'"},
		"nothing":               {``, "SYN0002"},
		"a comment only":        {`// nothing`, "SYN0002"},
		"bracket open":          {`DNSQueryLogs | where (QueryType == ""`, "SYN0002"},
		"brackets crossed":      {`DNSQueryLogs | where (QueryType in [1)]`, "SYN0002"},
		"string open":           {`DNSQueryLogs | where QueryType == "a`, "SYN0002"},
		"no such operator":      {`DNSQueryLogs | were QueryType == ""`, "SYN0002"},
		"operator missing":      {`DNSQueryLogs | | take 1`, "SYN0002"},
		"bar missing":           {`DNSQueryLogs where QueryType == ""`, "SYN0002"},
		"a sign of no meaning":  {"DNSQueryLogs | where QueryType == #1", "SYN0002"},
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
