package xt

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
)

// InfoSize is that of struct ipt_getinfo (linux/netfilter_ipv4/ip_tables.h),
// which IPT_SO_GET_INFO fills; ip6tables' is the same.
const InfoSize = 32 + 4 + 5*4 + 5*4 + 4 + 4

// EntriesHeader is the size of struct ipt_get_entries up to its entries.
const EntriesHeader = 40

// Info is what IPT_SO_GET_INFO says of a table. Two equal ones do not prove
// that no rule was replaced.
type Info struct {
	Valid     uint32
	Entry     [5]uint32
	Underflow [5]uint32
	Entries   uint32
	Size      uint32
}

// DecodeInfo reads a struct ipt_getinfo.
func DecodeInfo(b []byte) (Info, error) {
	if len(b) < InfoSize {
		return Info{}, fmt.Errorf("decode table information: %d bytes of %d", len(b), InfoSize)
	}
	i := info{b: b}
	t := Info{Valid: i.u32(32), Entries: i.u32(76), Size: i.u32(80)}
	for h := range t.Entry {
		t.Entry[h], t.Underflow[h] = i.u32(36+4*h), i.u32(56+4*h)
	}
	return t, nil
}

// Table is one table of iptables-legacy or ip6tables-legacy. Its rules stay in
// the kernel's form until they are asked for.
type Table struct {
	ip6    bool
	names  Names
	blob   []byte
	chains []Chain
	// starts maps the offset of a chain's first rule to its name.
	starts map[uint32]string
}

// Chain is one chain of a Table.
type Chain struct {
	Name string
	// Hook is the number of the hook (enum nf_inet_hooks), -1 for a chain that
	// somebody made.
	Hook int
	// Policy is "ACCEPT" or "DROP"; valid iff Hook is not -1, with what it
	// applied to.
	Policy         string
	Packets, Bytes uint64
	// rules are the offsets of its rules, the last one (policy or return) left
	// out.
	rules []uint32
}

// Rules is how many rules the chain has.
func (c *Chain) Rules() int { return len(c.rules) }

// hooks are the built-in chains by number (enum nf_inet_hooks).
var hooks = [...]string{"PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"}

var errEntry = errors.New("an entry does not fit")

// layout is where the fields of struct ipt_entry or ip6t_entry are.
type layout struct{ target, next, counters, elements int }

func (t *Table) layout() layout {
	if t.ip6 {
		return layout{140, 142, 152, 168}
	}
	return layout{88, 90, 96, 112}
}

// DecodeTable reads the entries that IPT_SO_GET_ENTRIES gives, without struct
// ipt_get_entries. It keeps blob.
func DecodeTable(ip6 bool, inf Info, blob []byte, n Names) (*Table, error) {
	t := &Table{ip6: ip6, names: n, blob: blob, starts: map[uint32]string{}}
	lay := t.layout()
	current := -1
	for off := 0; off < len(blob); {
		if off+lay.elements > len(blob) {
			return nil, fmt.Errorf("decode table: %w", errEntry)
		}
		target, size := int(t.u16(off+lay.target)), int(t.u16(off+lay.next))
		if size < lay.elements || off+size > len(blob) || target < lay.elements || target+extHeader > size {
			return nil, fmt.Errorf("decode table: %w", errEntry)
		}
		at := uint32(off)
		for h, start := range inf.Entry {
			if inf.Valid&(1<<h) != 0 && start == at {
				t.chains = append(t.chains, Chain{Name: hooks[h], Hook: h})
				t.starts[at], current = hooks[h], len(t.chains)-1
			}
		}
		name, _, data := t.extension(off+target, off+size)
		switch {
		case name == "ERROR":
			if off+size >= len(blob) {
				break // the end of the table
			}
			i := info{b: data}
			chain := i.str(0, min(30, len(data))) // XT_FUNCTION_MAXNAMELEN
			t.chains = append(t.chains, Chain{Name: chain, Hook: -1})
			t.starts[uint32(off+size)], current = chain, len(t.chains)-1
		case current >= 0:
			t.chains[current].rules = append(t.chains[current].rules, at)
		}
		off += size
	}
	for i := range t.chains {
		t.finish(&t.chains[i], lay)
	}
	return t, nil
}

// finish takes the last entry of a chain for what it is: the policy, or the
// return to the caller.
func (t *Table) finish(c *Chain, lay layout) {
	if len(c.rules) == 0 {
		return
	}
	last := int(c.rules[len(c.rules)-1])
	c.rules = c.rules[:len(c.rules)-1]
	if c.Hook < 0 {
		return
	}
	_, _, data := t.extension(last+int(t.u16(last+lay.target)), last+int(t.u16(last+lay.next)))
	i := info{b: data}
	c.Policy = map[bool]string{true: "DROP", false: "ACCEPT"}[int32(i.u32(0)) == -1]
	c.Packets, c.Bytes = t.u64(last+lay.counters), t.u64(last+lay.counters+8)
}

