package html

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/pktrail/pktrail/internal/topology"
)

// escape makes text fit for XML and HTML, in elements and attributes: characters
// that XML 1.0 has not are replaced.
func escape(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '&':
			b.WriteString("&amp;")
		case r == '<':
			b.WriteString("&lt;")
		case r == '>':
			b.WriteString("&gt;")
		case r == '"':
			b.WriteString("&#34;")
		case r == '\'':
			b.WriteString("&#39;")
		case r == '\n' || r == '\t':
			b.WriteRune(r)
		case r == utf8.RuneError, r < 0x20, r == 0xfffe, r == 0xffff, !unicode.IsPrint(r):
			b.WriteByte('?')
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// fit cuts a text to n characters in its middle: pods of one deployment differ
// at the end.
func fit(s string, n int) string {
	r := []rune(s)
	if len(r) <= n || n < 5 {
		return s
	}
	tail := (n - 1) / 2
	return string(r[:n-1-tail]) + "…" + string(r[len(r)-tail:])
}

func mtu(d *topology.Device) string {
	if d.MTU <= 0 {
		return "mtu ?"
	}
	return fmt.Sprintf("mtu %d", d.MTU)
}

// overlay is "vxlan 1, udp 8472".
func overlay(o *topology.Overlay) string {
	s := o.Kind
	if o.VNI != 0 || o.Kind == "vxlan" && !o.External {
		s += fmt.Sprintf(" %d", o.VNI)
	}
	if o.Port != 0 {
		s += fmt.Sprintf(", udp %d", o.Port)
	}
	return s
}

// ids gives out names for elements that stay the same for the same map, and
// differ within one.
type ids map[string]int

func (i ids) of(kind, name string) string {
	id := kind + "-" + strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '-', r == '.', r == '_':
			return r
		case r == '/':
			return '.'
		}
		return '_'
	}, name)
	i[id]++
	if n := i[id]; n > 1 {
		return fmt.Sprintf("%s-%d", id, n)
	}
	return id
}
