package azure

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// A kustoToken is one word of a log query.
type kustoToken struct {
	kind kustoKind
	text string
	at   int // byte offset
}

type kustoKind uint8

const (
	kustoName kustoKind = iota // table, column, operator, function
	kustoText                  // string literal
	kustoNumber
	kustoSign
)

// queryProblem is what Log Analytics says of a query in a workspace where no log
// has arrived yet, or "". It is no parser: see "What is not modelled".
func queryProblem(text string) string {
	tokens, problem := lexQuery(text)
	if problem != "" {
		return problem
	}
	q := kustoQuery{lets: map[string]bool{}}
	tabular := false
	for _, statement := range splitTokens(tokens, ";") {
		if len(statement) == 0 {
			continue
		}
		if statement[0].text == "let" {
			q.let(statement)
			continue
		}
		tabular = true
		if problem := q.pipeline(splitTokens(statement, "|")); problem != "" {
			return problem
		}
	}
	if !tabular {
		return syntaxError(len(text))
	}
	return ""
}

func syntaxError(at int) string {
	return fmt.Sprintf("Syntax error: SYN0002: A recognition error occurred. [position=%d]", at)
}

// lexQuery cuts a query into words, comments left out. Strings must end and
// brackets must match.
func lexQuery(text string) (tokens []kustoToken, problem string) {
	var open []byte
	for i := 0; i < len(text); {
		kind, n := nextToken(text[i:])
		switch {
		case n == 0:
			return nil, syntaxError(i)
		case kind < 0:
			i += n
			continue
		}
		token := kustoToken{kustoKind(kind), text[i : i+n], i}
		if token.kind == kustoSign {
			var matched bool
			if open, matched = bracket(open, token.text[0]); !matched {
				return nil, syntaxError(i)
			}
		}
		tokens = append(tokens, token)
		i += n
	}
	if len(open) > 0 {
		return nil, syntaxError(len(text))
	}
	return tokens, ""
}

// bracket keeps the brackets that are open, and reports whether the sign may
// stand where it does.
func bracket(open []byte, sign byte) ([]byte, bool) {
	pairs := map[byte]byte{')': '(', ']': '[', '}': '{'}
	switch opening := pairs[sign]; {
	case sign == '(' || sign == '[' || sign == '{':
		return append(open, sign), true
	case opening == 0:
		return open, true
	case len(open) == 0 || open[len(open)-1] != opening:
		return nil, false
	}
	return open[:len(open)-1], true
}

// kustoSigns are the signs of several characters, longest first where it matters.
var kustoSigns = []string{"==", "=~", "!=", "!~", "<=", ">=", "<>", "..", "=>"}

// nextToken is the kind and length of what the text begins with: kind -1 for
// blanks and comments, length 0 for what is no word of the language.
func nextToken(text string) (kind, n int) {
	c := text[0]
	switch {
	case strings.ContainsRune(" \t\r\n", rune(c)):
		return -1, 1
	case strings.HasPrefix(text, "//"):
		line, _, _ := strings.Cut(text, "\n")
		return -1, len(line)
	case c == '"' || c == '\'' || c == '@' || (c == 'h' || c == 'H') && len(text) > 1 && strings.ContainsRune(`"'`, rune(text[1])):
		return int(kustoText), stringLength(text)
	case c >= '0' && c <= '9':
		return int(kustoNumber), wordLength(text)
	case isWord(c):
		return int(kustoName), wordLength(text)
	}
	for _, sign := range kustoSigns {
		if strings.HasPrefix(text, sign) {
			return int(kustoSign), len(sign)
		}
	}
	if strings.ContainsRune("|;,()[]{}<>=+-*/%.!:~?&^$", rune(c)) {
		return int(kustoSign), 1
	}
	return int(kustoSign), 0
}

