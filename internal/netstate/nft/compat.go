package nft

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"slices"

	"github.com/pktrail/pktrail/internal/netstate/nlattr"
	"github.com/pktrail/pktrail/internal/netstate/xt"
)

// Xtables turns a rule that iptables-nft or ip6tables-nft made back into what
// its user wrote; false if it holds anything that they do not write.
func (r *Rule) Xtables(n xt.Names) (xt.Rule, bool) {
	if r.Family != FamilyIP && r.Family != FamilyIP6 {
		return xt.Rule{}, false
	}
	c := compat{rule: xt.Rule{Chain: r.Chain}, ip6: r.Family == FamilyIP6, names: n, ports: -1}
	for i := 0; i < len(r.Exprs); i++ {
		used, ok := c.step(r.Exprs[i:])
		if !ok {
			return xt.Rule{}, false
		}
		i += used - 1
	}
	if r.Comment != "" && c.rule.Comment() == "" {
		c.rule.Matches = append(c.rule.Matches, xt.DecodeMatch("comment", 0, []byte(r.Comment), c.ip6, n))
	}
	c.finish()
	return c.rule, true
}

// compat collects a rule of xtables.
type compat struct {
	rule  xt.Rule
	ip6   bool
	names xt.Names
	// ports is where the tcp or udp match stands, -1 for none; tcp collects it.
	ports int
	tcp   xt.Ports
}

// step takes the expressions at the front: how many, and whether they are
// understood.
func (c *compat) step(e []Expr) (int, bool) {
	switch x := e[0].(type) {
	case *Counter:
		c.rule.Packets, c.rule.Bytes = x.Packets, x.Bytes
		return 1, true
	case *Match:
		c.rule.Matches = append(c.rule.Matches, xt.DecodeMatch(x.Name, uint8(x.Rev), x.Info, c.ip6, c.names))
		return 1, true
	case *Target:
		c.rule.Target = xt.DecodeTarget(x.Name, uint8(x.Rev), x.Info, c.ip6, c.names)
		return 1, true
	case *Limit:
		return 1, c.limit(x)
	case *Log:
		if !x.HasGroup {
			return 0, false
		}
		c.rule.Target = xt.NFLOG(x.Prefix, uint16(x.Group), x.Snaplen, uint16(x.Threshold))
		return 1, true
	case *Immediate:
		return c.immediate(x, e[1:])
	case *Meta, *Payload:
		return c.compare(e)
	}
	return 0, false
}

func (c *compat) limit(x *Limit) bool {
	unit, ok := map[uint64]string{1: "sec", 60: "min", 3600: "hour", 86400: "day"}[x.Unit]
	if !ok || x.Invert || x.Type != 0 {
		return false
	}
	c.rule.Matches = append(c.rule.Matches, xt.Limit(x.Rate, unit, x.Burst))
	return true
}

// immediate is the verdict, or the value of a following meta set.
func (c *compat) immediate(x *Immediate, rest []Expr) (int, bool) {
	if v := x.Verdict; v != nil {
		switch v.Code {
		case 0, 1, 3, -5:
			c.rule.Target = xt.Jump(map[int32]string{0: "DROP", 1: "ACCEPT", 3: "QUEUE", -5: "RETURN"}[v.Code], false, false)
		case -3, -4:
			c.rule.Target = xt.Jump(v.Chain, true, v.Code == -4)
		default:
			return 0, false
		}
		return 1, true
	}
	if len(rest) == 0 || len(x.Data) == 0 {
		return 0, false
	}
	set, ok := rest[0].(*Meta)
	switch {
	case !ok || set.Sreg != x.Dreg:
		return 0, false
	case set.Key == metaNFTrace:
		c.rule.Target = xt.Target{Name: "TRACE", Words: "-j TRACE"}
	case set.Key == metaMark && len(x.Data) == 4:
		data := slices.Concat(x.Data, []byte{0xff, 0xff, 0xff, 0xff})
		c.rule.Target = xt.DecodeTarget("MARK", 2, data, c.ip6, c.names)
	default:
		return 0, false
	}
	return 2, true
}

// Keys of enum nft_meta_keys that iptables-nft uses.
const (
	metaMark    = 3
	metaIIFName = 6
	metaOIFName = 7
	metaNFTrace = 12
	metaL4Proto = 16
)

// condition is a load, a mask if there is one, and what it is compared with.
type condition struct {
	mask []byte // nil for all bits
	data []byte
	end  []byte // the end of a range; nil for one value
	not  bool
}

// compare reads load, bitwise, cmp.
func (c *compat) compare(e []Expr) (int, bool) {
	var cond condition
	n := 1
	if n < len(e) {
		if b, ok := e[n].(*Bitwise); ok && b.Op == 0 && zero(b.Xor) {
			cond.mask = b.Mask
			n++
		}
	}
	if n >= len(e) {
		return 0, false
	}
	switch x := e[n].(type) {
	case *Cmp:
		if x.Op > 1 {
			return 0, false
		}
		cond.data, cond.not = x.Data, x.Op == 1
	case *Range:
		cond.data, cond.end, cond.not = x.From, x.To, x.Op == 1
	default:
		return 0, false
	}
	ok := false
	switch x := e[0].(type) {
	case *Meta:
		ok = c.meta(x, &cond)
	case *Payload:
		ok = c.payload(x, &cond)
	}
	return n + 1, ok
}

