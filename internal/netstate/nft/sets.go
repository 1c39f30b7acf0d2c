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
			words = append(words, cmp.Or(r.mapped, "?"))
			k.parts = append(k.parts, selector{kind: kindHex, bits: 32})
			continue
		}
		for _, s := range p.resolve(r.sel) {
			words = append(words, s.written(p.names))
			k.parts = append(k.parts, s)
		}
	}
	k.text = strings.Join(words, " . ")
	return k
}

// lookup writes a match with a set, a verdict map, or fills a register from a
// map.
func (p *printer) lookup(e *Lookup) {
	set, n := p.set(e.Set)
	k := p.key(p.take(e.Sreg, n))
	switch {
	case !e.HasDreg && e.Invert:
		p.say(k.text + " != " + p.setText(e.Set, set, k, kindHex))
	case !e.HasDreg && len(k.parts) == 1 && len(k.parts[0].ops) > 0:
		p.say(k.text + " == " + p.setText(e.Set, set, k, kindHex))
	case !e.HasDreg:
		p.say(k.text + " " + p.setText(e.Set, set, k, kindHex))
	case e.Dreg == 0:
		p.say(k.text + " vmap " + p.setText(e.Set, set, k, kindHex))
	default:
		p.put(e.Dreg, register{mapped: k.text + " map ", setName: e.Set, set: set, key: k})
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
	if s == nil {
		return "@" + name
	}
	elements, more := p.elements(s, k), 0
	if most := p.names.Most; most > 0 && len(elements) > most {
		elements, more = elements[:most], len(elements)-most
	}
	words := make([]string, len(elements))
	for i, e := range elements {
		words[i] = e.text
		switch {
		case e.Verdict != nil:
			words[i] += " : " + e.Verdict.String()
		case e.Object != "":
			words[i] += ` : "` + e.Object + `"`
		case e.Data != nil:
			words[i] += " : " + p.mapData(e.Data, data)
		}
		if e.Comment != "" {
			words[i] += ` comment "` + e.Comment + `"`
		}
	}
	if more > 0 {
		words = append(words, fmt.Sprintf("... %d more", more))
	}
	return "{ " + strings.Join(words, ", ") + " }"
}

// mapData writes the value that a map gives.
func (p *printer) mapData(data []byte, k kind) string {
	switch k {
	case kindAddrPort: // address . port
		if len(data) >= 8 {
			return kindIPOf(data[:len(data)-4]).write(data[:len(data)-4], p.names) + " . " + kindPort.write(data[len(data)-4:len(data)-2], p.names)
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
	if s.Flags&SetInterval != 0 && s.Flags&SetConcat == 0 && len(k.parts) == 1 {
		return p.intervals(s, k.parts[0])
	}
	all := slices.Clone(s.Elements)
	if s.Flags&SetInterval == 0 {
		slices.Reverse(all) // of equal ones the last comes first
		slices.SortStableFunc(all, func(a, b Element) int { return bytes.Compare(k.order(a.Key), k.order(b.Key)) })
	}
	var out []element
	for _, e := range all {
		switch {
		case e.CatchAll:
			out = append(out, element{e, "*"})
		case !e.End:
			out = append(out, element{e, k.write(e.Key, e.KeyEnd, p.names)})
		}
	}
	return out
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
	return strings.Join(words, " . ")
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
