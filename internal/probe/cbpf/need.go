package cbpf

import "math"

// never is the need of a place from which every way leads to "no match".
const never = math.MaxUint32

// longest is beyond every packet: a load up to there fails.
const longest = math.MaxInt32

// needs says what a packet must have at a step, or else no way from there
// leads to a match.
type needs struct {
	// bytes is the packet's length.
	bytes uint32
	// behindX is how many bytes it has from offset X on, as long as X stays
	// what it is at the step.
	behindX uint32
}

// findNeeds works from the end; the result has two more places, for accept
// and reject.
func findNeeds(steps []step) []needs {
	all := make([]needs, len(steps)+2)
	all[len(steps)+1] = needs{never, never}
	for pc := len(steps) - 1; pc >= 0; pc-- {
		s := &steps[pc]
		yes, no := all[s.yes], all[s.no]
		n := needs{min(yes.bytes, no.bytes), min(yes.behindX, no.behindX)}
		switch s.kind {
		case loadAbsolute:
			n.bytes = max(n.bytes, s.end())
		case loadHeader:
			n.bytes = max(n.bytes, s.end())
		case loadIndexed:
			if s.k < 1<<16 { // larger ones may be meant to wrap around
				n.behindX = max(n.behindX, s.end())
			}
		}
		if s.setsX() {
			n.behindX = 0
		}
		all[pc] = n
	}
	return all
}

// end is the offset of the byte behind those that are loaded.
func (s *step) end() uint32 { return uint32(min(uint64(s.k)+uint64(s.size), longest)) }

// setsX says that X has another value after the step.
func (s *step) setsX() bool {
	switch s.kind {
	case loadHeader, moveAX:
		return true
	case loadConst, loadLength, loadScratch:
		return s.isX
	}
	return false
}
