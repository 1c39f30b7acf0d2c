package cbpf

import (
	"math"
	"math/bits"
)

// value is what is known of A, X or a scratch word.
type value struct {
	// id is the same for copies of one value.
	id int32
	// set is false if nothing was stored there on some way; it is 0 then.
	set bool
	// isLength is true for the length of the bytes, Length.
	isLength bool
	// max is the largest that it can be.
	max uint32
	// behind is how many bytes are known to stand from that offset on.
	behind uint32
}

// state is what is known at a step, on every way there.
type state struct {
	a, x    value
	scratch [scratchWords]value
	// bytes is how many there are at least.
	bytes uint32
}

// values lists all places that hold one.
func (s *state) values(do func(v *value)) {
	do(&s.a)
	do(&s.x)
	for i := range s.scratch {
		do(&s.scratch[i])
	}
}

// meet keeps what two ways have in common. fresh gives new ids.
func (s *state) meet(o *state, fresh func() int32) {
	s.a = s.a.meet(o.a, fresh)
	s.x = s.x.meet(o.x, fresh)
	for i := range s.scratch {
		s.scratch[i] = s.scratch[i].meet(o.scratch[i], fresh)
	}
	s.bytes = min(s.bytes, o.bytes)
}

func (v value) meet(o value, fresh func() int32) value {
	m := value{
		id: v.id, set: v.set && o.set, isLength: v.isLength && o.isLength,
		max: max(v.max, o.max), behind: min(v.behind, o.behind),
	}
	if v.id != o.id {
		m.id = fresh()
	}
	return m
}

// upper bounds the result of a computation whose operands are at most a and b;
// exact says that the second is b itself.
func upper(op uint16, a, b uint32, exact bool) uint32 {
	x, y := uint64(a), uint64(b)
	n := uint64(math.MaxUint32)
	switch op {
	case aluADD:
		n = x + y
	case aluMUL:
		n = x * y
	case aluDIV:
		n = x
		if exact {
			n = x / y
		}
	case aluMOD:
		n = min(x, y)
	case aluAND:
		n = min(x, y)
	case aluOR, aluXOR:
		n = 1<<bits.Len64(x|y) - 1
	case aluLSH:
		if exact {
			n = x << y
		}
	case aluRSH:
		n = x
		if exact {
			n = x >> y
		}
	}
	return uint32(min(n, math.MaxUint32))
}
