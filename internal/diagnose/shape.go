package diagnose

import (
	"fmt"
	"strings"

	"github.com/pktrail/pktrail/internal/trail"
)

// Shape is a signature of a trail: equal for packets that were the same kind
// of packet and took the same way with the same decisions and the same end. It
// leaves out times, ports, ids and sequence numbers, and what is not seen of
// every packet of one way: how it was freed, and the sender's own routing
// lookup, which a connection makes once.
func Shape(t *trail.Trail) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s %t", kindOf(t.Packet), t.Flow.Proto, t.AnswerTo != 0)
	for i := range t.Observations {
		o := &t.Observations[i]
		if !shapes(o) {
			continue
		}
		p := o.Point
		fmt.Fprintf(&b, "\n%s/%s/%d/%s %s %s c%d %s>%s", p.Node, p.Target, p.Netns, p.Interface, o.Stage, o.Dir, o.Copy, o.Seen.Flow.Src, o.Seen.Flow.Dst)
		for _, n := range o.Seen.Tunnels {
			fmt.Fprintf(&b, " in %s %d %s>%s", n.Kind, n.ID, n.Flow.Src, n.Flow.Dst)
		}
		shapeDecisions(&b, o)
	}
	return b.String()
}

// kindOf is what a packet is, without its numbers; those of an ICMP error are
// what it is.
func kindOf(words string) string {
	if strings.HasPrefix(words, "ICMP type") {
		return words
	}
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return -1
		}
		return r
	}, words)
}

// shapes says whether an observation belongs to the shape.
func shapes(o *trail.Observation) bool {
	switch o.Stage {
	case trail.StageConsume, trail.StageRetransmit:
		return false
	case trail.StageTransmit:
		return o.Transmit != nil && o.Transmit.Code != 0
	case trail.StageRoute:
		r := o.Route
		return r != nil && !r.ReversePath && (r.In != "lo" || r.Err != 0)
	case trail.StageNeighbour:
		return o.Neighbour != nil && o.Neighbour.Parked
	}
	return !Benign(o)
}

func shapeDecisions(b *strings.Builder, o *trail.Observation) {
	if h := o.Hook; h != nil {
		fmt.Fprintf(b, " %s %s %d", h.Family, h.Name, h.Priority)
	}
	for _, r := range o.Rules {
		fmt.Fprintf(b, " [%s %s %s %d %d %s %s]", r.Family, r.Table, r.Chain, r.Handle, r.Number, r.Kind, r.Verdict)
	}
	if r := o.Route; r != nil {
		fmt.Fprintf(b, " table %d dev %s via %s err %d", r.Table, r.Device, r.Gateway, r.Err)
	}
	if n := o.Neighbour; n != nil {
		fmt.Fprintf(b, " waits %s %s", n.Addr, n.Device)
	}
	if x := o.Transmit; x != nil {
		fmt.Fprintf(b, " rc %d", x.Code)
	}
	if r := o.Refusal; r != nil {
		fmt.Fprintf(b, " %s %d/%d %s", r.Kind, r.Type, r.Code, r.Reason)
	}
	if d := o.Drop; d != nil {
		fmt.Fprintf(b, " %s %s %s", d.Reason, function(d.At), d.Hook)
	}
	if d := o.Datapath; d != nil {
		fmt.Fprintf(b, " %s", d.Place())
	}
	if p := o.Policy; p != nil {
		fmt.Fprintf(b, " %s", p.Words())
	}
	if s := o.Socket; s != nil && o.Stage == trail.StageDeliver {
		fmt.Fprintf(b, " to %s", s.Process)
	}
}
