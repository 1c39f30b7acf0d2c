package action

import (
	"cmp"
	"slices"
	"time"

	"github.com/pktrail/pktrail/internal/correlate"
	"github.com/pktrail/pktrail/internal/trail"
)

// spell is the time in which all is watched. What watches is armed one after the
// other, on a node and on several, and ends so: a packet that was under way
// before the last one, or after the first one, was seen in part, and nothing
// follows from where it was not seen. A probe is sent when all are armed.
type spell struct {
	armed map[string]time.Time // by node and its clock; nil while one is missing
}

// atEnd is how long a packet may be under way when the first node ends.
const atEnd = 20 * time.Millisecond

// start says since when nodes are armed: all there are.
func (s *spell) start(all []trail.Session) {
	if s == nil {
		return
	}
	s.armed = map[string]time.Time{}
	for i := range all {
		for _, node := range all[i].Nodes {
			if all[i].Armed.After(s.armed[node]) {
				s.armed[node] = all[i].Armed
			}
		}
	}
}

// begun reports whether a packet set out when all was armed.
func (s *spell) begun(t *trail.Trail, clocks *correlate.Trails) bool {
	if s == nil {
		return true
	}
	offsets := clocks.Offsets()
	for node, at := range s.armed {
		if t.Start() < at.UnixNano()-offsets[node].Nanoseconds {
			return false
		}
	}
	return s.armed != nil
}

// over reports whether a packet set out when a node was about to end.
func (s *spell) over(t *trail.Trail, all []trail.Session, clocks *correlate.Trails) bool {
	if s == nil {
		return false
	}
	offsets := clocks.Offsets()
	for i := range all {
		for _, node := range all[i].Nodes {
			if end := all[i].Over; !end.IsZero() && t.Start() > end.Add(-atEnd).UnixNano()-offsets[node].Nanoseconds {
				return true
			}
		}
	}
	return false
}

// beyond are the packets after the first so many, and their answers: while
// several streams were waited for more came than were asked for.
func beyond(all []trail.Trail, count int) func(*trail.Trail) bool {
	slices.SortStableFunc(all, func(a, b trail.Trail) int { return cmp.Compare(a.Start(), b.Start()) })
	first := map[int]bool{}
	for i := range all {
		if all[i].AnswerTo == 0 && len(first) < count {
			first[all[i].Number] = true
		}
	}
	for range all { // an answer may have one of its own
		n := len(first)
		for i := range all {
			if first[all[i].AnswerTo] {
				first[all[i].Number] = true
			}
		}
		if len(first) == n {
			break
		}
	}
	return func(t *trail.Trail) bool { return !first[t.Number] }
}
