package parse

import (
	"errors"
	"fmt"

	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/trail"
)

// Reader is a parser at work.
type Reader interface {
	// Read gives the next item, and io.EOF behind the last one. A *LineError is
	// a line that is not understood: reading goes on behind it.
	Read() (Item, error)
}

// Item is one thing that the input says: a Sighting or a Fact.
type Item struct {
	Sighting *Sighting
	Fact     *Fact
}

// Sighting is a packet at one point, as correlate takes it.
type Sighting struct {
	// Line is where it stands in the input, from 1 (of several lines the
	// first); of a capture it is the frame's number.
	Line int
	// Boot tells one kernel's sightings from another's, where the input does.
	Boot string
	// At is where it was, as far as the input says.
	At trail.Point
	// Frame holds the packet's first bytes there; nil if the input has none.
	Frame *trail.Frame
	// Key tells the packet where there is no frame.
	Key packet.Key
	// Seen is what was decided there. Time is 0 where the input has no clock.
	Seen trail.Observation
	// Also are observations of the same packet without headers of their own.
	Also []trail.Observation
}

// Fact is what an input says that is of no single packet.
type Fact struct {
	Line int
	// Time is nanoseconds since 1970-01-01 UTC; 0 where the input has no clock.
	Time int64
	Kind FactKind
	// Node is whose it is, as far as the input says.
	Node string
	// Count is how many were lost, or how often a message was suppressed; valid
	// iff positive.
	Count int
	// Text is the input's own word.
	Text string
}

// FactKind groups facts.
type FactKind string

// The kinds of facts.
const (
	// FactLost: the tool or the kernel dropped Count events or lines: absence
	// proves nothing from there.
	FactLost FactKind = "lost"
	// FactAggregated: the tool leaves out what it takes for uninteresting.
	FactAggregated FactKind = "aggregated"
	// FactTableFull: nf_conntrack has no room (nf_conntrack_core.c).
	FactTableFull FactKind = "conntrack table full"
	// FactNeighbourFull: the neighbour table has no room (neighbour.c).
	FactNeighbourFull FactKind = "neighbour table overflow"
	// FactNote: something else that a person should know.
	FactNote FactKind = "note"
)

// LineError is a line that a parser does not understand, though it should be
// of its format. Lines of other origin in the same file are passed over.
type LineError struct {
	Line int
	// Text is the line, cut to 200 bytes.
	Text string
	Err  error
}

// Error implements error.
func (e *LineError) Error() string { return fmt.Sprintf("line %d: %v: %q", e.Line, e.Err, e.Text) }

// Unwrap gives the cause.
func (e *LineError) Unwrap() error { return e.Err }

// ErrTooLong is a line longer than a parser takes.
var ErrTooLong = errors.New("too long a line")
