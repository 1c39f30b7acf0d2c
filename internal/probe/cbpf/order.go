package cbpf

import (
	"encoding/binary"
	"math/bits"
)

// findOrder finds the words that need no swapping from network byte order,
// because they are only compared for equality or for bits: the constants are
// swapped instead. The result is, for each step that loads such a word or
// works on it, its size in bytes; 0 for all others.
//
// A comparison may work on words of several loads, and a load may feed several
// comparisons: they form families, of which either all are swapped or none.
func findOrder(steps []step) []uint32 {
	order := make([]uint32, len(steps))
	if binary.NativeEndian.Uint16([]byte{0, 1}) == 1 {
		return order // memory has the network's order
	}
	f := newFamilies(len(steps))
	live := liveA(steps)
	f.at[target(steps, 0)] = len(steps)
	for pc := range steps {
		if f.at[pc] == unreached || steps[pc].kind == end {
			continue
		}
		s := &steps[pc]
		after := f.visit(pc, s)
		for _, to := range [...]int{s.yes, s.no} {
			switch {
			case f.at[to] == unreached:
				f.at[to] = after
			case live[to]:
				f.join(f.at[to], after)
			}
		}
	}
	for pc := range steps {
		s := &steps[pc]
		of := f.at[pc]
		switch {
		case of == unreached:
			continue
		case s.kind == loadAbsolute || s.kind == loadIndexed:
			of = pc
		case s.kind == test || s.kind == compute:
		default:
			continue
		}
		if of = f.find(of); !f.bad[of] {
			order[pc] = f.size[of]
		}
	}
	return order
}

const unreached = -1

// families are sets of steps that set A, each known by one of them. One more
// stands for the 0 at the start.
type families struct {
	parent []int
	// size in bytes of the words of the family.
	size []uint32
	// bad is set for the one that stands for a family in which something
	// needs the number itself.
	bad []bool
	// at is the family of A's value at each step.
	at []int
}

func newFamilies(steps int) *families {
	f := &families{
		parent: make([]int, steps+1), size: make([]uint32, steps+1), bad: make([]bool, steps+1), at: make([]int, steps+2),
	}
	for i := range f.parent {
		f.parent[i] = i
	}
	for i := range f.at {
		f.at[i] = unreached
	}
	f.bad[steps] = true
	return f
}

func (f *families) find(i int) int {
	for f.parent[i] != i {
		f.parent[i] = f.parent[f.parent[i]]
		i = f.parent[i]
	}
	return i
}

func (f *families) join(a, b int) {
	a, b = f.find(a), f.find(b)
	if a == b {
		return
	}
	f.parent[b] = a
	f.bad[a] = f.bad[a] || f.bad[b] || f.size[a] != f.size[b]
}

// visit notes what a step does with A, and gives the family of A behind it.
func (f *families) visit(pc int, s *step) int {
	before := f.at[pc]
	switch s.kind {
	case loadAbsolute, loadIndexed:
		f.size[pc], f.bad[pc] = s.size, s.size == 1
		return pc
	case compute:
		if s.op == aluAND && !s.byX {
			return before
		}
		f.spoil(before)
	case test:
		family := f.find(before)
		if s.byX || s.op != jmpJEQ && s.op != jmpJSET ||
			s.op == jmpJEQ && !f.bad[family] && uint64(s.k)>>(8*f.size[family]) != 0 {
			f.spoil(before)
		}
		return before
	case store:
		if !s.isX {
			f.spoil(before)
		}
		return before
	case moveAX:
		f.spoil(before)
		return before
	case moveXA:
	case loadConst, loadLength, loadScratch:
		if s.isX {
			return before
		}
	default:
		return before
	}
	f.bad[pc] = true
	return pc
}

func (f *families) spoil(i int) { f.bad[f.find(i)] = true }

// liveA says at which steps A is read before it is set, on some way.
func liveA(steps []step) []bool {
	live := make([]bool, len(steps)+2)
	for pc := len(steps) - 1; pc >= 0; pc-- {
		s := &steps[pc]
		l := live[s.yes] || live[s.no]
		switch s.kind {
		case loadAbsolute, loadIndexed, moveXA:
			l = false
		case loadConst, loadLength, loadScratch:
			l = l && s.isX
		case store:
			l = l || !s.isX
		case compute, test, moveAX, endA:
			l = true
		}
		live[pc] = l
	}
	return live
}

// swapped is a constant as it compares with an unswapped word of so many
// bytes; for 0 it is the constant itself.
func swapped(k, size uint32) uint32 {
	switch size {
	case 2:
		return uint32(bits.ReverseBytes16(uint16(k)))
	case 4:
		return bits.ReverseBytes32(k)
	}
	return k
}
