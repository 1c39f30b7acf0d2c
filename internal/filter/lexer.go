package filter

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"unicode/utf8"
)

type tokenKind uint8

const (
	tokenEnd     tokenKind = iota
	tokenKeyword           // text is its usual spelling
	tokenSymbol            // operators and brackets; text is the usual spelling
	tokenNumber            // num
	tokenName              // a name that is no keyword
	tokenIPv4              // two to four numbers with dots
	tokenIPv6
	tokenMAC
)

// token is a word of an expression.
type token struct {
	kind tokenKind
	text string
	raw  string // as written
	pos  int    // byte offset
	num  uint32
}

func (t token) is(texts ...string) bool {
	return (t.kind == tokenKeyword || t.kind == tokenSymbol) && slices.Contains(texts, t.text)
}

// lexer cuts an expression into words. At each place the longest word wins,
// and of equally long ones the first kind in this order: keyword, Ethernet
// address, number, IPv4 address, IPv6 address, name.
type lexer struct {
	expr string
	pos  int
}

func (l *lexer) errorf(pos int, word, hint, format string, args ...any) *Error {
	return &Error{
		Column: utf8.RuneCountInString(l.expr[:pos]) + 1, Word: word, expr: l.expr,
		Msg: fmt.Sprintf(format, args...), Hint: hint,
	}
}

func (l *lexer) next() (token, *Error) {
	for l.pos < len(l.expr) && strings.IndexByte(" \r\n\t", l.expr[l.pos]) >= 0 {
		l.pos++
	}
	rest := l.expr[l.pos:]
	if rest == "" {
		return token{pos: l.pos}, nil
	}
	if n := nameLength(rest); n > 0 {
		if text, ok := keywords[rest[:n]]; ok && !longer(rest, n) {
			return l.take(n, tokenKeyword, text), nil
		}
		if num, ok := constants[rest[:n]]; ok && !longer(rest, n) {
			t := l.take(n, tokenNumber, rest[:n])
			t.num = num
			return t, nil
		}
	}
	best, kind := longest(rest)
	switch {
	case best == 0:
		return l.symbol(rest)
	case kind == tokenNumber:
		return l.number(rest[:best])
	default:
		return l.take(best, kind, rest[:best]), nil
	}
}

// longer says that an address reaches beyond a keyword's n characters.
func longer(s string, n int) bool { return macLength(s) > n || ipv6Length(s) > n }

func longest(s string) (best int, kind tokenKind) {
	for _, c := range []struct {
		n    int
		kind tokenKind
	}{
		{macLength(s), tokenMAC},
		{numberLength(s), tokenNumber},
		{ipv4Length(s), tokenIPv4},
		{ipv6Length(s), tokenIPv6},
		{nameLength(s), tokenName},
	} {
		if c.n > best {
			best, kind = c.n, c.kind
		}
	}
	return best, kind
}

func (l *lexer) take(n int, kind tokenKind, text string) token {
	t := token{kind: kind, text: text, raw: l.expr[l.pos : l.pos+n], pos: l.pos}
	l.pos += n
	return t
}

// symbol cuts an operator, a bracket or an escaped word.
func (l *lexer) symbol(rest string) (token, *Error) {
	for _, s := range [...]struct{ raw, text, kind string }{
		{"&&", "and", "k"},
		{"||", "or", "k"},
		{">=", ">=", ""},
		{"<=", "<=", ""},
		{"!=", "!=", ""},
		{"==", "=", ""},
		{"<<", "<<", ""},
		{">>", ">>", ""},
	} {
		if !strings.HasPrefix(rest, s.raw) {
			continue
		}
		if s.kind == "k" {
			return l.take(2, tokenKeyword, s.text), nil
		}
		return l.take(2, tokenSymbol, s.text), nil
	}
	c := rest[0]
	switch {
	case c == '!':
		return l.take(1, tokenKeyword, "not"), nil
	case strings.IndexByte("+-*/%:[]<>()&|^=", c) >= 0:
		return l.take(1, tokenSymbol, rest[:1]), nil
	case c == '\\':
		n := strings.IndexAny(rest, " !()\n\t")
		if n < 0 {
			n = len(rest)
		}
		if n > 1 {
			return l.take(n, tokenName, rest[1:n]), nil
		}
	}
	r, n := utf8.DecodeRuneInString(rest)
	return token{}, l.errorf(l.pos, rest[:n], strangerHint(l.expr, l.pos, r), "unexpected character")
}

