package azure

import (
	"fmt"
	"slices"
	"strings"
)

// queryProblem is what Log Analytics says of a query in a workspace where no log
// has arrived yet, or "". It is no full parser: see "What is not modelled".
func queryProblem(text string) string {
	tokens, problem := lexQuery(text)
	if problem != "" {
		return problem
	}
	q := kustoQuery{lets: map[string]columnSet{}}
	tabular := false
	for _, statement := range splitTokens(tokens, ";") {
		if len(statement) == 0 {
			continue
		}
		if statement[0].text == "let" {
			if problem := q.let(statement); problem != "" {
				return problem
			}
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

// A kustoQuery is a query on its way through the pipeline: the columns that
// there are at this point.
type kustoQuery struct {
	lets    map[string]columnSet // by the names that let statements give
	columns columnSet
}

// A columnSet is nil where the columns are not known.
type columnSet map[string]bool

// bound reports whether a let statement gives the name.
func (q *kustoQuery) bound(name string) bool {
	_, ok := q.lets[name]
	return ok
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
	left, known := columnSet{}, q.columns != nil
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
		case t.kind != kustoName || kustoWords[t.text] || q.columns[t.text] || q.bound(t.text):
		case next == "(" || i > 0 && expression[i-1].text == ".":
		default:
			return fmt.Sprintf("'%s' operator: Failed to resolve scalar expression named '%s'", operator, t.text)
		}
	}
	return ""
}
