package trail

// Direction of a packet, as seen from the stack of the namespace that owns
// the interface: In is received, Out is transmitted.
type Direction uint8

// The directions. A frame whose direction the source did not tell has
// DirUnknown.
const (
	DirUnknown Direction = iota
	In
	Out
)

// String returns "In", "Out" or "?", as tcpdump prints them.
func (d Direction) String() string {
	switch d {
	case In:
		return "In"
	case Out:
		return "Out"
	}
	return "?"
}

// MarshalText writes "in", "out" or nothing, for JSON.
func (d Direction) MarshalText() ([]byte, error) {
	switch d {
	case In:
		return []byte("in"), nil
	case Out:
		return []byte("out"), nil
	}
	return []byte{}, nil
}

// UnmarshalText reads what MarshalText writes. What it does not know is
// DirUnknown.
func (d *Direction) UnmarshalText(b []byte) error {
	switch string(b) {
	case "in":
		*d = In
	case "out":
		*d = Out
	default:
		*d = DirUnknown
	}
	return nil
}

// Frame is one sighting of one packet's bytes at one point.
type Frame struct {
	// Time is nanoseconds since 1970-01-01 UTC, taken by the kernel.
	Time int64
	// Point is the index of the Point in the source's list.
	Point int
	// Dir is the direction at that point.
	Dir Direction
	// Len is the packet's length on the wire in bytes, at least len(Data).
	Len int
	// Missed counts packets that matched the filter and that the capture lost
	// between the frame before and this one (epb_dropcount).
	Missed uint64
	// Data is the frame from the link header on, cut to the snap length. It
	// belongs to the source and is valid until the next Read.
	Data []byte
}

// Counters are a capture's totals at one point since it was opened.
type Counters struct {
	// Received is packets that matched the filter, missed ones included.
	Received uint64 `json:"received"`
	// Missed is packets that matched and that pktrail itself did not catch.
	Missed uint64 `json:"missed"`
}