func isWord(c byte) bool {
	return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

func wordLength(text string) int {
	n := 0
	for n < len(text) && isWord(text[n]) {
		n++
	}
	return n
}

// stringLength is the length of the literal that the text begins with, 0 when it
// does not end. After @ a backslash is a character like any other.
func stringLength(text string) int {
	start := strings.IndexAny(text, `"'`)
	verbatim := text[0] == '@'
	if start < 0 || start > 1 {
		return 0
	}
	for i := start + 1; i < len(text); i++ {
		switch {
		case text[i] == '\n':
			return 0
		case text[i] == '\\' && !verbatim:
			i++
		case text[i] == text[start]:
			return i + 1
		}
	}
	return 0
}

// splitTokens cuts at a sign outside all brackets.
func splitTokens(tokens []kustoToken, sign string) [][]kustoToken {
	parts, depth, from := [][]kustoToken{}, 0, 0
	for i, t := range tokens {
		switch {
		case t.kind != kustoSign && t.text != sign:
		case strings.ContainsAny(t.text, "([{"):
			depth++
		case strings.ContainsAny(t.text, ")]}"):
			depth--
		}
		if depth == 0 && t.kind != kustoText && t.text == sign {
			parts, from = append(parts, tokens[from:i]), i+1
		}
	}
	return append(parts, tokens[from:])
}

// A kustoQuery is a query on its way through the pipeline: the columns that
// there are at this point.
type kustoQuery struct {
	lets    map[string]bool // names that let statements give
	columns map[string]bool // nil where they are not known
}

func (q *kustoQuery) let(statement []kustoToken) {
	if len(statement) > 1 {
		q.lets[statement[1].text] = true
	}
}

func (q *kustoQuery) pipeline(parts [][]kustoToken) string {
	if problem := q.source(parts); problem != "" {
		return problem
	}
	for _, part := range parts[1:] {
		if len(part) == 0 {
			return syntaxError(0)
		}
		name, body := operatorOf(part)
		if !kustoOperators[name] {
			return syntaxError(part[0].at)
		}
		if problem := q.apply(name, body); problem != "" {
			return problem
		}
	}
	return ""
}

// kustoSources begin a pipeline without naming a table; they are not followed.
var kustoSources = set("union", "search", "find", "range", "print", "externaldata", "materialize", "datatable")

// source looks up the table that the pipeline begins with.
func (q *kustoQuery) source(parts [][]kustoToken) string {
	head := parts[0]
	switch {
	case len(head) == 0:
		return syntaxError(0)
	case head[0].kind != kustoName || kustoSources[head[0].text] || len(head) > 1 && head[1].text == "(":
		q.columns = nil
		return ""
	case len(head) > 1:
		return syntaxError(head[1].at)
	case q.lets[head[0].text]:
		q.columns = nil
		return ""
	}
	columns, known := logTables[head[0].text]
	if !known {
		operator := ""
		if len(parts) > 1 && len(parts[1]) > 0 {
			name, _ := operatorOf(parts[1])
			operator = "'" + name + "' operator: "
		}
		return operator + "Failed to resolve table or column expression named '" + head[0].text + "'"
	}
	q.columns = maps.Clone(columns)
	return ""
}

// operatorOf is the operator that a part of the pipeline begins with, such as
// where or project-away, and the rest.
func operatorOf(part []kustoToken) (name string, body []kustoToken) {
	name = part[0].text
	hyphenated := len(part) > 2 && part[1].text == "-" && part[2].kind == kustoName &&
		part[1].at == part[0].at+len(name) && part[2].at == part[1].at+1
	if hyphenated {
		return name + "-" + part[2].text, part[3:]
	}
	return name, part[1:]
}

// kustoOperators are those of the language. Source: Kusto query language
// reference, tabular operators.
var kustoOperators = set(
	"as", "consume", "count", "distinct", "evaluate", "extend", "facet", "filter", "fork", "getschema", "invoke",
	"join", "limit", "lookup", "make-series", "mv-apply", "mv-expand", "mvexpand", "order", "parse", "parse-kv",
	"parse-where", "partition", "project", "project-away", "project-keep", "project-rename", "project-reorder",
	"reduce", "render", "sample", "sample-distinct", "scan", "search", "serialize", "sort", "summarize", "take",
	"top", "top-hitters", "top-nested", "union", "where",
)

// apply checks the columns that an operator names and works out those that it
// leaves. After an operator that is not followed, no column is checked.
func (q *kustoQuery) apply(name string, body []kustoToken) string {
	switch name {
	case "where", "filter", "order", "sort", "top":
		return q.check(name, body)
	case "take", "limit", "sample", "render", "serialize", "as", "project-reorder":
		return ""
	case "count":
		q.columns = set("Count")
		return ""
	case "extend":
		return q.extend(body)
	case "project", "distinct", "project-keep":
		return q.keep(name, splitTokens(body, ","))
	case "project-away":
		return q.drop(body)
	case "summarize":
		groups := splitTokens(body, "by")
		var items [][]kustoToken
		for _, group := range groups {
			items = append(items, splitTokens(group, ",")...)
		}
		return q.keep(name, items)
	}
	q.columns = nil
	return ""
}

func (q *kustoQuery) extend(body []kustoToken) string {
	for _, item := range splitTokens(body, ",") {
		name, expression := assignment(item)
		if problem := q.check("extend", expression); problem != "" {
			return problem
		}
		if q.columns != nil && name != "" {
			q.columns[name] = true
		}
	}
	return ""
}

// keep leaves the items' columns and no others.
func (q *kustoQuery) keep(operator string, items [][]kustoToken) string {
	left, known := map[string]bool{}, q.columns != nil
	for _, item := range items {
		name, expression := assignment(item)
		if problem := q.check(operator, expression); problem != "" {
			return problem
		}
		if name == "" {
			name = defaultColumn(expression)
		}
		known = known && (name != "" || len(item) == 0)
		left[name] = true
	}
	q.columns = nil
	if known {
		q.columns = left
	}
	return ""
}

func (q *kustoQuery) drop(body []kustoToken) string {
	if slices.ContainsFunc(body, func(t kustoToken) bool { return t.text == "*" }) {
		q.columns = nil
	}
	if problem := q.check("project-away", body); problem != "" {
		return problem
	}
	for _, t := range body {
		delete(q.columns, t.text)
	}
	return ""
}

// assignment cuts "name = expression"; the name is "" where there is none.
func assignment(item []kustoToken) (name string, expression []kustoToken) {
	if len(item) > 1 && item[0].kind == kustoName && item[1].text == "=" {
		return item[0].text, item[2:]
	}
	return "", item
}

// defaultColumn is the name that an expression without one gets, "" where that
// is not worked out: x stays x, bin(x, 5m) is x, avg(x) is avg_x, count() count_.
func defaultColumn(expression []kustoToken) string {
	switch n := len(expression); {
	case n == 1 && expression[0].kind == kustoName:
		return expression[0].text
	case n < 3 || expression[0].kind != kustoName || expression[1].text != "(":
		return ""
	case expression[0].text == "bin" && expression[2].kind == kustoName:
		return expression[2].text
	case n == 3:
		return expression[0].text + "_"
	case n == 4 && expression[2].kind == kustoName:
		return expression[0].text + "_" + expression[2].text
	}
	return ""
}

// kustoWords are names in expressions that are no columns.
var kustoWords = set(
	"and", "or", "not", "in", "between", "by", "asc", "desc", "nulls", "first", "last", "true", "false", "null", "has",
	"has_cs", "hasprefix", "hassuffix", "contains", "contains_cs", "startswith", "startswith_cs", "endswith",
	"endswith_cs", "matches", "regex", "like", "typeof", "string", "int", "long", "real", "double", "bool", "dynamic",
)

// kustoLiterals are functions whose arguments are no expressions.
var kustoLiterals = set("datetime", "guid", "dynamic", "timespan", "time", "date")

// check refuses a name that is no column where the columns are known.
func (q *kustoQuery) check(operator string, expression []kustoToken) string {
	if q.columns == nil {
		return ""
	}
	literal := 0 // depth inside a literal's brackets
	for i, t := range expression {
		next := ""
		if i+1 < len(expression) {
			next = expression[i+1].text
		}
		switch {
		case literal > 0 || t.text == "(" && i > 0 && kustoLiterals[expression[i-1].text]:
			literal += strings.Count("(", t.text) - strings.Count(")", t.text)
		case t.kind != kustoName || kustoWords[t.text] || q.lets[t.text] || q.columns[t.text]:
		case next == "(" || i > 0 && expression[i-1].text == ".":
		default:
			return fmt.Sprintf("'%s' operator: Failed to resolve scalar expression named '%s'", operator, t.text)
		}
	}
	return ""
}

// logTables are tables that every workspace has, with the columns that are there
// before any log has arrived; nil where they are not listed here. Custom tables
// (_CL) come with their first record.
//
// The reference of AzureDiagnostics promises 200 columns, most of them with a
// suffix such as _s for their type. A workspace did without such a one all the
// same until its first record (dolevshor/Azure-OpenAI-Insights#5), so here they
// are not there.
var logTables = map[string]map[string]bool{
	"AzureDiagnostics": set(
		"AdditionalFields", "CallerIPAddress", "Category", "CorrelationId", "DurationMs", "Level", "Message",
		"OperationName", "OperationVersion", "Resource", "ResourceGroup", "ResourceId", "ResourceProvider",
		"ResourceType", "ResultDescription", "ResultSignature", "ResultType", "SourceSystem", "SubscriptionId",
		"TenantId", "TimeGenerated", "Type", "_BilledSize", "_IsBillable", "_ResourceId", "_SubscriptionId",
	),
	"DNSQueryLogs": set(
		"AdditionalRecords", "Answer", "Authority", "DestinationIpAddress", "DestinationPort",
		"DnsForwardingRulesetDomain", "DnsForwardingRulesetId", "OperationName", "PrivateResolverEndpointId",
		"QueryClass", "QueryName", "QueryResponseTime", "QueryType", "Region", "ResolutionPath",
		"ResolverPolicyDomainListId", "ResolverPolicyId", "ResolverPolicyRuleAction", "ResponseCode",
		"SourceIpAddress", "SourcePort", "SourceSystem", "TenantId", "TimeGenerated", "Transport", "Type", "Version",
		"VirtualNetworkId", "_BilledSize", "_IsBillable", "_ResourceId", "_SubscriptionId",
	),
	"AKSAudit": nil, "AKSAuditAdmin": nil, "AKSControlPlane": nil, "AzureActivity": nil, "AzureMetrics": nil,
	"ContainerLog": nil, "ContainerLogV2": nil, "Event": nil, "Heartbeat": nil, "InsightsMetrics": nil,
	"KubeEvents": nil, "KubeNodeInventory": nil, "KubePodInventory": nil, "LAQueryLogs": nil,
	"NTAIpDetails": nil, "NTANetAnalytics": nil, "Operation": nil, "Perf": nil, "StorageBlobLogs": nil, "Syslog": nil,
	"Usage": nil, "_LogOperation": nil,
}
