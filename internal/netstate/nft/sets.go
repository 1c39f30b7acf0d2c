package nft

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
)

// key is one or more selectors that are looked up together.
type key struct {
	text  string
	parts []selector
}

// key resolves the registers of a lookup.
func (p *printer) key(regs []register) key {
	var k key
	var words []string
	for _, r := range regs {
		if r.sel == nil {
			words = append(words, p.names.word(cmp.Or(r.odd, "?")))
			k.parts = append(k.parts, selector{kind: kindHex, bits: 32})
			continue
		}
		for _, s := range p.resolve(r.sel) {
			words = append(words, s.written(p.names))
			k.parts = append(k.parts, s)
		}
	}
	k.text = p.names.concat(words)
	return k
}

// lookup writes a match with a set, a verdict map, or fills a register from a
// map.
func (p *printer) lookup(e *Lookup) {
	set, n := p.set(e.Set)
	k := p.key(p.take(e.Sreg, n))
	if e.HasDreg && e.Dreg != 0 {
		p.put(e.Dreg, register{setName: e.Set, set: set, key: k})
		return
	}
	text := p.setText(e.Set, set, k, kindHex)
	switch {
	case e.HasDreg:
		p.say(p.names.mapped("vmap", k.text, text))
	case e.Invert:
		p.say(p.names.match(k.text, "!=", false, text))
	default:
		p.say(p.names.match(k.text, "==", len(k.parts) != 1 || len(k.parts[0].ops) == 0, text))
	}
}

// set asks for an anonymous set, and says how long its keys are; 0 is not
// known.
func (p *printer) set(name string) (*Set, int) {
	if p.names.Set == nil || !Anonymous(name) {
		return nil, 0
	}
	s := p.names.Set(name)
	if s == nil {
		return nil, 0
	}
	return s, int(s.KeyLen)
}

// Anonymous says that a set of that name belongs to one rule: nft has the
// kernel number them.
func Anonymous(name string) bool {
	return strings.HasPrefix(name, "__set") || strings.HasPrefix(name, "__map") || strings.HasPrefix(name, "__objmap")
}

// setText writes a set: its name, or the elements of an anonymous one, whose
// map data are of kind data.
func (p *printer) setText(name string, s *Set, k key, data kind) string {
	n := p.names
	if s == nil {
		return n.setRef(name)
	}
	elements, more := p.elements(s, k), 0
	if most := p.names.Most; most > 0 && len(elements) > most {
		elements, more = elements[:most], len(elements)-most
	}
	words := make([]string, len(elements))
	for i, e := range elements {
		words[i] = p.element(&e, data)
	}
	if more > 0 {
		words = append(words, n.opaque(fmt.Sprintf("... %d more", more)))
	}
	return n.set(words)
}

// element writes one element with what belongs to it.
func (p *printer) element(e *element, data kind) string {
	n := p.names
	key := n.attributes(&e.Element, e.text)
	switch {
	case e.Verdict != nil:
		return n.pair(key, e.Verdict.write(n))
	case e.Object != "":
		return n.pair(key, n.name(e.Object))
	case e.Data != nil:
		return n.pair(key, p.mapData(e.Data, data))
	}
	return key
}

// mapData writes the value that a map gives.
func (p *printer) mapData(data []byte, k kind) string {
	switch k {
	case kindAddrPort: // address . port
		if len(data) >= 8 {
			return p.names.concat([]string{
				kindIPOf(data[:len(data)-4]).write(data[:len(data)-4], p.names), kindPort.write(data[len(data)-4:len(data)-2], p.names),
			})
		}
	case kindAddrRange:
		half := len(data) / 2
		s := selector{kind: kindIPOf(data[:half])}
		return s.span(data[:half], data[half:], p.names)
	case kindIPv4, kindIPv6:
		return kindIPOf(data).write(data, p.names)
	case kindPort, kindHex:
		return k.write(data, p.names)
	}
	return k.write(big(data, !k.words()), p.names)
}

func kindIPOf(data []byte) kind {
	if len(data) == 16 {
		return kindIPv6
	}
	return kindIPv4
}

// element is one element of a set with its key's text.
type element struct {
	Element
	text string
}

// elements writes the keys of a set in nft's order: by value, and concatenated
// ranges as the kernel lists them.
func (p *printer) elements(s *Set, k key) []element {
	all := make([]Element, 0, len(s.Elements))
	var rest []element // what is left for "*"
	for _, e := range s.Elements {
		if e.CatchAll {
			rest = append(rest, element{e, p.names.word("*")})
		} else {
			all = append(all, e)
		}
	}
	if s.Flags&SetInterval != 0 && s.Flags&SetConcat == 0 && len(k.parts) == 1 {
		return append(p.intervals(all, k.parts[0]), rest...)
	}
	if s.Flags&SetInterval == 0 {
		slices.Reverse(all) // of equal ones the last comes first
		slices.SortStableFunc(all, func(a, b Element) int { return bytes.Compare(k.order(a.Key), k.order(b.Key)) })
	}
	out := make([]element, 0, len(all)+len(rest))
	for _, e := range all {
		if !e.End {
			out = append(out, element{e, k.write(e.Key, e.KeyEnd, p.names)})
		}
	}
	return append(out, rest...)
}

// order gives the bytes that keys are sorted by. nft takes the parts of a
// concatenation, without the padding between, for one number in the machine's
// byte order, and of several flags only the first.
func (k *key) order(v []byte) []byte {
	if len(k.parts) != 1 {
		var packed []byte
		for _, s := range k.parts {
			n := s.bytes(len(v))
			packed = append(packed, v[:n]...)
			v = v[min((n+3)&^3, len(v)):]
		}
		return big(packed, true)
	}
	s := k.parts[0]
	b := big(v, s.host || s.kind.words())
	if s.kind.bitmask() && len(b) <= 8 {
		u := number(b)
		return binary.BigEndian.AppendUint64(nil, u&-u)
	}
	return b
}

// bytes is how long the value is, of at most n.
func (s *selector) bytes(n int) int { return min(max(int(s.bits+7)/8, 1), n) }

// write writes a key, and its end if it is a range.
func (k *key) write(v, end []byte, n Names) string {
	var words []string
	for _, s := range k.parts {
		length := s.bytes(len(v))
		if len(k.parts) == 1 {
			length = len(v)
		}
		from := shift(big(v[:length], s.host), s.shift)
		word := s.kind.write(from, n)
		if end != nil && len(end) >= length {
			word = s.span(from, shift(big(end[:length], s.host), s.shift), n)
		}
		words = append(words, word)
		step := min((length+3)&^3, len(v))
		v = v[step:]
		if end != nil {
			end = end[min(step, len(end)):]
		}
	}
	return n.concat(words)
}

// write writes a verdict in either form.
func (v *Verdict) write(n Names) string {
	text := v.String()
	if !n.json {
		return text
	}
	switch v.Code {
	case -3, -4:
		word, _, _ := strings.Cut(text, " ")
		return object(word, object("target", quoted(v.Chain)))
	case 0, 1, -1, -2, -5:
		return object(text, "null")
	}
	return n.opaque(text)
}

// String writes a verdict as nft does.
func (v *Verdict) String() string {
	switch v.Code {
	case 0:
		return "drop"
	case 1:
		return "accept"
	case 3:
		return "queue"
	case -1:
		return "continue"
	case -2:
		return "break"
	case -3:
		return "jump " + v.Chain
	case -4:
		return "goto " + v.Chain
	case -5:
		return "return"
	}
	return fmt.Sprintf("[ verdict %d ]", v.Code)
}
