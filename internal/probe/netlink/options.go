package netlink

import (
	"os"
	"slices"

	"github.com/pktrail/pktrail/internal/netstate"
)

// Options say what Take takes. The zero value takes everything that has no
// filter.
type Options struct {
	// Parts are what is wanted; nil for all.
	Parts []netstate.Part
	// Others are other namespaces of the machine, to find out which of them the
	// ids mean that this one has given (Namespace.Peers). Those that are likely
	// come first: the search ends when all ids are known.
	Others []*os.File
	// Connections says which entries of the connection table are taken; nil for
	// none, but how many there are.
	Connections *ConnectionFilter
	// NoCounters leaves the links' counters out (Link.Stats).
	NoCounters bool
}

func (o Options) wants(p netstate.Part) bool { return o.Parts == nil || slices.Contains(o.Parts, p) }
