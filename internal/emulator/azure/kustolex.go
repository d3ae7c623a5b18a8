package azure

import (
	"fmt"
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
