package nft

import (
	"bytes"
	"cmp"
	"slices"
)

// intervals joins the elements of an interval set: a key, and the first value
// behind it.
func (p *printer) intervals(all []Element, sel selector) []element {
	slices.SortStableFunc(all, func(a, b Element) int {
		return cmp.Or(bytes.Compare(big(a.Key, sel.host), big(b.Key, sel.host)), cmpBool(a.End, b.End))
	})
	var out []element
	for i, e := range all {
		if e.End {
			continue
		}
		from := big(e.Key, sel.host)
		to := slices.Repeat([]byte{0xff}, len(from))
		if i+1 < len(all) && len(all[i+1].Key) == len(from) {
			to = before(big(all[i+1].Key, sel.host))
		}
		out = append(out, element{e, sel.span(from, to, p.names)})
	}
	return out
}

// cmpBool sorts true first.
func cmpBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	}
	return 1
}

// before is the value one below v.
func before(v []byte) []byte {
	v = bytes.Clone(v)
	for i := len(v) - 1; i >= 0; i-- {
		v[i]--
		if v[i] != 0xff {
			break
		}
	}
	return v
}

// span writes a range: one value, a prefix, or both ends.
func (s *selector) span(from, to []byte, n Names) string {
	if bytes.Equal(from, to) {
		return s.kind.write(from, n)
	}
	if len(from) != len(to) {
		return s.ends(from, to, n)
	}
	if s.kind.words() {
		return s.kind.write(bytes.TrimRight(from, "\x00"), n)
	}
	if s.kind == kindIPv4 || s.kind == kindIPv6 {
		mask := make([]byte, len(from))
		for i := range mask {
			mask[i] = ^(from[i] ^ to[i])
		}
		low := slices.Clone(from)
		for i := range low {
			low[i] &= mask[i]
		}
		if l := prefixLen(mask); (l > 0 || zero(mask)) && bytes.Equal(low, from) {
			return n.prefix(s.kind.write(from, n), l)
		}
	}
	return s.ends(from, to, n)
}

// ends writes both ends of a range.
func (s *selector) ends(from, to []byte, n Names) string {
	if s.kind == kindDuration && !n.json { // nft counts seconds here
		return n.between(uintText(number(from)/1000)+"s", uintText(number(to)/1000)+"s")
	}
	return n.between(s.kind.write(from, n), s.kind.write(to, n))
}
