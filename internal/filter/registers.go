package filter

import (
	"golang.org/x/net/bpf"
)

// contents says which values A, X and the scratch words hold.
type contents struct {
	a, x    *value
	scratch [scratchWords]*value
}

// meet keeps what two ways to a place have in common.
func (c *contents) meet(o *contents) {
	if c.a != o.a {
		c.a = nil
	}
	if c.x != o.x {
		c.x = nil
	}
	for i := range c.scratch {
		if c.scratch[i] != o.scratch[i] {
			c.scratch[i] = nil
		}
	}
}

// registers decides what is computed where.
type registers struct {
	contents
	code []bpf.RawInstruction
	// homes are the scratch words of slots and of values worth keeping.
	homes map[*value]int
	slots map[uint32]int
	// free is the number of scratch words below those in use for
	// intermediate results.
	used, temps int
	// read are the kept values that were read back.
	read map[*value]bool
	full bool
}

// newRegisters gives scratch words to all slots, and to the values that are
// dear and wanted in several places; only those in keep if it is not nil.
func newRegisters(list []*node, keep map[*value]bool) *registers {
	r := &registers{homes: map[*value]int{}, slots: map[uint32]int{}, read: map[*value]bool{}}
	uses := map[*value]int{}
	last := map[*value]int{}
	var dear []*value
	var walk func(v *value, at int)
	walk = func(v *value, at int) {
		if v == nil {
			return
		}
		if v.op == opSlot {
			r.slot(v.k)
		}
		if v.op > opVar && last[v] != at && !isHeaderLength(v) && cost(v) >= 3 {
			last[v] = at
			if uses[v]++; uses[v] == 2 && (keep == nil || keep[v]) {
				dear = append(dear, v)
			}
		}
		walk(v.a, at)
		walk(v.b, at)
	}
	for i, n := range list {
		if n.kind == nodeAssign {
			r.slot(n.slot)
		}
		walk(n.a, i+1)
		walk(n.b, i+1)
	}
	const forResults = 4
	for _, v := range dear {
		if r.used < scratchWords-forResults {
			r.homes[v] = r.used
			r.used++
		}
	}
	return r
}

func (r *registers) slot(n uint32) int {
	i, ok := r.slots[n]
	if !ok {
		i = r.used
		r.slots[n] = i
		r.used++
		r.full = r.full || r.used > scratchWords
	}
	return min(i, scratchWords-1)
}

// unread says that some kept value was never read back.
func (r *registers) unread() bool { return len(r.read) < len(r.homes) }

// bodies writes the instructions of each node but its jumps.
func (r *registers) bodies(list []*node, size int) ([][]bpf.RawInstruction, bool) {
	bodies := make([][]bpf.RawInstruction, len(list))
	entry := make([]*contents, size)
	arrive := func(n *node) {
		if c := entry[n.id]; c != nil {
			c.meet(&r.contents)
			return
		}
		c := r.contents
		entry[n.id] = &c
	}
	for i, n := range list {
		if c := entry[n.id]; c != nil {
			r.contents = *c
		}
		r.code, r.temps = nil, 0
		switch n.kind {
		case nodeTest:
			if n.b.op == opImm {
				r.toA(n.a)
			} else {
				r.toBoth(n.a, n.b, n.cmp == isEqual || n.cmp == hasBits)
			}
			arrive(n.t)
			arrive(n.f)
		case nodeAssign:
			r.store(n)
			arrive(n.t)
		}
		bodies[i] = r.code
	}
	return bodies, !r.full
}

func (r *registers) add(code uint16, k uint32) { r.code = append(r.code, instruction(code, k)) }

// store keeps an assignment's value.
func (r *registers) store(n *node) {
	i := r.slot(n.slot)
	if isHeaderLength(n.a) || r.x == n.a {
		r.toX(n.a)
		r.add(codeSTX, uint32(i))
	} else {
		r.toA(n.a)
		r.add(codeST, uint32(i))
	}
	r.scratch[i] = n.a
}
