package aws

import (
	"errors"
	"regexp"
	"slices"
	"strings"
)

// The kinds of filter patterns: words in a line, fields of JSON, fields between
// spaces.
type patternKind int

const (
	termPattern patternKind = iota
	jsonPattern
	spacePattern
)

const (
	maxPatternRegexes    = 2 // in a pattern with fields
	maxPatternWildcards  = 3 // of selectors, in a whole pattern
	maxSelectorWildcards = 1
)

var errPattern = errors.New("invalid pattern")

// Tokens of patterns, at the start of what is left. Where AWS's guide says that
// letters and digits need no quotes and shows addresses without, so are dots,
// dashes and the like taken.
var (
	quotedToken   = regexp.MustCompile(`^"(\\.|[^"\\])*"`)
	regexToken    = regexp.MustCompile(`^%[A-Za-z0-9:_#=@/;,\- ^$?\[\]{}|\\*+.]+%`)
	bareToken     = regexp.MustCompile(`^!?[A-Za-z0-9_.*+:/-]+`)
	numberToken   = regexp.MustCompile(`^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?`)
	wordToken     = regexp.MustCompile(`^[A-Za-z0-9_]+`)
	fieldToken    = regexp.MustCompile(`^[A-Za-z0-9_-]+`)
	equalityToken = regexp.MustCompile(`^(!=|=)`)
	orderToken    = regexp.MustCompile(`^(<=|>=|<|>)`)
	stateToken    = regexp.MustCompile(`^(IS\s+(NULL|TRUE|FALSE)|NOT\s+EXISTS)`)
	jsonSelector  = regexp.MustCompile(`^\$(\.[A-Za-z0-9_*-]+|\[(\d+|\*|"[^"]+"|'[^']+')\])+`)
	spaceSelector = regexp.MustCompile(`^\$[A-Za-z0-9_-]+`)
)

// parsePattern tells the kind of a filter pattern. Source: CloudWatch Logs User
// Guide, FilterAndPatternSyntax.
func parsePattern(text string) (patternKind, error) {
	text = strings.TrimSpace(text)
	p := &pattern{rest: text}
	switch {
	case strings.HasPrefix(text, "{"):
		return jsonPattern, p.enclosed("{", "}", p.anyOf)
	case strings.HasPrefix(text, "["):
		return spacePattern, p.enclosed("[", "]", p.fields)
	case strings.HasPrefix(text, "%"):
		if regexToken.FindString(text) != text {
			return termPattern, errPattern
		}
		return termPattern, nil
	}
	return termPattern, p.terms()
}

// A pattern is being read.
type pattern struct {
	rest               string
	regexes, wildcards int
}

// take takes a token, and the space before it.
func (p *pattern) take(token *regexp.Regexp) (string, bool) {
	rest := strings.TrimSpace(p.rest)
	found := token.FindString(rest)
	if found == "" {
		return "", false
	}
	p.rest = rest[len(found):]
	return found, true
}

func (p *pattern) takeText(text string) bool {
	rest, ok := strings.CutPrefix(strings.TrimSpace(p.rest), text)
	if ok {
		p.rest = rest
	}
	return ok
}

func (p *pattern) enclosed(open, end string, inside func() error) error {
	if !p.takeText(open) {
		return errPattern
	}
	if err := inside(); err != nil {
		return err
	}
	if !p.takeText(end) || strings.TrimSpace(p.rest) != "" || p.regexes > maxPatternRegexes || p.wildcards > maxPatternWildcards {
		return errPattern
	}
	return nil
}

// anyOf is an expression over fields of JSON: && binds before ||.
func (p *pattern) anyOf() error {
	for {
		if err := p.allOf(); err != nil {
			return err
		}
		if !p.takeText("||") {
			return nil
		}
	}
}

func (p *pattern) allOf() error {
	for {
		if err := p.operand(); err != nil {
			return err
		}
		if !p.takeText("&&") {
			return nil
		}
	}
}

func (p *pattern) operand() error {
	if p.takeText("(") {
		if err := p.anyOf(); err != nil {
			return err
		}
		if !p.takeText(")") {
			return errPattern
		}
		return nil
	}
	selector, ok := p.take(jsonSelector)
	if !ok || strings.Count(selector, "*") > maxSelectorWildcards {
		return errPattern
	}
	p.wildcards += strings.Count(selector, "*")
	if _, ok := p.take(stateToken); ok {
		return nil
	}
	return p.comparison()
}

// comparison is an operator and what it compares with. Only numbers have an order.
func (p *pattern) comparison() error {
	if _, ok := p.take(orderToken); ok {
		if _, ok := p.take(numberToken); !ok {
			return errPattern
		}
		return nil
	}
	if _, ok := p.take(equalityToken); !ok {
		return errPattern
	}
	if _, ok := p.take(regexToken); ok {
		p.regexes++
		return nil
	}
	for _, token := range []*regexp.Regexp{quotedToken, bareToken} {
		if _, ok := p.take(token); ok {
			return nil
		}
	}
	return errPattern
}

// fields are those of a line, by name or left out, with conditions.
func (p *pattern) fields() error {
	gaps := 0
	for {
		if p.takeText("...") {
			gaps++
		} else if err := p.field(); err != nil {
			return err
		}
		if gaps > 1 {
			return errPattern
		}
		if !p.takeText(",") {
			return nil
		}
	}
}

// field is a name, which may be missing, and conditions on it: one on another field
// is refused (awsdocs/amazon-cloudwatch-logs-user-guide#21).
func (p *pattern) field() error {
	var names []string
	for {
		name, ok := p.take(fieldToken)
		if !ok && len(names) > 0 {
			return errPattern
		}
		names = append(names, name)
		rest := strings.TrimSpace(p.rest)
		if equalityToken.MatchString(rest) || orderToken.MatchString(rest) {
			if err := p.comparison(); err != nil || !ok {
				return errPattern
			}
		} else if len(names) > 1 {
			return errPattern
		}
		if !p.takeText("&&") && !p.takeText("||") {
			break
		}
	}
	if slices.ContainsFunc(names, func(n string) bool { return n != names[0] }) {
		return errPattern
	}
	return nil
}

// terms are words that a line has, with - has not, with ? may have. Those with
// other characters than letters, digits and _ stand in quotes.
func (p *pattern) terms() error {
	for strings.TrimSpace(p.rest) != "" {
		if !p.takeText("?") {
			p.takeText("-")
		}
		if _, ok := p.take(quotedToken); ok {
			continue
		}
		if _, ok := p.take(wordToken); !ok {
			return errPattern
		}
		if p.rest != "" && !strings.HasPrefix(p.rest, " ") {
			return errPattern
		}
	}
	return nil
}
