package trail

import (
	"net/netip"
	"time"
)

// Session is what is true of a run of trace as a whole.
type Session struct {
	// Source and Destination are what was asked for.
	Source      End `json:"source,omitzero"`
	Destination End `json:"destination,omitzero"`
	// Filter is the expression that chose packets, as it was compiled.
	Filter string `json:"filter,omitempty"`
	// Full is true if everything was armed that there is.
	Full bool `json:"full,omitempty"`
	// Means are the sources of observations: "eBPF", "nft trace", "capture".
	Means []string `json:"means,omitempty"`
	// Armed is when all of it saw packets, ArmedIn how long that took.
	Armed   time.Time     `json:"armed,omitzero"`
	ArmedIn time.Duration `json:"armedIn,omitempty"`
	// Nodes that were armed, by name.
	Nodes []string `json:"nodes,omitempty"`
	// Places are the namespaces that were armed before the first packet:
	// absence counts there, as far as Blind does not say otherwise.
	Places []Place `json:"places,omitempty"`
	// Unwatched are nodes that packets may go to and that were not armed, with
	// their addresses and their pods'; Blind says why.
	Unwatched []Place `json:"unwatched,omitempty"`
	Blind     []Blind `json:"blind,omitempty"`
	// Notes are for people.
	Notes []string `json:"notes,omitempty"`
	// Missed counts what was not caught, by source.
	Missed map[string]uint64 `json:"missed,omitempty"`
	// Conversation is how the probe went; valid iff not nil.
	Conversation *Conversation `json:"conversation,omitempty"`
	// Over is when watching began to end: all was watched until then. Zero while
	// it goes on.
	Over time.Time `json:"over,omitzero"`
}

// End is one end of what is traced.
type End struct {
	// Name as the user wrote it: "netns:web", "10.244.2.2".
	Name string `json:"name,omitempty"`
	// Label is its short name on screen.
	Label string `json:"label,omitempty"`
	// Node it is on; empty if not known.
	Node string `json:"node,omitempty"`
	// Addrs are its addresses.
	Addrs []netip.Addr `json:"addrs,omitempty"`
	// Port is what was asked for; 0 is any.
	Port uint16 `json:"port,omitempty"`
	// Netns is its network namespace; valid iff not 0. An address that no
	// namespace here has, such as a service's, has none.
	Netns uint64 `json:"netns,omitempty"`
}

// Place is a network namespace.
type Place struct {
	// Netns is its inode.
	Netns uint64 `json:"netns"`
	// Node and Target name it as Point does.
	Node   string `json:"node,omitempty"`
	Target string `json:"target,omitempty"`
	// Addrs are the addresses of its interfaces.
	Addrs []netip.Addr `json:"addrs,omitempty"`
}
