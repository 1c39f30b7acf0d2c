package xt

import (
	"fmt"
	"math/bits"
	"net/netip"
	"strconv"
	"strings"
)

// Names says what a rule refers to by number. Set may be nil.
type Names struct {
	// Set gives the name of an ipset by its index; "" if it is not known.
	Set func(index uint16) string
}

// line collects the words of a rule.
type line struct{ b strings.Builder }

// add appends a formatted word, with a space before it.
func (l *line) add(format string, args ...any) {
	if l.b.Len() > 0 {
		l.b.WriteByte(' ')
	}
	fmt.Fprintf(&l.b, format, args...)
}

// words appends words as they are.
func (l *line) words(words ...string) {
	for _, w := range words {
		if l.b.Len() > 0 {
			l.b.WriteByte(' ')
		}
		l.b.WriteString(w)
	}
}

// not appends "!" if the condition is inverted.
func (l *line) not(inverted bool) {
	if inverted {
		l.words("!")
	}
}

// flag appends the option if it is set.
func (l *line) flag(set bool, option string) {
	if set {
		l.words(option)
	}
}

// quoted appends an option with a string as xtables_save_string writes it.
func (l *line) quoted(option, s string) { l.words(option, quote(s)) }

func (l *line) String() string { return l.b.String() }

// quote puts a string into quotation marks unless it is one plain word.
func quote(s string) string {
	plain := s != ""
	for _, c := range []byte(s) {
		switch {
		case c >= '0' && c <= '9', c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c == '_', c == '-':
		default:
			plain = false
		}
	}
	if plain {
		return s
	}
	b := make([]byte, 0, len(s)+8)
	b = append(b, '"')
	for i := range len(s) {
		if c := s[i]; c == '"' || c == '\\' || c == '\'' {
			b = append(b, '\\')
		}
		b = append(b, s[i])
	}
	return string(append(b, '"'))
}

// span writes one number, or two with a separator between.
func span[T ~uint16 | ~uint32 | ~uint64](from, to T, sep string) string {
	if from == to {
		return strconv.FormatUint(uint64(from), 10)
	}
	return fmt.Sprintf("%d%s%d", from, sep, to)
}

// masked writes a mark with its mask, which is left out where it is full.
func masked(value, mask uint32) string {
	if mask == 0xffffffff {
		return hexWord(value)
	}
	return hexWord(value) + "/" + hexWord(mask)
}

func hexWord(n uint32) string { return "0x" + strconv.FormatUint(uint64(n), 16) }

// maskText writes "/24", or the mask where its ones are not in front.
func maskText(mask []byte) string {
	ones := 0
	for _, b := range mask {
		ones += bits.OnesCount8(b)
		if b != 0xff {
			break
		}
	}
	total := 0
	for _, b := range mask {
		total += bits.OnesCount8(b)
	}
	contiguous := total == ones
	for i, b := range mask {
		if i == ones/8 && b != byte(0xff<<(8-ones%8)) {
			contiguous = false
		}
	}
	if !contiguous {
		if a, ok := netip.AddrFromSlice(mask); ok {
			return "/" + a.String()
		}
	}
	return "/" + strconv.Itoa(ones)
}

// names writes the set bits by name, with a comma between.
func bitNames(v uint32, names ...string) string {
	var all []string
	for i, n := range names {
		if n != "" && v&(1<<i) != 0 {
			all = append(all, n)
		}
	}
	return strings.Join(all, ",")
}