// number reads decimal, octal (leading 0) or hexadecimal (leading 0x).
func (l *lexer) number(word string) (token, *Error) {
	t := l.take(len(word), tokenNumber, word)
	base, digits := uint64(10), word
	switch {
	case len(word) > 1 && (word[1] == 'x' || word[1] == 'X'):
		base, digits = 16, word[2:]
	case word[0] == '0':
		base = 8
	}
	n := uint64(0)
	for i := range len(digits) {
		d := uint64(hexDigit(digits[i]))
		if d >= base {
			return t, l.errorf(t.pos, word, "a leading 0 makes a number octal: drop it for decimal", "digit %c in an octal number", digits[i])
		}
		if n = n*base + d; n > 1<<32-1 {
			return t, l.errorf(t.pos, word, "the largest number is 4294967295 (0xffffffff)", "number does not fit into 32 bits")
		}
	}
	t.num = uint32(n)
	return t, nil
}

func hexDigit(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isAlnum(c byte) bool { return isDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'z' }

// nameLength matches letters, digits, and - _ . between them; a dot may end it.
func nameLength(s string) int {
	if s == "" || !isAlnum(s[0]) {
		return 0
	}
	n := 1
	for n < len(s) && (isAlnum(s[n]) || s[n] == '-' || s[n] == '_' || s[n] == '.') {
		n++
	}
	for s[n-1] == '-' || s[n-1] == '_' {
		n--
	}
	return n
}

func numberLength(s string) int {
	n := 0
	if len(s) > 2 && s[0] == '0' && s[1]|0x20 == 'x' && hexDigit(s[2]) >= 0 {
		for n = 3; n < len(s) && hexDigit(s[n]) >= 0; {
			n++
		}
		return n
	}
	for n < len(s) && isDigit(s[n]) {
		n++
	}
	return n
}

// ipv4Length matches two to four numbers with dots between them.
func ipv4Length(s string) int {
	n, parts := numberLength(s), 1
	if n == 0 {
		return 0
	}
	for parts < 4 && n < len(s) && s[n] == '.' {
		m := numberLength(s[n+1:])
		if m == 0 {
			break
		}
		n, parts = n+1+m, parts+1
	}
	if parts == 1 {
		return 0
	}
	return n
}

func ipv6Length(s string) int {
	n, colons := 0, 0
	for n < len(s) && n < 64 && (hexDigit(s[n]) >= 0 || s[n] == ':' || s[n] == '.') {
		if s[n] == ':' {
			colons++
		}
		n++
	}
	for ; n > 1 && colons > 1; n-- {
		if addr, err := netip.ParseAddr(s[:n]); err == nil && addr.Is6() {
			return n
		}
	}
	return 0
}

// macLength matches xx:xx:xx:xx:xx:xx, also with - or . (one or two digits
// each), xxxx.xxxx.xxxx and xxxxxxxxxxxx.
func macLength(s string) int {
	best := 0
	for _, sep := range []byte(":-.") {
		best = max(best, groupsLength(s, 6, 1, 2, sep))
	}
	best = max(best, groupsLength(s, 3, 4, 4, '.'))
	return max(best, groupsLength(s, 1, 12, 12, '.'))
}

func groupsLength(s string, groups, least, most int, sep byte) int {
	n := 0
	for g := range groups {
		if g > 0 {
			if n >= len(s) || s[n] != sep {
				return 0
			}
			n++
		}
		d := 0
		for d < most && n+d < len(s) && hexDigit(s[n+d]) >= 0 {
			d++
		}
		if d < least {
			return 0
		}
		n += d
	}
	return n
}
