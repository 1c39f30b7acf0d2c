package nft

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pktrail/pktrail/internal/netstate/nlattr"
	"github.com/pktrail/pktrail/internal/netstate/xt"
)

// Object is a named object: a counter, quota, limit and so on.
type Object struct {
	Family  Family
	Table   string
	Name    string
	Handle  uint64
	Comment string
	// Type is NFT_OBJECT_*, Data its attributes.
	Type uint32
	Data []byte
}

// The types of objects (linux/netfilter/nf_tables.h, NFT_OBJECT_*).
const (
	objectCounter  = 1
	objectQuota    = 2
	objectHelper   = 3
	objectLimit    = 4
	objectTimeout  = 7
	objectSecmark  = 8
	objectExpect   = 9
	objectSynproxy = 10
)

// objectWords are what nft calls them where they are declared.
var objectWords = [...]string{
	"", "counter", "quota", "ct helper", "limit", "ct count", "tunnel", "ct timeout", "secmark", "ct expectation", "synproxy",
}

func objectWord(kind uint32) string {
	if kind == 0 || kind >= uint32(len(objectWords)) {
		return fmt.Sprintf("[ object %d ]", kind)
	}
	return objectWords[kind]
}

// DecodeObject reads the body of an NFT_MSG_NEWOBJ message; false if it names
// no object. It keeps no part of msg.
func DecodeObject(msg []byte) (Object, bool) {
	fam, b, ok := split(msg)
	o := Object{Family: fam}
	nlattr.Each(b, func(k uint16, v []byte) {
		switch k {
		case 1: // NFTA_OBJ_TABLE
			o.Table = nlattr.Text(v)
		case 2: // NFTA_OBJ_NAME
			o.Name = nlattr.Text(v)
		case 3: // NFTA_OBJ_TYPE
			o.Type = num32(v)
		case 4: // NFTA_OBJ_DATA
			o.Data = slices.Clone(v)
		case 6: // NFTA_OBJ_HANDLE
			o.Handle = number(v)
		case 8: // NFTA_OBJ_USERDATA
			o.Comment = comment(v)
		}
	})
	return o, ok && o.Name != "" && o.Table != ""
}

// property is one thing that an object says of itself: a line of text, and
// pairs of JSON.
type property struct {
	line  string
	pairs []string
}

// Listing writes the object as `nft list ruleset` does, with a tab in front of
// each line.
func (o *Object) Listing(n Names) string {
	var b strings.Builder
	fmt.Fprintf(&b, "\t%s %s {\n", objectWord(o.Type), o.Name)
	if o.Comment != "" {
		fmt.Fprintf(&b, "\t\tcomment \"%s\"\n", o.Comment)
	}
	for _, p := range o.properties(n) {
		if p.line != "" {
			b.WriteString("\t\t" + p.line + "\n")
		}
	}
	b.WriteString("\t}\n")
	return b.String()
}

// JSON writes the object as `nft -j list ruleset` does.
func (o *Object) JSON(n Names) string {
	n.json = true
	pairs := []string{"family", quoted(o.Family.String()), "name", quoted(o.Name), "table", quoted(o.Table), "handle", uintText(o.Handle)}
	if o.Comment != "" {
		pairs = append(pairs, "comment", quoted(o.Comment))
	}
	for _, p := range o.properties(n) {
		pairs = append(pairs, p.pairs...)
	}
	return object(objectWord(o.Type), object(pairs...))
}

func (o *Object) properties(n Names) []property {
	f := numbers(o.Data)
	switch o.Type {
	case objectCounter:
		packets, bytes := f.value[2], f.value[1]
		if !n.State {
			return nil
		}
		return []property{{"packets " + uintText(packets) + " bytes " + uintText(bytes), []string{"packets", uintText(packets), "bytes", uintText(bytes)}}}
	case objectQuota:
		over, used := f.u32(2)&1 != 0, f.value[4]
		if !n.State {
			used = 0
		}
		return []property{{quotaText(f.value[1], used, over), []string{
			"bytes", uintText(f.value[1]), "used", uintText(used), "inv", fmt.Sprint(over),
		}}}
	case objectHelper:
		proto, name := xt.ProtocolName(uint16(f.u32(3))), nlattr.Text(attr(o.Data, 1))
		return []property{
			{fmt.Sprintf("type %q protocol %s", name, proto), []string{"type", quoted(name), "protocol", quoted(proto)}},
			layer3(f.u32(2)),
		}
	case objectLimit:
		l := limitOf(f)
		return []property{{l.text(), l.pairs()}}
	case objectTimeout:
		return o.timeouts(f)
	case objectSecmark:
		context := nlattr.Text(attr(o.Data, 1))
		return []property{{`"` + context + `"`, []string{"context", quoted(context)}}}
	case objectExpect:
		return expectation(f)
	case objectSynproxy:
		return synproxy(f)
	}
	text := raw("object", o.Data)
	return []property{{text, []string{"raw", quoted(text)}}}
}

// layer3 is the network protocol of a connection tracking object, by its
// family.
func layer3(family uint32) property {
	word := Family(family).String()
	return property{"l3proto " + word, []string{"l3proto", quoted(word)}}
}

func expectation(f *fields) []property {
	proto := xt.ProtocolName(uint16(f.u32(2)))
	// the kernel keeps the time in the machine's byte order
	timeout := uint64(swap32(f.u32(4)))
	port, size := uintText(f.u32(3)), uintText(f.u32(5))
	return []property{
		{"protocol " + proto, []string{"protocol", quoted(proto)}},
		{"dport " + port, []string{"dport", port}},
		{"timeout " + duration(timeout), []string{"timeout", uintText(timeout)}},
		{"size " + size, []string{"size", size}},
		layer3(f.u32(1)),
	}
}

func synproxy(f *fields) []property {
	s := Synproxy{MSS: f.u32(1), Wscale: f.u32(2), Flags: f.u32(3)}
	var all []property
	if s.Flags&synproxyMSS != 0 {
		all = append(all, property{line: fmt.Sprintf("mss %d", s.MSS)})
	}
	if s.Flags&synproxyWscale != 0 {
		all = append(all, property{line: fmt.Sprintf("wscale %d", s.Wscale)})
	}
	return append(all, property{strings.Join(s.flags(), " "), s.pairs()})
}
