package cbpf

// partial is what is known of a number: the bits of mask are as in value, whose
// others are 0.
type partial struct{ mask, value uint32 }

func constant(n uint32) partial { return partial{^uint32(0), n} }

// number is the number itself, if all of it is known.
func (b partial) number() (uint32, bool) { return b.value, b.mask == ^uint32(0) }

// compare answers a test, if what is known is enough.
func (b partial) compare(op uint16, k uint32) (verdict, sure bool) {
	least, most := b.value, b.value|^b.mask
	switch op {
	case jmpJEQ:
		if (b.value^k)&b.mask != 0 {
			return false, true
		}
		return true, b.mask == ^uint32(0)
	case jmpJSET:
		if b.value&k != 0 {
			return true, true
		}
		return false, k&^b.mask == 0
	case jmpJGT:
		return least > k, least > k || most <= k
	case jmpJGE:
		return least >= k, least >= k || most < k
	}
	return false, false
}

// compute gives the result of an operation with a constant, none of them a
// division by 0 or a shift by more than 31.
func (b partial) compute(op uint16, k uint32) partial {
	switch op {
	case aluAND:
		return partial{b.mask | ^k, b.value & k}
	case aluOR:
		return partial{b.mask | k, b.value | k}
	case aluXOR:
		return partial{b.mask, (b.value ^ k) & b.mask}
	case aluLSH:
		return partial{b.mask<<k | (1<<k - 1), b.value << k}
	case aluRSH:
		return partial{b.mask>>k | ^(^uint32(0) >> k), b.value >> k}
	}
	n, ok := b.number()
	if !ok {
		return partial{}
	}
	switch op {
	case aluADD:
		n += k
	case aluSUB:
		n -= k
	case aluMUL:
		n *= k
	case aluDIV:
		n /= k
	case aluMOD:
		n %= k
	case aluNEG:
		n = -n
	default:
		return partial{}
	}
	return constant(n)
}

// What is live: A, X, scratch words from a bit on.
const (
	liveInA = 1 << iota
	liveInX
	liveInM
)

// liveness says what is read before it is set, on some way from each step on,
// and which steps do nothing that anybody reads: the ways go round them.
func liveness(steps []step) (live []uint32, idle []bool) {
	live, idle = make([]uint32, len(steps)+2), make([]bool, len(steps))
	for pc := len(steps) - 1; pc >= 0; pc-- {
		s := &steps[pc]
		after := live[s.yes] | live[s.no]
		reads, sets := s.touches()
		idle[pc] = sets != 0 && after&sets == 0
		live[pc] = after&^sets | reads
		// What X is decides whether a load or a division ends the function.
		if idle[pc] && s.kind != loadIndexed && s.kind != compute {
			live[pc] = after
		}
	}
	return live, idle
}

// touches says what a step reads and what it sets.
func (s *step) touches() (reads, sets uint32) {
	own, other := uint32(liveInA), uint32(liveInX)
	if s.isX {
		own, other = other, own
	}
	switch s.kind {
	case loadAbsolute:
		return 0, liveInA
	case loadIndexed:
		return liveInX, liveInA
	case loadHeader:
		return 0, liveInX
	case loadConst, loadLength:
		return 0, own
	case loadScratch:
		return liveInM << s.k, own
	case store:
		return own, liveInM << s.k
	case moveAX:
		return liveInA, liveInX
	case moveXA:
		return liveInX, liveInA
	case endA:
		return liveInA, 0
	case compute, test:
		reads = liveInA
		if s.byX {
			reads |= other
		}
		if s.kind == compute {
			sets = liveInA
		}
	}
	return reads, sets
}
