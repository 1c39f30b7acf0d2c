//go:build !pktrail_lite

package follow

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/pktrail/pktrail/internal/filter"
	"github.com/pktrail/pktrail/internal/probe/netns"
	"github.com/pktrail/pktrail/internal/probe/skbtrace"
	"github.com/pktrail/pktrail/internal/trail"
)

// arm opens all sources. Those that this machine cannot give are named as
// blind; without any source there is nothing to do.
func (s *session) arm(ctx context.Context) error {
	sel := Selection{
		Src: slices.Concat(s.ends[0].Addrs, s.req.Also), Dst: s.ends[1].Addrs,
		SrcPort: s.ends[0].Port, DstPort: s.ends[1].Port, Back: s.req.Back, Filter: s.req.Filter,
	}
	if s.req.Probe.Proto != "" {
		if err := s.prepareProbe(); err != nil {
			return err
		}
		sel.Probe, sel.HasProbe = s.probe.flow(), true
	}
	s.about.Filter = sel.Expression()
	expr, err := filter.Parse(s.about.Filter)
	if err != nil {
		return fmt.Errorf("compile %q: %w", s.about.Filter, err)
	}
	s.scope = s.newScope(ctx)
	s.openLog()
	way := s.way(ctx)
	s.name(ctx, way)
	if err := s.armSight(ctx, expr, way); err != nil {
		return err
	}
	if s.matches, err = matches(sel); err != nil {
		return err
	}
	s.armRules(ctx, way)
	if s.kernel != nil {
		if err := s.restrict(ctx); err != nil {
			return err
		}
	}
	s.places.met = func(at *placeOf) { s.meet(ctx, at) }
	return nil
}

// name lists the nodes and namespaces that are armed.
func (s *session) name(ctx context.Context, way []*netns.Namespace) {
	for _, ns := range way {
		at := s.places.know(ctx, ns)
		s.about.Nodes = appendNew(s.about.Nodes, at.node)
		addrs, _ := ns.Addresses() // without them less can be concluded, and that is all
		s.about.Places = append(s.about.Places, trail.Place{Netns: at.inode, Node: at.node, Target: at.target, Addrs: addrs})
	}
}

// meet traces rules in a namespace that a packet has come to for the first
// time; the packets after it are seen there.
func (s *session) meet(ctx context.Context, at *placeOf) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended || at.ns == nil || s.traced[at.inode] || len(s.traced) >= mostTraced {
		return
	}
	s.traced[at.inode] = true
	s.running.Go(func() {
		if !s.scope.has(ctx, at, s.places.open) {
			return
		}
		r, err := s.openRules(at.ns)
		s.addRules(ctx, at.ns, r, err)
		if s.req.Full && s.kernel != nil {
			s.armStages(at.ns)
		}
	})
}

// armSight arms what sees packets: the kernel probe, or packet sockets.
func (s *session) armSight(ctx context.Context, expr *filter.Expr, way []*netns.Namespace) error {
	if s.req.NoBPF {
		return s.armSockets(ctx, expr, way, "--no-bpf asks for it")
	}
	err := s.armKernel(ctx, expr, way)
	if no, ok := errors.AsType[*skbtrace.UnsupportedError](err); ok {
		s.note(fmt.Sprintf("no eBPF here: %s; packet sockets and nft trace serve instead", no))
		return s.armSockets(ctx, expr, way, no.Error())
	}
	return err
}

// armKernel arms the kernel probe.
func (s *session) armKernel(ctx context.Context, expr *filter.Expr, way []*netns.Namespace) error {
	prog, err := expr.Compile(filter.Options{Link: filter.Raw, Inner: true})
	if err != nil {
		return err
	}
	t, err := skbtrace.Open(skbtrace.Options{
		Filter: prog, Watch: s.watched(), Full: s.req.Full, HeaderLen: min(s.req.SnapLen, skbtrace.MaxHeaderLen), Limit: s.req.Count * followedPerCount,
	})
	if err != nil {
		return err
	}
	s.kernel = t
	s.asked.announce = t.Asking
	e := &emitter{session: s, ctx: ctx}
	s.addSource(source{
		name: "eBPF",
		run: readAll(t.Read, func(ev *skbtrace.Event) error {
			if aside(ev) {
				return nil
			}
			return e.emit(&ev.Observation, ev.Link, ev.Data)
		}),
		stop:  t.Stop,
		close: t.Close,
		missed: func() (map[string]uint64, error) {
			st, err := t.Stats()
			return map[string]uint64{"kernel ring": st.Lost, "kernel recursion": st.RecursionMisses, "packets forgotten": st.Evicted}, err
		},
	})
	s.blind(slices.DeleteFunc(t.Blind(), s.isElsewhere), nil)
	if s.req.Full {
		for _, ns := range way {
			s.armStages(ns)
		}
	}
	return nil
}

// isElsewhere reports whether a blind spot is of an IP version that the two ends
// do not speak.
func (s *session) isElsewhere(b trail.Blind) bool {
	is6 := func(a netip.Addr) bool { return a.Is6() }
	return strings.Contains(b.What, "v6") && (len(s.ends[0].Addrs)+len(s.ends[1].Addrs) > 0) &&
		(!slices.ContainsFunc(s.ends[0].Addrs, is6) || !slices.ContainsFunc(s.ends[1].Addrs, is6))
}

// aside reports whether a lookup was made while a packet was under way and not
// for it: somebody asked for the route, or ARP asks the local table whose
// address it may send from.
func aside(ev *skbtrace.Event) bool {
	return ev.Question || ev.Route != nil && ev.Flight != 0 && !ev.Related && ev.Route.Table == localTable
}

// followedPerCount is how many packets the kernel probe follows for each that
// a person wants to see: answers, acknowledgements, copies.
const followedPerCount = 200

// armStages arms the netfilter stages of a namespace.
func (s *session) armStages(ns *netns.Namespace) {
	if err := s.kernel.Netfilter(ns.File()); err != nil {
		s.note(fmt.Sprintf("no netfilter stages in %s: %v", ns.Label, err))
	}
}

// watched are the addresses by which routing lookups are recognised that come
// before there is a packet.
func (s *session) watched() []netip.Addr {
	var out []netip.Addr
	for i := range s.ends {
		for _, a := range s.ends[i].Addrs {
			out = appendNew(out, a)
		}
	}
	return out[:min(len(out), skbtrace.MaxWatch)]
}
