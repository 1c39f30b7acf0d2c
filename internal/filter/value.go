package filter

import "math/bits"

// op is what a value is made by.
type op uint8

const (
	opImm  op = iota // the number k
	opLen            // the packet's length on the wire
	opExt            // SKF_AD_*: k is the offset, size the width
	opLoad           // size bytes of the packet at a+k; a is nil for a fixed offset
	opSlot           // what an assignment put into variable k
	opVar            // depends on the way taken so far: see path
	opAdd
	opSub
	opMul
	opDiv
	opMod
	opAnd
	opOr
	opXor
	opLsh
	opRsh
	opNeg
)

// value is something computed from a packet. A packet does not change while
// a filter looks at it, so equal expressions are equal values: they are made
// by a table that hands out one pointer for each.
type value struct {
	op   op
	size uint8
	k    uint32
	a, b *value
	id   int32
	// max is the largest number this can be.
	max uint32
	// vars says that an opVar is inside, fails that computing it may reject
	// the packet, divides that this may be for a division by zero.
	vars, fails, divides bool
}

func (v *value) isImm(k uint32) bool { return v.op == opImm && v.k == k }

type valueKey struct {
	op   op
	size uint8
	k    uint32
	a, b *value
}

// values makes values, folding constants as it goes.
type values struct {
	table map[valueKey]*value
}

func (t *values) make(key valueKey) *value {
	if v := t.table[key]; v != nil {
		return v
	}
	v := &value{op: key.op, size: key.size, k: key.k, a: key.a, b: key.b, id: int32(len(t.table))}
	v.max = largest(v)
	v.vars = key.op == opVar || key.a != nil && key.a.vars || key.b != nil && key.b.vars
	v.divides = (key.op == opDiv || key.op == opMod) && key.b.op != opImm ||
		key.a != nil && key.a.divides || key.b != nil && key.b.divides
	v.fails = v.divides || key.op == opLoad || key.a != nil && key.a.fails || key.b != nil && key.b.fails
	t.table[key] = v
	return v
}

func (t *values) imm(k uint32) *value { return t.make(valueKey{op: opImm, k: k}) }

func (t *values) len() *value { return t.make(valueKey{op: opLen}) }

func (t *values) ext(k uint32, size uint8) *value {
	return t.make(valueKey{op: opExt, size: size, k: k})
}

func (t *values) slot(n uint32) *value { return t.make(valueKey{op: opSlot, k: n}) }

func (t *values) variable(n uint32) *value { return t.make(valueKey{op: opVar, k: n}) }

// load makes size bytes at base+k. Constant parts of base move into k.
func (t *values) load(base *value, k uint32, size uint8) *value {
	for base != nil && base.op == opAdd && base.b.op == opImm {
		k += base.b.k
		base = base.a
	}
	if base != nil && base.op == opImm {
		k += base.k
		base = nil
	}
	return t.make(valueKey{op: opLoad, size: size, k: k, a: base})
}

// binary makes a op b in 32-bit arithmetic.
func (t *values) binary(o op, a, b *value) *value {
	if a.op == opImm && b.op == opImm && (b.k != 0 || o != opDiv && o != opMod) {
		return t.imm(fold(o, a.k, b.k))
	}
	if a.op == opImm && commutes(o) {
		a, b = b, a
	}
	if b.op == opImm {
		if v := t.simplify(o, a, b.k); v != nil {
			return v
		}
	}
	if o == opAdd { // numbers go outside, where a load takes them along
		if a.op == opAdd && a.b.op == opImm {
			return t.binary(opAdd, t.binary(opAdd, a.a, b), a.b)
		}
		if b.op == opAdd && b.b.op == opImm {
			return t.binary(opAdd, t.binary(opAdd, a, b.a), b.b)
		}
	}
	return t.make(valueKey{op: o, a: a, b: b})
}

func commutes(o op) bool {
	return o == opAdd || o == opMul || o == opAnd || o == opOr || o == opXor
}

// simplify handles a op k where that is something shorter; nil if it is not.
// Nothing is dropped that could fail: a load that does not fit into the
// packet rejects it, so it has to stay.
func (t *values) simplify(o op, a *value, k uint32) *value {
	switch o {
	case opSub:
		return t.binary(opAdd, a, t.imm(-k))
	case opAdd:
		if k == 0 {
			return a
		}
		if a.op == opAdd && a.b.op == opImm {
			return t.binary(opAdd, a.a, t.imm(a.b.k+k))
		}
	case opOr, opXor:
		if k == 0 {
			return a
		}
	case opLsh, opRsh:
		if k == 0 {
			return a
		}
		if k > 31 { // the kernel refuses such a constant
			return t.binary(opAnd, a, t.imm(0))
		}
	case opMul:
		if bits.OnesCount32(k) == 1 {
			return t.binary(opLsh, a, t.imm(uint32(bits.TrailingZeros32(k))))
		}
	case opDiv:
		if bits.OnesCount32(k) == 1 {
			return t.binary(opRsh, a, t.imm(uint32(bits.TrailingZeros32(k))))
		}
	case opMod:
		if bits.OnesCount32(k) == 1 {
			return t.binary(opAnd, a, t.imm(k-1))
		}
	case opAnd:
		if mask := uint32(1)<<bits.Len32(a.max) - 1; k&mask == mask {
			return a
		}
		if a.op == opAnd && a.b.op == opImm {
			return t.binary(opAnd, a.a, t.imm(a.b.k&k))
		}
	}
	return nil
}

func (t *values) neg(a *value) *value {
	if a.op == opImm {
		return t.imm(-a.k)
	}
	return t.make(valueKey{op: opNeg, a: a})
}

// fold computes a op b as the kernel does.
func fold(o op, a, b uint32) uint32 {
	switch o {
	case opAdd:
		return a + b
	case opSub:
		return a - b
	case opMul:
		return a * b
	case opDiv:
		return a / b
	case opMod:
		return a % b
	case opAnd:
		return a & b
	case opOr:
		return a | b
	case opXor:
		return a ^ b
	case opLsh:
		return a << b
	case opRsh:
		return a >> b
	}
	return 0
}

// largest bounds a value. Slots hold offsets of headers that were found by
// adding lengths of a few bits, so they are small.
func largest(v *value) uint32 {
	const top = ^uint32(0)
	switch v.op {
	case opImm:
		return v.k
	case opLoad:
		return top >> (32 - 8*uint32(v.size))
	case opSlot, opVar:
		return 1 << 20
	case opAdd:
		if s := uint64(v.a.max) + uint64(v.b.max); s <= uint64(top) {
			return uint32(s)
		}
	case opAnd:
		return min(v.a.max, v.b.max)
	case opOr, opXor:
		return uint32(uint64(1)<<max(bits.Len32(v.a.max), bits.Len32(v.b.max)) - 1)
	case opLsh:
		if v.b.op == opImm && uint64(v.a.max)<<v.b.k <= uint64(top) {
			return v.a.max << v.b.k
		}
	case opRsh:
		if v.b.op == opImm {
			return v.a.max >> v.b.k
		}
		return v.a.max
	case opDiv:
		if v.b.op == opImm && v.b.k != 0 {
			return v.a.max / v.b.k
		}
		return v.a.max
	case opMod:
		if v.b.op == opImm && v.b.k != 0 {
			return v.b.k - 1
		}
	}
	return top
}
