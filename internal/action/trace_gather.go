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
	"github.com/pktrail/pktrail/internal/pcapng"
	"github.com/pktrail/pktrail/internal/record"
	"github.com/pktrail/pktrail/internal/trail"
)

// gather reads record streams and makes trails of them.
type gather struct {
	options *TraceOptions
	enough  context.CancelCauseFunc

	mu      sync.Mutex // guards what follows
	trails  *correlate.Trails
	closed  []trail.Trail
	packets int // that are no answers
	asides  []trail.Observation
	session trail.Session
}

// mostTrails bounds how many packets are kept to be shown.
const mostTrails = 10_000

func newGather(o *TraceOptions, enough context.CancelCauseFunc) *gather {
	g := &gather{options: o, enough: enough}
	g.trails = correlate.New(correlate.Options{Closed: g.take})
	return g
}

// read takes one stream to its end.
func (g *gather) read(r io.Reader) error {
	in, err := record.NewReader(r)
	if errors.Is(err, pcapng.ErrEmpty) {
		return nil // the agent's own error says why there is no stream
	}
	if err != nil {
		return fmt.Errorf("read trace stream: %w", err)
	}
	var f trail.Frame
	for {
		err := in.Read(&f)
		g.mu.Lock()
		g.asides = append(g.asides, in.Asides()...)
		if s, ok := in.Session(); ok {
			g.session = s
		}
		if err == nil {
			o, also, _ := in.Observed(&f)
			g.trails.See(&correlate.Sighting{Boot: in.Header().Boot, At: o.Point, Frame: &f, Seen: o, Also: also})
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

// take is called by trails for each packet whose way is over.
func (g *gather) take(t trail.Trail) {
	if len(g.closed) >= mostTrails || !g.wanted(&t) {
		return
	}
	g.closed = append(g.closed, t)
	if t.AnswerTo == 0 {
		g.packets++
	}
	if n := g.options.Request.Count; n > 0 && g.packets >= n && g.options.Request.Probe.Proto == "" {
		g.enough(errEnough)
	}
}

// wanted leaves out packets of other nodes, and those of which only netfilter
// told: somebody else's tracing marked them.
func (g *gather) wanted(t *trail.Trail) bool {
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
	if len(g.closed) == 0 && len(g.asides) > 0 && g.session.Conversation != nil {
		// The probe never became a packet: what the kernel said to that is all.
		c := g.session.Conversation
		g.closed = append(g.closed, trail.Trail{Number: 1, Packet: "nothing was sent", Flow: c.Flow, Observations: g.asides, Ended: true})
	}
	j := judge{session: &g.session, trails: g.closed}
	j.judge(&r)
	return r
}
