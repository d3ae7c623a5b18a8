package azure

import "maps"

// let binds a name. What begins as a table does is followed, so that what is wrong
// in it is found and its columns are known; numbers, functions and the like are not.
func (q *kustoQuery) let(statement []kustoToken) string {
	if len(statement) < 2 {
		return syntaxError(statement[0].at)
	}
	bound := kustoQuery{lets: q.lets}
	if body := statement[2:]; len(body) > 1 && body[0].text == "=" && isTabular(body[1:]) {
		if problem := bound.pipeline(splitTokens(body[1:], "|")); problem != "" {
			return problem
		}
	}
	q.lets[statement[1].text] = bound.columns
	return ""
}

func isTabular(body []kustoToken) bool {
	first := body[0]
	if first.kind != kustoName {
		return false
	}
	alone := len(body) == 1 && !kustoWords[first.text]
	return alone || first.text == "union" || first.text == "datatable" || len(splitTokens(body, "|")) > 1
}

// kustoSources begin a pipeline without naming a table; they are not followed.
var kustoSources = set("search", "find", "range", "print", "externaldata", "materialize")

// source looks up what the pipeline begins with: a table, a name that let gives, a
// union, a table in the query itself, or any of them in parentheses.
func (q *kustoQuery) source(parts [][]kustoToken) string {
	head := parts[0]
	q.columns = nil
	switch {
	case len(head) == 0:
		return syntaxError(0)
	case head[0].text == "union":
		return q.union(head[1:])
	case head[0].text == "datatable":
		return q.datatable(head[1:])
	case inParentheses(head):
		return q.pipeline(splitTokens(head[1:len(head)-1], "|"))
	case head[0].kind != kustoName || kustoSources[head[0].text] || len(head) > 1 && head[1].text == "(":
		return ""
	case len(head) > 1:
		return syntaxError(head[1].at)
	}
	columns, known := q.lets[head[0].text]
	if !known {
		columns, known = logTables[head[0].text]
	}
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

// inParentheses reports whether one pair of parentheses holds all of it.
func inParentheses(tokens []kustoToken) bool {
	if len(tokens) < 3 || tokens[0].text != "(" {
		return false
	}
	depth := 0
	for i, t := range tokens {
		switch {
		case t.kind != kustoSign:
		case t.text == "(":
			depth++
		case t.text == ")":
			depth--
		}
		if depth == 0 {
			return i == len(tokens)-1
		}
	}
	return false
}

// datatable has the columns that its brackets declare, each with a type.
func (q *kustoQuery) datatable(body []kustoToken) string {
	q.columns = columnSet{}
	for i, t := range body {
		if t.text == ")" {
			break
		}
		if t.kind == kustoName && i+1 < len(body) && body[i+1].text == ":" {
			q.columns[t.text] = true
		}
	}
	return ""
}

// union has the columns of all its tables. With isfuzzy=true it goes without those
// that are not there, as long as one is. Source: Kusto query language reference,
// union operator.
func (q *kustoQuery) union(body []kustoToken) string {
	fuzzy, known, columns := false, true, columnSet{}
	for len(body) > 2 && body[1].text == "=" {
		switch body[0].text {
		case "isfuzzy":
			fuzzy = body[2].text == "true"
		case "withsource":
			columns[body[2].text] = true
		case "kind":
			known = known && body[2].text == "outer" // of an inner one they are not worked out
		}
		body = body[3:]
	}
	var problems []string
	items := splitTokens(body, ",")
	for _, item := range items {
		one := kustoQuery{lets: q.lets}
		if problem := one.unionItem(item); problem != "" {
			problems = append(problems, problem)
			continue
		}
		known = known && one.columns != nil
		maps.Copy(columns, one.columns)
	}
	if len(problems) > 0 && (!fuzzy || len(problems) == len(items)) {
		return "'union' operator: " + problems[0]
	}
	if known {
		q.columns = columns
	}
	return ""
}

// unionItem is a table or something in parentheses. Names with a * and what has
// more to it are not followed.
func (q *kustoQuery) unionItem(item []kustoToken) string {
	if len(item) == 0 {
		return syntaxError(0)
	}
	if len(item) > 1 && !inParentheses(item) {
		return ""
	}
	return q.source([][]kustoToken{item})
}
