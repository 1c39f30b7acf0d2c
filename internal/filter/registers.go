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

// cost is about the number of instructions that compute v.
func cost(v *value) int {
	switch {
	case v.op == opLoad && v.a == nil, v.op <= opExt, v.op == opSlot:
		return 1
	case isHeaderLength(v):
		return 1
	case v.op == opLoad:
		return 1 + cost(v.a)
	case v.op == opNeg:
		return 1 + cost(v.a)
	case v.b.op == opImm:
		return 1 + cost(v.a)
	}
	return 1 + cost(v.a) + cost(v.b)
}

// isHeaderLength recognises what one instruction can put into X:
// 4*([k]&0xf).
func isHeaderLength(v *value) bool {
	return v.op == opLsh && v.b.isImm(2) && v.a.op == opAnd && v.a.b.isImm(0xf) &&
		v.a.a.op == opLoad && v.a.a.size == 1 && v.a.a.a == nil
}

// bodies writes the instructions of each node but its jumps.
func (r *registers) bodies(list []*node) ([][]bpf.RawInstruction, bool) {
	bodies := make([][]bpf.RawInstruction, len(list))
	entry := make(map[*node]*contents, len(list))
	arrive := func(n *node) {
		if c := entry[n]; c != nil {
			c.meet(&r.contents)
			return
		}
		c := r.contents
		entry[n] = &c
	}
	for i, n := range list {
		if c := entry[n]; c != nil {
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

// kept finds v in the scratch words.
func (r *registers) kept(v *value) (int, bool) {
	if v.op == opSlot {
		return r.slot(v.k), true
	}
	for i, w := range r.scratch {
		if w == v && v.op > opExt {
			return i, true
		}
	}
	return 0, false
}

// toA computes v into A. It may change X and unused scratch words.
func (r *registers) toA(v *value) {
	if r.a == v {
		return
	}
	if i, ok := r.kept(v); ok {
		r.noteRead(v)
		r.add(codeLD|modeMEM, uint32(i))
		r.a = v
		return
	}
	if r.x == v {
		r.add(codeMISC|miscTXA, 0)
		r.a = v
		return
	}
	r.compute(v)
	r.a = v
	if home, ok := r.homes[v]; ok {
		r.add(codeST, uint32(home))
		r.scratch[home] = v
	}
}

var loadSizes = [...]uint16{1: sizeB, 2: sizeH, 4: sizeW}

func (r *registers) compute(v *value) {
	switch v.op {
	case opImm:
		r.add(codeLD|modeIMM, v.k)
	case opLen:
		r.add(codeLD|modeLEN, 0)
	case opExt:
		r.add(codeLD|modeABS|loadSizes[v.size], adOffset+v.k)
	case opLoad:
		if v.a == nil {
			r.add(codeLD|modeABS|loadSizes[v.size], v.k)
			return
		}
		r.toX(v.a)
		r.add(codeLD|modeIND|loadSizes[v.size], v.k)
	case opNeg:
		r.toA(v.a)
		r.add(codeALU|aluNEG, 0)
	default:
		if v.b.op == opImm {
			r.toA(v.a)
			r.add(aluByNumber(v.op, v.b.k))
			return
		}
		r.toBoth(v.a, v.b, commutes(v.op))
		r.add(codeALU|sourceX|aluCodes[v.op], 0)
	}
}

var aluCodes = [...]uint16{
	opAdd: aluADD, opSub: aluSUB, opMul: aluMUL, opDiv: aluDIV, opMod: aluMOD, opAnd: aluAND,
	opOr: aluOR, opXor: aluXOR, opLsh: aluLSH, opRsh: aluRSH,
}

func aluByNumber(o op, k uint32) (uint16, uint32) {
	if o == opAdd && int32(k) < 0 {
		return codeALU | aluSUB, -k
	}
	return codeALU | aluCodes[o], k
}

// toBoth computes a into A and b into X, or the other way round if either
// will do.
func (r *registers) toBoth(a, b *value, either bool) {
	switch {
	case r.x == b && !r.needsX(a):
		r.toA(a)
	case either && r.x == a && !r.needsX(b):
		r.toA(b)
	case r.easyX(b):
		r.toA(a)
		r.toX(b)
	case either && r.easyX(a):
		r.toA(b)
		r.toX(a)
	case r.neverNeedsX(a):
		r.toX(b)
		r.toA(a)
	default:
		r.toA(b)
		r.temps++
		i := scratchWords - r.temps
		if i < r.used {
			r.full = true
			i = scratchWords - 1
		}
		r.add(codeST, uint32(i))
		r.scratch[i] = nil // toA must not take it for a value that stays
		r.toA(a)
		r.add(codeLDX|modeMEM, uint32(i))
		r.x = b
		r.temps--
	}
}

// easyX says that toX(v) leaves A alone, whatever A and X hold by then.
func (r *registers) easyX(v *value) bool {
	if _, ok := r.kept(v); ok {
		return true
	}
	return v.op == opImm || isHeaderLength(v)
}

// needsX says that toA(v) may change X.
func (r *registers) needsX(v *value) bool {
	if r.a == v {
		return false
	}
	if _, ok := r.kept(v); ok {
		return false
	}
	switch {
	case v.op <= opExt:
		return false
	case v.op == opLoad:
		return v.a != nil && v.a != r.x
	case v.op == opNeg || v.b.op == opImm:
		return r.needsX(v.a)
	}
	return true
}

// neverNeedsX says the same whatever A and X hold by then.
func (r *registers) neverNeedsX(v *value) bool {
	now := r.contents
	r.a, r.x = nil, nil
	needs := r.needsX(v)
	r.contents = now
	return !needs
}

// toX computes v into X.
func (r *registers) toX(v *value) {
	if r.x == v {
		return
	}
	i, kept := r.kept(v)
	switch {
	case kept:
		r.noteRead(v)
		r.add(codeLDX|modeMEM, uint32(i))
	case v.op == opImm:
		r.add(codeLDX|modeIMM, v.k)
	case isHeaderLength(v):
		r.add(codeLDX|modeMSH|sizeB, v.a.a.k)
	default:
		r.toA(v)
		r.add(codeMISC|miscTAX, 0)
	}
	r.x = v
}

func (r *registers) noteRead(v *value) {
	if _, ok := r.homes[v]; ok {
		r.read[v] = true
	}
}
