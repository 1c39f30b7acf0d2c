package action

import (
	"time"

	"github.com/pktrail/pktrail/internal/correlate"
	"github.com/pktrail/pktrail/internal/trail"
)

// spell is the time in which all nodes of a trace are watched. They are armed
// one after the other and end so: a packet that was under way before the last
// one, or after the first one, was seen in part, and nothing follows from where
// it was not seen. A probe is sent when all are armed.
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

// begun reports whether a packet set out when all nodes were armed.
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