func (c *compat) meta(x *Meta, cond *condition) bool {
	if x.Sreg != 0 || cond.end != nil {
		return false
	}
	switch x.Key {
	case metaIIFName:
		c.rule.In = xt.Name{Name: interfaceWord(cond.data), Not: cond.not}
	case metaOIFName:
		c.rule.Out = xt.Name{Name: interfaceWord(cond.data), Not: cond.not}
	case metaL4Proto:
		if len(cond.data) == 0 || cond.mask != nil {
			return false
		}
		c.rule.Proto, c.rule.NotProto = uint16(cond.data[0]), cond.not
	case metaMark:
		mask := uint32(0xffffffff)
		if len(cond.data) != 4 {
			return false
		}
		if len(cond.mask) == 4 {
			mask = binary.NativeEndian.Uint32(cond.mask)
		}
		c.rule.Matches = append(c.rule.Matches, xt.Mark(binary.NativeEndian.Uint32(cond.data), mask, cond.not))
	default:
		return false
	}
	return cond.mask == nil || x.Key == metaMark
}

// interfaceWord is a name, with a `+` where it is only the beginning.
func interfaceWord(data []byte) string {
	name := nlattr.Text(data)
	if len(name) == len(data) && len(data) < ifnameLen {
		name += "+"
	}
	return name
}

func (c *compat) payload(x *Payload, cond *condition) bool {
	if x.Sreg != 0 {
		return false
	}
	if x.Base == baseTransport {
		return c.transport(x, cond)
	}
	src, dst, width := uint32(12), uint32(16), 4
	if c.ip6 {
		src, dst, width = 8, 24, 16
	}
	switch {
	case x.Base != baseNetwork || cond.end != nil:
		return false
	case x.Offset == src && int(x.Len) <= width:
		c.rule.Src = network(cond, width)
	case x.Offset == dst && int(x.Len) <= width:
		c.rule.Dst = network(cond, width)
	case !c.ip6 && x.Offset == 9 && x.Len == 1 && cond.mask == nil && len(cond.data) == 1:
		c.rule.Proto, c.rule.NotProto = uint16(cond.data[0]), cond.not
	case !c.ip6 && x.Offset == 6 && x.Len == 2 && bytes.Equal(cond.mask, []byte{0x1f, 0xff}) && zero(cond.data):
		c.rule.Fragment, c.rule.NotFragment = cond.not, !cond.not
	default:
		return false
	}
	return true
}

// network reads an address; a short one stands for a prefix of whole bytes.
func network(cond *condition, width int) xt.Network {
	addr, mask := make([]byte, width), make([]byte, width)
	n := copy(addr, cond.data)
	for i := range n {
		mask[i] = 0xff
	}
	if cond.mask != nil {
		copy(mask, cond.mask)
	}
	a, _ := netip.AddrFromSlice(addr)
	return xt.Network{Addr: a, Mask: mask, Not: cond.not}
}

// transport reads ports and TCP flags, which iptables keeps in one match.
func (c *compat) transport(x *Payload, cond *condition) bool {
	if c.ports < 0 {
		c.ports = len(c.rule.Matches)
		c.rule.Matches = append(c.rule.Matches, xt.Match{Name: "tcp"})
		c.tcp = xt.Ports{Src: xt.AllPorts(), Dst: xt.AllPorts()}
	}
	span := func(from, to []byte, not bool) xt.PortSpan {
		return xt.PortSpan{From: binary.BigEndian.Uint16(from), To: binary.BigEndian.Uint16(to), Not: not}
	}
	end := cond.end
	if end == nil {
		end = cond.data
	}
	if len(cond.data) != int(x.Len) || len(end) != int(x.Len) {
		return false
	}
	switch {
	case x.Offset == 0 && x.Len == 2 && cond.mask == nil:
		c.tcp.Src = span(cond.data, end, cond.not)
	case x.Offset == 2 && x.Len == 2 && cond.mask == nil:
		c.tcp.Dst = span(cond.data, end, cond.not)
	case x.Offset == 0 && x.Len == 4 && cond.mask == nil && cond.end == nil:
		c.tcp.Src, c.tcp.Dst = span(cond.data, cond.data, cond.not), span(cond.data[2:], cond.data[2:], cond.not)
	case x.Offset == 13 && x.Len == 1 && len(cond.mask) == 1 && cond.end == nil:
		c.tcp.Flags, c.tcp.FlagsMask, c.tcp.NotFlags = cond.data[0], cond.mask[0], cond.not
	default:
		return false
	}
	return true
}

// finish writes the collected ports.
func (c *compat) finish() {
	if c.ports >= 0 {
		c.rule.Matches[c.ports] = c.tcp.Match(c.rule.Proto)
	}
}
