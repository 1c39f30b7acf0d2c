package agent

import (
	"fmt"
	"slices"

	"github.com/pktrail/pktrail/internal/filter"
	"github.com/pktrail/pktrail/internal/netstate"
	"github.com/pktrail/pktrail/internal/probe/netns"
)

// Snapshot asks for the state of this machine's network namespaces.
type Snapshot struct {
	// Targets are whose namespaces are taken, with all that packets can go to
	// from there; empty is every namespace of the machine.
	Targets []string `json:"targets,omitempty"`
	// Parts are what is taken; empty is everything.
	Parts []netstate.Part `json:"parts,omitempty"`
	// Connections is an expression of pcap-filter(7): tracked connections whose
	// packets it matches, before or after translation, are listed. Empty lists
	// none, and counts them.
	Connections string `json:"connections,omitempty"`
	// CRISocket is the path of the CRI socket; empty looks at the known ones.
	CRISocket string `json:"criSocket,omitempty"`
}

// Progress is how far a snapshot is.
type Progress struct {
	// Done of Of namespaces are taken.
	Done int `json:"done"`
	Of   int `json:"of"`
}

// Taken is what a snapshot holds.
type Taken struct {
	// Targets are the inodes of the targets' namespaces, in their order.
	Targets    []uint64 `json:"targets,omitempty"`
	Namespaces int      `json:"namespaces"`
	Workloads  int      `json:"workloads,omitempty"`
	Links      int      `json:"links,omitempty"`
	Routes     int      `json:"routes,omitempty"`
	// Rules are those of netfilter that nf_tables has; those of legacy tables
	// are counted in bytes only.
	Rules int `json:"rules,omitempty"`
	// Unreadable are parts that could not be read, with the reason; the same
	// one of several namespaces stands once.
	Unreadable []string `json:"unreadable,omitempty"`
}

// count adds a namespace.
func (t *Taken) count(n *netstate.Namespace) {
	t.Namespaces++
	t.Links += len(n.Links)
	t.Routes += len(n.Routes)
	t.Rules += len(n.Ruleset.Rules)
	t.missing(n.Unreadable)
}

func (t *Taken) missing(list []netstate.Unreadable) {
	for _, u := range list {
		text := string(u.Part) + ": " + u.Why
		if !slices.Contains(t.Unreadable, text) {
			t.Unreadable = append(t.Unreadable, text)
		}
	}
}

func (s *Snapshot) check() error {
	for _, text := range s.Targets {
		if _, err := netns.ParseTarget(text); err != nil {
			return err
		}
	}
	for _, p := range s.Parts {
		if !slices.Contains(netstate.Parts(), p) {
			return fmt.Errorf("nobody knows the part %q of a snapshot", p)
		}
	}
	if _, err := filter.Parse(s.Connections); err != nil {
		return fmt.Errorf("connections: %w", err)
	}
	return nil
}
