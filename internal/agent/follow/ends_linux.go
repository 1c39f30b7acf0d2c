//go:build !pktrail_lite

package follow

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"github.com/pktrail/pktrail/internal/agent/path"
	"github.com/pktrail/pktrail/internal/probe/netns"
	"github.com/pktrail/pktrail/internal/trail"
)

// end is one end of what is traced, resolved on this machine.
type end struct {
	trail.End
	any bool
	// ns is the namespace of a target, or the one that has the address; nil
	// where none here has it.
	ns *netns.Namespace
	// shared is true if others have the address too: nobody can say who is
	// meant.
	shared bool
	// way are the namespaces from there to the wire.
	way []*netns.Namespace
}

// searched bounds how many namespaces are looked through for an address.
const searched = 512

// openEnds resolves both ends.
func (s *session) openEnds(ctx context.Context) error {
	src, err := ParseEndpoint(s.req.Source)
	if err != nil {
		return err
	}
	dst, err := s.req.destination()
	if err != nil {
		return err
	}
	for i, p := range []Endpoint{src, dst} {
		if s.ends[i], err = s.openEnd(ctx, p); err != nil {
			return err
		}
	}
	if a, b := &s.ends[0], &s.ends[1]; !a.any && !b.any && !shareFamily(a.Addrs, b.Addrs) {
		return &UsageError{
			fmt.Errorf("%s and %s have no address family in common", a.Name, b.Name),
			fmt.Sprintf("%s has %v, %s has %v", a.Name, a.Addrs, b.Name, b.Addrs),
		}
	}
	return nil
}

func shareFamily(a, b []netip.Addr) bool {
	return slices.ContainsFunc(a, func(x netip.Addr) bool {
		return slices.ContainsFunc(b, func(y netip.Addr) bool { return x.Is4() == y.Is4() })
	})
}

func (s *session) openEnd(ctx context.Context, p Endpoint) (end, error) {
	e := end{End: trail.End{Name: p.String(), Label: p.String(), Port: p.Port}, any: p.Any}
	switch {
	case p.Any:
		return e, nil
	case p.Target == "":
		e.Addrs = []netip.Addr{p.Addr}
		s.findOwner(ctx, &e)
	default:
		t, err := netns.ParseTarget(p.Target)
		if err != nil {
			return e, err
		}
		if e.ns, err = netns.Open(ctx, t, s.places.options); err != nil {
			return e, err
		}
		s.closers = append(s.closers, e.ns.Close)
		if e.Addrs, err = e.ns.Addresses(); err != nil {
			return e, err
		}
		if len(e.Addrs) == 0 {
			return e, &UsageError{fmt.Errorf("%s has no address", p.Target), "it can be captured: pktrail capture " + p.Target}
		}
	}
	return e, s.describe(ctx, &e)
}

// findOwner looks for the namespace that has an address. Several may, in
// networks that have nothing to do with each other; where packets from the
// source can get to several, that is a cause of trouble of its own, and is
// said.
func (s *session) findOwner(ctx context.Context, e *end) {
	var owners []*netns.Namespace
	for _, ns := range s.census(ctx) {
		if addrs, err := ns.Addresses(); err == nil && slices.Contains(addrs, e.Addrs[0]) {
			owners = append(owners, ns)
		}
	}
	if src := s.ends[0].ns; len(owners) > 1 && src != nil {
		near := netns.Connected(ctx, []*netns.Namespace{src}, s.census(ctx))
		owners = slices.DeleteFunc(owners, func(n *netns.Namespace) bool { return !near[n.Inode] })
	}
	if len(owners) == 0 {
		return
	}
	e.ns = owners[0]
	for _, ns := range owners[1:] {
		e.shared = true
		s.note(fmt.Sprintf("%s is an address of %s and of %s", e.Addrs[0], e.ns.Label, ns.Label))
	}
}

// census opens all namespaces of the machine, once.
func (s *session) census(ctx context.Context) []*netns.Namespace {
	if s.all == nil {
		s.all = netns.All(ctx, s.places.options, searched)
		s.closers = append(s.closers, func() error {
			var errs []error
			for _, ns := range s.all {
				errs = append(errs, ns.Close())
			}
			return errors.Join(errs...)
		})
	}
	return s.all
}

// describe names the end and finds its way to the wire.
func (s *session) describe(ctx context.Context, e *end) error {
	if e.ns == nil {
		return nil
	}
	at := s.places.know(ctx, e.ns)
	e.Node = at.node
	if !e.shared {
		e.Netns = e.ns.Inode
	}
	if e.Name != e.Addrs[0].String() {
		e.Label = at.name()
	} else if at.target != "" {
		e.Label = at.target
	}
	e.way = []*netns.Namespace{e.ns}
	way, err := path.Find(ctx, e.ns)
	if err != nil {
		return err
	}
	s.closers = append(s.closers, way.Close)
	for _, pt := range way.Points {
		if !slices.ContainsFunc(e.way, func(n *netns.Namespace) bool { return n.Inode == pt.In.Inode }) {
			e.way = append(e.way, pt.In)
			s.places.know(ctx, pt.In)
		}
		s.places.role(pt)
	}
	return nil
}

// way lists the namespaces in which rules are traced from the start: those
// between the ends and the wire. Where an end is in no namespace here (a
// service, or "any"), every node in scope may be on the way.
func (s *session) way(ctx context.Context) []*netns.Namespace {
	var list []*netns.Namespace
	add := func(n *netns.Namespace) {
		if len(list) < mostTraced && !slices.ContainsFunc(list, func(have *netns.Namespace) bool { return have.Inode == n.Inode }) {
			list = append(list, n)
		}
	}
	for i := range s.ends {
		for _, n := range s.ends[i].way {
			add(n)
		}
	}
	if s.ends[0].ns == nil || s.ends[1].ns == nil {
		near := s.scope.namespaces()
		for _, n := range s.census(ctx) {
			if near[n.Inode] {
				add(n)
			}
		}
	}
	return list
}

// mostTraced bounds in how many namespaces rules are traced.
const mostTraced = 64