// Chains are the table's chains in its order.
func (t *Table) Chains() []Chain { return t.chains }

// Chain returns the chain of that name; false if there is none.
func (t *Table) Chain(name string) (*Chain, bool) {
	for i := range t.chains {
		if t.chains[i].Name == name {
			return &t.chains[i], true
		}
	}
	return nil, false
}

// Rule decodes rule number n of a chain, counted from 1; false if there is no
// such rule.
func (t *Table) Rule(c *Chain, n int) (Rule, bool) {
	if n < 1 || n > len(c.rules) {
		return Rule{}, false
	}
	return t.rule(c.Name, int(c.rules[n-1])), true
}

func (t *Table) u16(off int) uint16 { return binary.NativeEndian.Uint16(t.blob[off:]) }
func (t *Table) u64(off int) uint64 { return binary.NativeEndian.Uint64(t.blob[off:]) }

// extHeader is the size of struct xt_entry_match and xt_entry_target
// (linux/netfilter/x_tables.h): size, name, revision.
const extHeader = 32

// extension reads one match or target between two offsets of the table.
func (t *Table) extension(off, end int) (name string, rev uint8, data []byte) {
	i := info{b: t.blob[off:end]}
	return i.str(2, 29), i.u8(31), i.b[min(extHeader, len(i.b)):]
}

func (t *Table) rule(chain string, off int) Rule {
	lay := t.layout()
	size, target := int(t.u16(off+lay.next)), int(t.u16(off+lay.target))
	r := Rule{Chain: chain, Packets: t.u64(off + lay.counters), Bytes: t.u64(off + lay.counters + 8)}
	isGoto := t.conditions(&r, off)
	for at := off + lay.elements; at+extHeader <= off+target; {
		n := int(t.u16(at))
		if n < extHeader || at+n > off+target {
			break
		}
		name, rev, data := t.extension(at, at+n)
		r.Matches = append(r.Matches, DecodeMatch(name, rev, data, t.ip6, t.names))
		at += n
	}
	name, rev, data := t.extension(off+target, off+size)
	if name == "" { // XT_STANDARD_TARGET
		i := info{b: data}
		r.Target = t.standard(int32(i.u32(0)), uint32(off+size), isGoto)
	} else {
		r.Target = DecodeTarget(name, rev, data, t.ip6, t.names)
	}
	return r
}

// standard reads the verdict of the standard target: one of the kernel's own
// as -NF_x - 1, or where to jump to. A jump to the next rule does nothing.
func (t *Table) standard(verdict int32, next uint32, isGoto bool) Target {
	switch verdict {
	case -1:
		return Jump("DROP", false, false)
	case -2:
		return Jump("ACCEPT", false, false)
	case -4:
		return Jump("QUEUE", false, false)
	case -5:
		return Jump("RETURN", false, false)
	}
	if verdict < 0 {
		return Jump(fmt.Sprintf("[verdict %d]", verdict), false, false)
	}
	if uint32(verdict) == next && !isGoto {
		if _, ok := t.starts[next]; !ok {
			return Target{}
		}
	}
	return Jump(t.starts[uint32(verdict)], true, isGoto)
}

// conditions reads struct ipt_ip or ip6t_ip6, and says whether the target is a
// goto.
func (t *Table) conditions(r *Rule, off int) bool {
	i := info{b: t.blob[off : off+t.layout().elements], ip6: t.ip6}
	addr, width, names, flags, inv := i.addr4, 4, 16, i.u8(82), i.u8(83)
	isGoto := flags&2 != 0 // IPT_F_GOTO
	if t.ip6 {
		addr, width, names, flags, inv = i.addr, 16, 64, i.u8(131), i.u8(132)
		isGoto = flags&4 != 0 // IP6T_F_GOTO
	} else if flags&1 != 0 { // IPT_F_FRAG
		r.Fragment, r.NotFragment = inv&0x20 == 0, inv&0x20 != 0
	}
	network := func(n int, bit uint8) Network {
		w := Network{Addr: addr(n * width), Mask: addr((2 + n) * width).AsSlice(), Not: inv&bit != 0}
		if w.Addr.IsUnspecified() && zero(w.Mask) && !w.Not {
			w.Addr = netip.Addr{}
		}
		return w
	}
	r.Src, r.Dst = network(0, 8), network(1, 0x10)
	r.In = Name{interfaceName(i.at(names, 16), i.at(names+32, 16)), inv&1 != 0}
	r.Out = Name{interfaceName(i.at(names+16, 16), i.at(names+48, 16)), inv&2 != 0}
	r.Proto, r.NotProto = i.u16(names+64), inv&0x40 != 0
	return isGoto
}

func zero(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}
