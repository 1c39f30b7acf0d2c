package iproute

import (
	"strings"

	"github.com/pktrail/pktrail/internal/netstate"
)

// Options are those of ip(8) that decide how it lists. The zero value is `ip`
// without any.
type Options struct {
	// JSON is `ip -j`: an array with an object of each entry.
	JSON bool
	// Details is `ip -d`.
	Details bool
	// Stats is `ip -s`.
	Stats bool
	// Family narrows a listing down to "inet", "inet6" or another family that
	// entries have; empty for what ip lists without one.
	Family string
	// AllStates lists neighbours of every state, as `ip neigh show nud all`.
	AllStates bool
	// Netns names other namespaces by the ids that the listed one has given them;
	// nil, or an empty name, leaves the id. See NetnsNames.
	Netns func(id int32) string
}

func (o Options) netnsName(id int32) string {
	if o.Netns == nil {
		return ""
	}
	return o.Netns(id)
}

// NetnsNames gives the names that ip would find for other namespaces of the
// same machine: those of files below /run/netns.
func NetnsNames(s *netstate.Snapshot, ns *netstate.Namespace) func(id int32) string {
	return func(id int32) string {
		inode, ok := ns.Peers[id]
		if !ok {
			return ""
		}
		other := s.Namespace(inode)
		if other == nil {
			return ""
		}
		for _, path := range other.Names {
			path = strings.TrimPrefix(path, "/var")
			if name, ok := strings.CutPrefix(path, "/run/netns/"); ok {
				return name
			}
		}
		return ""
	}
}
