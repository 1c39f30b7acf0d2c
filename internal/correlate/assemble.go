package correlate

import (
	"math"
	"slices"
	"strings"

	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/trail"
)

// assemble makes the trail of a way.
func (t *Trails) assemble(w *way) trail.Trail {
	numbers := t.copies(w)
	order := t.order(w, numbers)
	out := trail.Trail{
		Number: w.id + 1, Packet: w.text, AnswerTo: int(w.answer), Repeats: int(w.repeat),
		Ended: w.flags&idle != 0, Observations: make([]trail.Observation, len(order)),
	}
	over := false
	tell := teller{w: w, out: out.Observations, chains: map[int]*chain{}}
	for n, i := range order {
		s := &w.sights[i]
		o := &out.Observations[n]
		*o = t.expand(w, s)
		o.Copy = numbers[s.part]
		tell.next(n, s)
		if !s.late && s.stage != stageCapture && s.stage != stageRoute && s.stage != stageRetransmit {
			over = s.stage.final() && !t.goesOn(w, s)
		}
		if !out.Flow.Src.IsValid() {
			out.Flow = o.Seen.Flow
		}
	}
	out.Ended = out.Ended || over
	return out
}

// teller fills in the changes from one observation to the next.
type teller struct {
	w      *way
	out    []trail.Observation
	chains map[int]*chain // of each copy
	// cut holds the flights of fragments that were seen since the whole was.
	cut map[uint64]bool
}

// chain is how a copy looked when it was last seen.
type chain struct {
	is     trail.Headers
	seen   bool // is is valid
	span   span
	merged int
	// rules are the observations of nat rules in this namespace, whose
	// translation has not been seen yet.
	rules []int
	netns uint64
	// states are all that it looked like, where there may be copies.
	states []state
}

type state struct {
	netns uint64
	is    trail.Headers
}

// at is how the packet looked in a namespace, in as many tunnels: copies begin
// there, when the packet itself may be far ahead.
func (c *chain) at(netns uint64, depth int) (trail.Headers, bool) {
	for _, exact := range []bool{true, false} {
		for _, s := range slices.Backward(c.states) {
			if s.netns == netns && (!exact || len(s.is.Tunnels) == depth) {
				return s.is, true
			}
		}
	}
	return c.is, c.seen
}

func (t *teller) next(n int, s *sight) {
	o := &t.out[n]
	c := t.chains[o.Copy]
	if c == nil {
		c = t.begin(o, s)
		t.chains[o.Copy] = c
	}
	t.fragments(o, c, s)
	if c.netns != o.Point.Netns {
		c.rules, c.netns = nil, o.Point.Netns
	}
	t.pieces(o, c, s)
	if s.head < 0 {
		return
	}
	if !c.seen {
		c.is, c.seen = o.Seen, true
	}
	is := effective(&c.is, o.Seen, s.cut)
	// In the order in which they are told: tunnels, addresses, the rest.
	o.Changes = append(o.Changes, wrapped(&c.is, &is)...)
	for _, change := range translated(&c.is, &is) {
		if by := t.translator(c, change); by >= 0 {
			t.out[by].Changes = append(t.out[by].Changes, change)
		} else {
			o.Changes = append(o.Changes, change)
		}
	}
	o.Changes = append(o.Changes, relabelled(&c.is, &is)...)
	c.is = is
	if o.Copy == 0 && len(t.w.parts) > 1 {
		c.states = append(c.states, state{o.Point.Netns, is})
	}
	if translates(o) {
		c.rules = append(c.rules, n)
	}
}

// begin makes the chain of a copy, from how the packet itself looked; that of
// the packet itself, where its fragments were seen before, from the first one.
func (t *teller) begin(o *trail.Observation, s *sight) *chain {
	c := &chain{netns: o.Point.Netns}
	is := t.w.parts[s.part].span
	whole, first := t.chains[0], t.chains[1]
	switch {
	case whole != nil:
		c.is, c.seen = whole.at(o.Point.Netns, len(o.Seen.Tunnels))
		c.span, c.merged = whole.span, whole.merged
		c.rules = slices.Clone(whole.rules)
	case is.kind == spanFragment:
		c.span = span{to: math.MaxInt32}
	case o.Copy == 0 && first != nil && len(t.cut) > 0:
		c.is, c.seen, c.span, c.netns = first.is, first.seen, is, 0
	default:
		c.span = is
	}
	return c
}

// translator is the observation of the rules that made a change; -1 if none
// was seen.
func (t *teller) translator(c *chain, change string) int {
	for _, n := range slices.Backward(c.rules) {
		source := sourceNAT(&t.out[n])
		if source == strings.HasPrefix(change, "SNAT") || strings.HasPrefix(change, "id ") {
			return n
		}
	}
	return -1
}

// translates reports whether rules of a nat table were met.
func translates(o *trail.Observation) bool {
	return o.Hook != nil && slices.ContainsFunc(o.Rules, func(r trail.Rule) bool {
		switch r.Verdict {
		case "dnat", "snat", "masquerade", "redirect":
			return true
		}
		return r.Table == "nat"
	})
}

// sourceNAT reports whether nat rules at this hook change the source.
func sourceNAT(o *trail.Observation) bool {
	return o.Hook.Name == "POSTROUTING" || o.Hook.Name == "INPUT"
}

// effective is what a packet looks like where an observation shows only a part
// of it: the rest is as before.
func effective(was *trail.Headers, seen trail.Headers, cut bool) trail.Headers {
	if cut || seen.Flow == (packet.Flow{}) {
		seen.Flow = was.Flow
	}
	if f, g := &seen.Flow, &was.Flow; f.HasPorts() && f.SrcPort|f.DstPort == 0 && f.Src == g.Src && f.Dst == g.Dst {
		*f = *g // a fragment behind the first has no ports
	}
	if cut || seen.TTL == 0 {
		seen.TTL = was.TTL
	}
	if seen.SrcMAC == "" && seen.DstMAC == "" {
		seen.VLANs = was.VLANs
		if len(seen.Tunnels) == len(was.Tunnels) {
			seen.SrcMAC, seen.DstMAC = was.SrcMAC, was.DstMAC
		}
	}
	return seen
}
