//go:build !pktrail_lite

package follow

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"

	"github.com/pktrail/pktrail/internal/probe/netns"
	"github.com/pktrail/pktrail/internal/probe/nftrace"
	"github.com/pktrail/pktrail/internal/probe/rules"
	"github.com/pktrail/pktrail/internal/trail"
)

// ruleTrace is what hears of rules in one namespace: the tracer where there are
// rules, else what waits for some. A table of our own where nobody has any
// would cost every packet more than all the rest.
type ruleTrace struct {
	tracer *nftrace.Tracer
	watch  *nftrace.Watch
}

// armRules switches rule tracing on in each namespace, side by side: most of
// the time goes into waiting for the kernel's grace periods.
func (s *session) armRules(ctx context.Context, way []*netns.Namespace) {
	var wg sync.WaitGroup
	opened := make([]ruleTrace, len(way))
	errs := make([]error, len(way))
	for i, ns := range way {
		wg.Go(func() { opened[i], errs[i] = s.openRules(ns) })
	}
	wg.Wait()
	for i, ns := range way {
		s.traced[ns.Inode] = true
		s.addRules(ctx, ns, opened[i], errs[i])
	}
}

// openRules opens a namespace's rule tracing.
func (s *session) openRules(ns *netns.Namespace) (ruleTrace, error) {
	t, err := s.traceRules(ns)
	if t != nil || err != nil {
		return ruleTrace{tracer: t}, err
	}
	w, err := nftrace.OpenWatch(ns.File())
	if err != nil {
		return ruleTrace{}, err
	}
	// Once more: rules may have been made before the watch began.
	if t, err = s.traceRules(ns); t != nil || err != nil {
		return ruleTrace{tracer: t}, errors.Join(err, w.Close())
	}
	return ruleTrace{watch: w}, nil
}

// traceRules traces the rules of a namespace; nil where nobody has rules.
func (s *session) traceRules(ns *netns.Namespace) (*nftrace.Tracer, error) {
	names, err := rules.Open(ns.File())
	if err != nil {
		return nil, err
	}
	if tables, err := names.Tables(); err == nil && !slices.ContainsFunc(tables, isOthers) {
		return nil, names.Close()
	}
	legacy := nftrace.LegacyAuto
	if s.req.LegacyTrace {
		legacy = nftrace.LegacyBind
	}
	t, err := nftrace.Open(nftrace.Options{
		Netns: ns.File(), Matches: s.matches, Rate: s.req.Rate, Legacy: legacy,
		Describe: names.Describe,
	})
	if err != nil {
		return nil, errors.Join(err, names.Close())
	}
	s.mu.Lock()
	s.closers = append(s.closers, names.Close)
	s.mu.Unlock()
	return t, nil
}

// isOthers reports whether a table is not of a trace, this or another one.
func isOthers(t rules.Table) bool { return !strings.HasPrefix(t.Name, "pktrail") }

// addRules adds a namespace's rule tracing to the sources, or says why there is
// none.
func (s *session) addRules(ctx context.Context, ns *netns.Namespace, r ruleTrace, err error) {
	at := s.places.know(ctx, ns)
	switch {
	case err != nil:
		s.blind([]trail.Blind{{What: "rules of netfilter", Why: err.Error()}}, at)
	case r.watch != nil:
		s.awaitRules(ctx, ns, r.watch)
	default:
		s.addTracer(ctx, ns, at, r.tracer)
	}
}

// awaitRules traces rules as soon as somebody makes some.
func (s *session) awaitRules(ctx context.Context, ns *netns.Namespace, w *nftrace.Watch) {
	s.addSource(source{
		run: func() error {
			for {
				if err := w.Wait(); err != nil {
					return err
				}
				if t, err := s.traceRules(ns); t != nil || err != nil {
					s.addRules(ctx, ns, ruleTrace{tracer: t}, err)
					return nil
				}
			}
		},
		stop:   func() { _ = w.Close() }, // read only: nothing is lost
		close:  w.Close,
		missed: func() (map[string]uint64, error) { return nil, nil },
	})
}

// addTracer adds a tracer to the sources, and what it cannot see to the blind
// spots.
func (s *session) addTracer(ctx context.Context, ns *netns.Namespace, at *placeOf, t *nftrace.Tracer) {
	blind := t.Blind()
	for i := range blind {
		if isLegacy(blind[i]) && !s.req.LegacyTrace {
			blind[i].Why += "; --legacy-trace makes it go to pktrail for the time of the run"
		}
	}
	s.blind(blind, at)
	if s.kernel != nil && !s.req.Full && slices.ContainsFunc(blind, isLegacy) {
		s.armStages(ns) // where its rules do not show, its tables do
	}
	e := &emitter{session: s, ctx: ctx}
	s.addSource(source{
		name: "nft trace",
		run: readAll(t.Read, func(ev *nftrace.Event) error {
			ev.Point.Netns = ns.Inode
			return e.emit(&ev.Observation, ev.Link, ev.Data)
		}),
		stop:  t.Stop,
		close: t.Close,
		missed: func() (map[string]uint64, error) {
			st, err := t.Stats()
			return map[string]uint64{"nft trace": st.Overruns}, err
		},
	})
}

// isLegacy reports whether a blind spot is the rules of iptables-legacy.
func isLegacy(b trail.Blind) bool { return b.What == "rules of iptables-legacy" }
