package alarms

import (
	"regexp"
	"slices"
	"strings"

	"burrow/internal/inventory"
	"burrow/internal/inventory/azuretype"
)

// dedicatedTables are the tables of resources whose settings ask for tables of
// their own, with the categories that they hold. Source: the monitoring data
// reference of AKS in azure-docs.
var dedicatedTables = map[string][]string{
	"AKSAudit":      {"kube-audit"},
	"AKSAuditAdmin": {"kube-audit-admin"},
	"AKSControlPlane": {
		"kube-apiserver", "kube-controller-manager", "kube-scheduler", "cluster-autoscaler", "cloud-controller-manager",
		"guard", "csi-azuredisk-controller", "csi-azurefile-controller", "csi-snapshot-controller",
		"fleet-member-agent", "fleet-member-net-controller-manager", "fleet-mcs-controller-manager", "karpenter-events",
	},
}

// ownTables are the tables of services that know no other way, whatever a setting
// asks for: whose logs they are, and of which category. Source: the table's
// reference in azure-docs.
var ownTables = map[string]struct{ of, category string }{
	"DNSQueryLogs": {azuretype.DnsResolverPolicy, "DnsResponse"},
}

// sharedTable holds every category of resources that did not ask for tables.
const sharedTable = "AzureDiagnostics"

// queryRule judges an alert rule on a log query. Nothing is logged in the
// emulated clouds, so a query finds no rows; but the rows have to be able to come.
func (j *judgement) queryRule() {
	p := j.o.Props()
	j.alarm.Metric = "log query"
	defer func() { j.tellsGroups(p.Strings("actions.actionGroups")) }()
	scopes := j.scopes(p)
	if len(scopes) == 0 {
		j.state(Insufficient, "nothing is watched")
		return
	}
	met, fed, criteria := true, true, p.Maps("criteria.allOf")
	for _, c := range criteria {
		fed = j.fed(scopes, c.Str("query")) && fed
		t := threshold{c.Str("operator"), c.Num("threshold")}
		met = met && t.known() && t.crossed(0)
	}
	if !fed || len(criteria) == 0 {
		j.state(Insufficient, "its table is not fed")
		return
	}
	j.fires(met, "nothing is logged in the emulated clouds, so the query finds no rows")
}

// fed checks that the table and categories that a query names get rows.
func (j *judgement) fed(scopes []*inventory.Object, query string) bool {
	table := tableIn(query)
	switch categories := categoriesIn(query); {
	case table == "NTANetAnalytics":
		if !slices.ContainsFunc(j.tx.All(azuretype.FlowLog), func(f *inventory.Object) bool { return analysed(f, scopes) }) {
			j.broken("LOG-07", "no flow log with traffic analytics feeds %s", table)
			return false
		}
	case table == "AzureMetrics":
		return j.someSetting(scopes, table, "", func(_ *inventory.Object, s inventory.Props) bool { return anyEnabled(s, "metrics", "", nil) })
	case ownTables[table].of != "":
		return j.someSetting(scopes, table, "", func(from *inventory.Object, s inventory.Props) bool {
			return from.Type == ownTables[table].of && anyEnabled(s, "logs", "", []string{ownTables[table].category})
		})
	case table != sharedTable && dedicatedTables[table] == nil:
		j.broken("LOG-09", "nothing is known to feed the table %q", table)
		return false
	case len(categories) == 0:
		return j.categoryFed(scopes, table, "")
	default:
		all := true
		for _, category := range categories {
			all = j.categoryFed(scopes, table, category) && all
		}
		return all
	}
	return true
}

// categoryFed looks for a setting that sends the category, or any, to the table.
func (j *judgement) categoryFed(scopes []*inventory.Object, table, category string) bool {
	return j.someSetting(scopes, table, category, func(from *inventory.Object, s inventory.Props) bool {
		for _, own := range ownTables {
			if from.Type == own.of {
				return false
			}
		}
		dedicated := s.Str("logAnalyticsDestinationType") == "Dedicated"
		return dedicated == (table != sharedTable) && anyEnabled(s, "logs", category, dedicatedTables[table])
	})
}

// someSetting looks for a diagnostic setting that does what is asked, of a
// resource that exists and to one of the scopes.
func (j *judgement) someSetting(scopes []*inventory.Object, table, category string, does func(from *inventory.Object, setting inventory.Props) bool) bool {
	for _, s := range j.tx.All(azuretype.DiagnosticSetting) {
		p := s.Props()
		from := j.azureObject(s.In.Str("resourceUri"))
		sent := slices.ContainsFunc(scopes, func(o *inventory.Object) bool {
			return inventory.SameID(o.ID, p.Str("workspaceId")) || from != nil && inventory.SameID(o.ID, from.ID) && j.tx.Get(azuretype.Workspace, p.Str("workspaceId")) != nil
		})
		if from != nil && sent && does(from, p) {
			return true
		}
	}
	if category != "" {
		category = " with category " + category
	}
	j.broken("LOG-09", "no diagnostic setting feeds the table %s%s", table, category)
	return false
}

// anyEnabled reports whether the setting sends a category of logs or metrics: the
// one named, else any of those that the table holds. A group stands for many.
func anyEnabled(s inventory.Props, list, category string, held []string) bool {
	return slices.ContainsFunc(s.Maps(list), func(l inventory.Props) bool {
		is := l.Str("category")
		fits := category == "" || strings.EqualFold(is, category)
		holds := held == nil || slices.Contains(held, is)
		inGroup := l.Str("categoryGroup") == "allLogs" || l.Str("categoryGroup") == "audit" && strings.HasPrefix(category, "kube-audit")
		return l.Bool("enabled") && (inGroup || is != "" && fits && holds)
	})
}

// analysed reports whether traffic analytics of a flow log feeds a workspace.
func analysed(f *inventory.Object, workspaces []*inventory.Object) bool {
	const analytics = "flowAnalyticsConfiguration.networkWatcherFlowAnalyticsConfiguration."
	p := f.Props()
	return p.Bool(analytics+"enabled") && slices.ContainsFunc(workspaces, func(w *inventory.Object) bool {
		return inventory.SameID(w.ID, p.Str(analytics+"workspaceResourceId"))
	})
}

var (
	queryComment  = regexp.MustCompile(`(?m)//.*$`)
	queryBinding  = regexp.MustCompile(`(?s)^\s*let\s[^;]*;`)
	queryTable    = regexp.MustCompile(`^\s*\(?\s*(?:union\s+(?:(?:kind|isfuzzy|withsource)\s*=\s*\w+\s+)*)?([A-Za-z_]\w*)`)
	queryCategory = regexp.MustCompile(`(?i)\bCategory\s*(?:==|=~|has|in~?)\s*(\([^)]*\)|"[^"]*"|'[^']*')`)
	queryText     = regexp.MustCompile(`["']([^"']+)["']`)
)

// tableIn is the table that a query begins with; of a union, the first.
func tableIn(query string) string {
	query = queryComment.ReplaceAllString(query, "")
	for queryBinding.MatchString(query) {
		query = queryBinding.ReplaceAllString(query, "")
	}
	if found := queryTable.FindStringSubmatch(query); found != nil {
		return found[1]
	}
	return ""
}

// categoriesIn are the log categories that a query asks for by name.
func categoriesIn(query string) (names []string) {
	for _, condition := range queryCategory.FindAllStringSubmatch(queryComment.ReplaceAllString(query, ""), -1) {
		for _, text := range queryText.FindAllStringSubmatch(condition[1], -1) {
			names = append(names, text[1])
		}
	}
	return names
}
