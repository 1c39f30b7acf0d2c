package action

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/pktrail/pktrail/internal/correlate"
	"github.com/pktrail/pktrail/internal/diagnose"
	"github.com/pktrail/pktrail/internal/pcapng"
	"github.com/pktrail/pktrail/internal/record"
	"github.com/pktrail/pktrail/internal/trail"
)

// gather reads record streams and makes trails of them.
type gather struct {
	options *TraceOptions
	enough  context.CancelCauseFunc
	// more takes the packets that are not kept; nil only counts them.
	more func(JudgedTrail)

	mu      sync.Mutex // guards what follows
	trails  *correlate.Trails
	closed  []trail.Trail
	kept    map[int]bool      // numbers of those in closed
	shapes  map[string]*alike // of all packets that have ended
	packets int               // that are no answers
	asides  []trail.Observation
	session trail.Session // joined of all
	parts   []trail.Session
	nodes   []string // whose namespaces were met, where several streams come
	several bool
	ends    *[2]trail.End // what the cluster knows of them; nil elsewhere
	// hidden are nodes that are not watched, and why.
	hidden []hiddenNode
	narrow *narrow // nil where the user has no filter
	spell  *spell  // nil for a probe, and for a recording
}

// alike are packets that took one way and ended alike.
type alike struct{ count, kept int }

// Of many packets a few of each kind are kept, to be judged and shown; the rest
// is counted with those it is like.
const (
	keepAll    = 200   // the first ones, whatever they are
	keepAlike  = 4     // of each kind
	mostTrails = 2_000 // in all
	mostShapes = 10_000
)

func newGather(o *TraceOptions, enough context.CancelCauseFunc) *gather {
	g := &gather{options: o, enough: enough, kept: map[int]bool{}, shapes: map[string]*alike{}, narrow: newNarrow(o.Request.Filter)}
	g.trails = correlate.New(correlate.Options{Closed: g.take, Linger: patience(o)})
	if o.Request.Source != "" && o.Request.Probe.Proto == "" {
		g.spell = &spell{}
	}
	return g
}

// patience is how long the streams of several agents may be out of step: that
// of a node that has much to do comes later than others. Of a probe nobody
// waits for the end of single packets.
func patience(o *TraceOptions) time.Duration {
	switch {
	case o.Cluster == nil:
		return 0 // what correlate takes
	case o.Request.Probe.Proto != "":
		return 30 * time.Second
	}
	return 2 * time.Second
}

// read takes one stream to its end.
func (g *gather) read(r io.Reader) error {
	in, err := record.NewReader(r)
	if errors.Is(err, pcapng.ErrEmpty) {
		return nil // the agent's own error says why there is no stream
	}
	boots := map[string]string{} // of the streams that one was merged of, by node
	if err != nil {
		return fmt.Errorf("read trace stream: %w", err)
	}
	var f trail.Frame
	for {
		err := in.Read(&f)
		g.mu.Lock()
		for _, s := range in.Streams() {
			boots[s.Node] = s.Boot
			g.several = true
		}
		g.asides = append(g.asides, g.apart(in.Asides())...)
		if s, ok := in.Session(); ok {
			g.join(s)
		}
		if err == nil {
			o, also, _ := in.Observed(&f)
			boot, merged := boots[o.Point.Node]
			if !merged {
				boot = in.Header().Boot
			}
			o.Point.Netns = g.netns(o.Point.Node, o.Point.Netns)
			g.narrow.see(&f, &o)
			g.trails.See(&correlate.Sighting{Boot: boot, At: o.Point, Frame: &f, Seen: o, Also: g.apart(also)})
		}
		g.mu.Unlock()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("read trace stream: %w", err)
		}
	}
}

// join takes what a stream says of its run; the last word of each counts.
func (g *gather) join(s trail.Session) {
	for i := range s.Places {
		s.Places[i].Netns = g.netns(s.Places[i].Node, s.Places[i].Netns)
	}
	for _, e := range []*trail.End{&s.Source, &s.Destination} {
		e.Netns = g.netns(e.Node, e.Netns)
	}
	i := slices.IndexFunc(g.parts, func(have trail.Session) bool { return have.Key() == s.Key() })
	if i < 0 {
		i = len(g.parts)
		g.parts = append(g.parts, s)
	}
	g.parts[i] = s
	if s.Source.Netns != 0 && s.Source.Node != "" && g.several {
		g.trails.Refer(s.Source.Node) // a packet sets out at 0
	}
	g.session = trail.Join(g.parts)
	g.overlay(&g.session)
}

