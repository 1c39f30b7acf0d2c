package filter

import "slices"

// fact is what earlier tests say about a value on a way through the graph.
type fact struct {
	v      *value
	lo, hi uint32
	in     []uint32 // sorted; if not nil it is one of these
	out    []uint32 // sorted; it is none of these
}

// The lengths of fact.in and fact.out; what is beyond is forgotten.
const (
	maxIn  = 8
	maxOut = 16
)

func (f *fact) excludes(k uint32) bool {
	if k < f.lo || k > f.hi {
		return true
	}
	if f.in != nil {
		_, ok := slices.BinarySearch(f.in, k)
		return !ok
	}
	_, ok := slices.BinarySearch(f.out, k)
	return ok
}

// known is the one number that the value can be.
func (f *fact) known() (uint32, bool) {
	if len(f.in) == 1 {
		return f.in[0], true
	}
	return f.lo, f.lo == f.hi
}

func insert(s []uint32, k uint32) []uint32 {
	i, ok := slices.BinarySearch(s, k)
	if ok || len(s) >= maxOut {
		return s
	}
	t := make([]uint32, 0, len(s)+1)
	t = append(t, s[:i]...)
	t = append(t, k)
	return append(t, s[i:]...)
}

func without(s []uint32, k uint32) []uint32 {
	i, ok := slices.BinarySearch(s, k)
	if !ok {
		return s
	}
	return append(append(make([]uint32, 0, len(s)), s[:i]...), s[i+1:]...)
}

// either is what remains known where two ways meet; false if nothing does.
func either(a, b *fact) (fact, bool) {
	f := fact{v: a.v, lo: min(a.lo, b.lo), hi: max(a.hi, b.hi)}
	if a.in != nil && b.in != nil {
		union := slices.Concat(a.in, b.in)
		slices.Sort(union)
		if union = slices.Compact(union); len(union) <= maxIn {
			f.in = union
		}
	}
	if f.in == nil {
		for _, k := range a.out {
			if b.excludes(k) {
				f.out = insert(f.out, k)
			}
		}
		for _, k := range b.out {
			if a.excludes(k) {
				f.out = insert(f.out, k)
			}
		}
	}
	return f, f.in != nil || len(f.out) > 0 || f.lo > 0 || f.hi < f.v.max
}

// bound says that the packet has bytes at base up to but not including end.
type bound struct {
	base *value // nil for the packet's start
	end  uint32
}

// knowledge is all that is known at a place in the graph. It is never changed
// once made.
type knowledge struct {
	facts  []fact   // sorted by value
	bounds []bound  // sorted by base
	done   []*value // divisions that did not fail, sorted

	// assumed is a fact on top of those of up, while follow looks ahead.
	assumed fact
	up      *knowledge
}

func valueID(v *value) int32 {
	if v == nil {
		return -1
	}
	return v.id
}

func (k *knowledge) fact(v *value) *fact {
	for ; k.up != nil; k = k.up {
		if k.assumed.v == v {
			return &k.assumed
		}
	}
	i, ok := slices.BinarySearchFunc(k.facts, v.id, func(f fact, id int32) int { return int(f.v.id - id) })
	if !ok {
		return nil
	}
	return &k.facts[i]
}

// meet is what two ways have in common.
func (k *knowledge) meet(o *knowledge) *knowledge {
	if k == o {
		return k
	}
	m := &knowledge{}
	for i, j := 0, 0; i < len(k.facts) && j < len(o.facts); {
		a, b := &k.facts[i], &o.facts[j]
		switch {
		case a.v.id < b.v.id:
			i++
		case a.v.id > b.v.id:
			j++
		default:
			if f, ok := either(a, b); ok {
				m.facts = append(m.facts, f)
			}
			i, j = i+1, j+1
		}
	}
	for i, j := 0, 0; i < len(k.bounds) && j < len(o.bounds); {
		a, b := k.bounds[i], o.bounds[j]
		switch {
		case valueID(a.base) < valueID(b.base):
			i++
		case valueID(a.base) > valueID(b.base):
			j++
		default:
			m.bounds = append(m.bounds, bound{a.base, min(a.end, b.end)})
			i, j = i+1, j+1
		}
	}
	for _, v := range k.done {
		if slices.Contains(o.done, v) {
			m.done = append(m.done, v)
		}
	}
	return m
}

// has says that computing v cannot fail here, because its bytes were read
// before. For a base from the user that could wrap around, only what was read
// itself counts.
func (k *knowledge) has(v *value) bool {
	if v == nil || !v.fails {
		return true
	}
	for k.up != nil {
		k = k.up
	}
	if !k.has(v.a) || !k.has(v.b) {
		return false
	}
	switch v.op {
	case opLoad:
		if v.a != nil && v.a.max > 1<<28 {
			return slices.Contains(k.done, v)
		}
		i, ok := slices.BinarySearchFunc(k.bounds, valueID(v.a), func(b bound, id int32) int { return int(valueID(b.base) - id) })
		return ok && k.bounds[i].end >= v.k+uint32(v.size)
	case opDiv, opMod:
		return v.b.op == opImm || slices.Contains(k.done, v)
	}
	return true
}

// read adds that v was computed.
func (k *knowledge) read(v *value) {
	if v == nil || k.has(v) {
		return
	}
	k.read(v.a)
	k.read(v.b)
	if v.op == opLoad && (v.a == nil || v.a.max <= 1<<28) {
		end := v.k + uint32(v.size)
		i, ok := slices.BinarySearchFunc(k.bounds, valueID(v.a), func(b bound, id int32) int { return int(valueID(b.base) - id) })
		k.bounds = slices.Clone(k.bounds)
		if ok {
			k.bounds[i].end = max(k.bounds[i].end, end)
		} else {
			k.bounds = slices.Insert(k.bounds, i, bound{v.a, end})
		}
		return
	}
	if v.op == opLoad || (v.op == opDiv || v.op == opMod) && v.b.op != opImm {
		k.done = append(slices.Clone(k.done), v)
	}
}

// state is what is known of v: a fact, or what follows from its parts.
func (k *knowledge) state(v *value) fact {
	if f := k.fact(v); f != nil {
		return *f
	}
	f := fact{v: v, hi: v.max}
	if v.op == opImm {
		f.lo = v.k
	}
	if v.op > opVar && v.op != opNeg && v.b.op == opImm && v.b.k != 0 {
		part := k.state(v.a)
		if n, ok := part.known(); ok {
			n = fold(v.op, n, v.b.k)
			return fact{v: v, lo: n, hi: n, in: []uint32{n}}
		}
	}
	return f
}
