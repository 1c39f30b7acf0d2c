package afpacket

import (
	"fmt"

	"github.com/pktrail/pktrail/internal/trail"
)

// EventKind says what happened to a ring or to one of its interfaces.
type EventKind uint8

// The kinds of events.
const (
	// InterfaceAdded: an interface came into a namespace that is read whole.
	InterfaceAdded EventKind = iota + 1
	// InterfaceDeleted: an interface left the namespace.
	InterfaceDeleted
	// InterfaceDown: the only interface of a ring is down. The ring waits.
	InterfaceDown
	// InterfaceUp: that interface is up again.
	InterfaceUp
	// RingEnded: the ring ends, for the reason in Err; the others go on.
	RingEnded
)

// Event is something that happened during a capture and that is no packet.
type Event struct {
	Kind EventKind
	// Ring is the index of the ring in the list given to NewReader.
	Ring int
	// Interface and Index are the device; valid iff Kind is not RingEnded.
	Interface string
	Index     int
	// Point is the ring's base point.
	Point trail.Point
	// Err is the reason; valid iff Kind is RingEnded.
	Err error
}

// String is a short sentence without the point: "interface eth0 is down".
func (e Event) String() string {
	switch e.Kind {
	case InterfaceAdded:
		return "interface " + e.Interface + " was added"
	case InterfaceDeleted:
		return "interface " + e.Interface + " was deleted"
	case InterfaceDown:
		return "interface " + e.Interface + " is down"
	case InterfaceUp:
		return "interface " + e.Interface + " is up again"
	case RingEnded:
		return fmt.Sprint(e.Err)
	}
	return fmt.Sprintf("event %d", e.Kind)
}

// Stats are a ring's counters.
type Stats struct {
	// Counters are the totals since Open.
	trail.Counters
	// Interval counts since the call of Stats before.
	Interval trail.Counters
}
