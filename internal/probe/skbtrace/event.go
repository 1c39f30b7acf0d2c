package skbtrace

import (
	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/trail"
)

// Event is one sighting. Apart from Data nothing of it is used again by the
// next Read. Of the Observation, Time, Stage, Dir, Len, Flight,
// CPU, Mark, Merged and what goes with the Stage are filled in, and of its
// Point Netns, Interface, Index and Link; Seen is not: Data has the headers.
type Event struct {
	trail.Observation
	// Data are the packet's first bytes. They are valid until the next Read
	// and empty for a lookup, a transmission, and a neighbour that no packet
	// waits for.
	Data []byte
	// Link says what Data starts with: packet.LinkEthernet where the headers
	// are those of this device, else packet.LinkRaw.
	Link packet.LinkType
	// Netns is the inode of the network namespace, 0 if it is not known.
	Netns uint32
	// Ifindex and Device are the interface; valid iff positive and not empty.
	Ifindex int
	Device  string
	// Start is true for the first event of a flight.
	Start bool
	// Learned is true where the headers match the filter no more and the
	// packet is followed because it did before, or because it belongs to a
	// flow of which that is true.
	Learned bool
	// MadeUp is true where Data are headers that were made of what the socket
	// knows: a retransmission is reported before there are real ones.
	MadeUp bool
	// Related is true for a route asked for with an address of the packet of
	// this flight. Where it is false the lookup is the
	// flight's by time and CPU alone.
	Related bool
	// Question is true for a route that was looked up to answer somebody who
	// asked for it over rtnetlink, and for no packet. It is known while Asking
	// is on, and where the kernel's symbols can be read.
	Question bool
	// SKB is the packet's address in the kernel: it tells events apart that
	// have no flight in common, and is no identity.
	SKB uint64
}
