package trail

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"time"
)

// Key tells the sessions of one run apart: a session is written several times
// while it goes on, each time with more that is known.
func (s *Session) Key() string {
	return fmt.Sprint(s.Nodes, s.Source.Name, s.Destination.Name, s.Armed.UnixNano())
}

// Join makes one session of those that several nodes had, whatever their order
// is. That of the source's node comes first and gives the names, the others
// follow by the names of their nodes. The first one that has an end of the
// conversation in a namespace of its own tells where that is.
func Join(all []Session) Session {
	if len(all) == 0 {
		return Session{}
	}
	all = slices.SortedStableFunc(slices.Values(all), func(a, b Session) int {
		return cmp.Or(rank(&a)-rank(&b), slices.Compare(a.Nodes, b.Nodes))
	})
	out := all[0]
	out.Missed = map[string]uint64{}
	out.Nodes, out.Places, out.Blind, out.Means, out.Notes = nil, nil, nil, nil, nil
	going := false
	for i := range all {
		s := &all[i]
		out.Source, out.Destination = joinEnd(out.Source, s.Source), joinEnd(out.Destination, s.Destination)
		if s.Armed.After(out.Armed) {
			out.Armed = s.Armed
		}
		going = going || s.Over.IsZero()
		if s.Over.After(out.Over) {
			out.Over = s.Over
		}
		out.ArmedIn = max(out.ArmedIn, s.ArmedIn)
		out.Full = out.Full && s.Full
		if out.Conversation == nil {
			out.Conversation = s.Conversation
		}
		out.Nodes, out.Means, out.Notes = union(out.Nodes, s.Nodes), union(out.Means, s.Means), union(out.Notes, s.Notes)
		out.Blind = union(out.Blind, s.Blind)
		for _, p := range s.Places {
			if !slices.ContainsFunc(out.Places, func(have Place) bool { return have.Netns == p.Netns && have.Node == p.Node }) {
				out.Places = append(out.Places, p)
			}
		}
		for k, n := range s.Missed {
			out.Missed[k] += n
		}
	}
	if going {
		out.Over = time.Time{}
	}
	return out
}

// rank is 0 for a session on the node that the source is on.
func rank(s *Session) int {
	if s.Source.Netns != 0 {
		return 0
	}
	return 1
}

// joinEnd completes what one node knows of an end with what another does.
func joinEnd(a, b End) End {
	shared := slices.ContainsFunc(b.Addrs, func(x netip.Addr) bool { return slices.Contains(a.Addrs, x) })
	if a.Netns != 0 || b.Netns == 0 || !shared {
		return a
	}
	if a.Name == a.Label {
		a.Label = b.Label
	}
	a.Netns, a.Node = b.Netns, b.Node
	return a
}

func union[T comparable](a, b []T) []T {
	for _, v := range b {
		if !slices.Contains(a, v) {
			a = append(a, v)
		}
	}
	return a
}