// overlay adds what the cluster knows to what its nodes do. Of the ends it
// knows the names, and all addresses.
func (g *gather) overlay(s *trail.Session) {
	for _, h := range g.hidden {
		s.Blind = append(s.Blind, trail.Blind{Node: h.Node, What: "packets on " + h.Node, Why: h.why})
		s.Unwatched = append(s.Unwatched, h.Place)
	}
	if g.ends == nil {
		return
	}
	for i, e := range []*trail.End{&s.Source, &s.Destination} {
		known := &g.ends[i]
		e.Name, e.Label, e.Port = known.Name, known.Label, known.Port
		if len(known.Addrs) > 0 && !slices.Equal(e.Addrs, known.Addrs) {
			e.Addrs = known.Addrs
		}
		if e.Node == "" {
			e.Node = known.Node
		}
	}
}

// begin notes that all nodes are armed.
func (g *gather) begin(all []trail.Session) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.spell.start(all)
}

// netns makes the inode of a namespace one that no other node has: kernels
// number theirs alike.
func (g *gather) netns(node string, inode uint64) uint64 {
	if inode == 0 || !g.several {
		return inode
	}
	i := slices.Index(g.nodes, node)
	if i < 0 {
		i = len(g.nodes)
		g.nodes = append(g.nodes, node)
	}
	return inode | uint64(i)<<32 // inodes have 32 bits
}

// apart does that for observations.
func (g *gather) apart(list []trail.Observation) []trail.Observation {
	for i := range list {
		list[i].Point.Netns = g.netns(list[i].Point.Node, list[i].Point.Netns)
	}
	return list
}

// take is called by trails for each packet whose way is over.
func (g *gather) take(t trail.Trail) {
	wanted := g.wanted(&t) && g.spell.begun(&t, g.trails)
	g.narrow.forget(&t)
	if !wanted {
		return
	}
	if t.AnswerTo == 0 {
		g.packets++
	}
	if n := g.options.Request.Count; n > 0 && g.packets >= n && g.options.Request.Probe.Proto == "" {
		g.enough(errEnough)
	}
	shape := diagnose.Shape(&t)
	like := g.shapes[shape]
	if like == nil {
		like = &alike{}
		if len(g.shapes) < mostShapes {
			g.shapes[shape] = like
		}
	}
	like.count++
	switch {
	case len(g.closed) < keepAll, g.kept[t.AnswerTo] && t.AnswerTo != 0 && len(g.closed) < mostTrails,
		like.kept < keepAlike && len(g.closed) < mostTrails:
		like.kept++
		g.kept[t.Number] = true
		g.closed = append(g.closed, t)
	case g.more != nil:
		j := newJudge(&g.session, []trail.Trail{t}, nil)
		g.more(JudgedTrail{Trail: t, Verdict: diagnose.Judge(&t, j.context(&t))})
	}
}

// wanted leaves out packets of other nodes, those that the user's filter does
// not mean, and those of which only netfilter told: somebody else's tracing
// marked them.
func (g *gather) wanted(t *trail.Trail) bool {
	if !g.narrow.wants(t) {
		return false
	}
	rulesOnly := !slices.ContainsFunc(t.Observations, func(o trail.Observation) bool { return o.Stage != trail.StageRules })
	if rulesOnly && len(g.session.Means) > 1 {
		return false
	}
	return g.options.FromNode == "" || len(t.Observations) > 0 && t.Observations[0].Point.Node == g.options.FromNode
}

// advance lets time pass where no packets come, and says how many were seen.
func (g *gather) advance(now time.Time) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.trails.Advance(now.UnixNano())
	return g.packets
}

// result judges what was seen, once the streams are at their end.
func (g *gather) result() TraceResult {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.trails.Flush()
	r := TraceResult{Session: g.session, Offsets: map[string]int64{}}
	for node, o := range g.trails.Offsets() {
		r.Offsets[node] = o.Nanoseconds
	}
	if len(g.closed) == 0 && len(g.asides) > 0 && g.session.Conversation != nil && g.options.FromNode == "" {
		// The probe never became a packet: what the kernel said to that is all.
		c := g.session.Conversation
		g.closed = append(g.closed, trail.Trail{Number: 1, Packet: "nothing was sent", Flow: c.Flow, Observations: g.asides, Ended: true})
	}
	g.drop(func(t *trail.Trail) bool { return g.spell.over(t, g.parts, g.trails) })
	if g.several && g.spell != nil && g.options.Request.Count > 0 {
		g.drop(beyond(g.closed, g.options.Request.Count))
	}
	newJudge(&g.session, g.closed, g.shapes).judge(&r)
	return r
}

// drop forgets packets that are kept.
func (g *gather) drop(unwanted func(*trail.Trail) bool) {
	g.closed = slices.DeleteFunc(g.closed, func(t trail.Trail) bool {
		if !unwanted(&t) {
			return false
		}
		if like := g.shapes[diagnose.Shape(&t)]; like != nil {
			like.count, like.kept = like.count-1, like.kept-1
		}
		return true
	})
}
