package diagnose

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pktrail/pktrail/internal/trail"
)

// nowhere is expected where any sighting would do.
const nowhere = "any other point"

// openEnd judges a way that ends without an observation that ends it: the
// packet was seen at e.at, and nowhere after.
func (q *inquiry) openEnd(e ending) ending {
	last := &q.t.Observations[e.at]
	e.basis = trail.Inferred
	if q.unsent() {
		e.outcome, e.basis = trail.Rejected, trail.Observed
		return e
	}
	if out, ok := q.answered(); ok {
		e.outcome = out
		return e
	}
	if end, ok := q.datapathEnd(e); ok {
		return end
	}
	if !q.c.Over && !q.t.Ended {
		return unknown(e, "still under way")
	}
	if pos := q.arrival(e.way); pos >= 0 {
		e.at, e.way = e.way[pos], e.way[:pos+1]
		if q.c.missed() == 0 {
			e.outcome = trail.Delivered
			return e
		}
		return unknown(e, q.missedText())
	}
	var armed bool
	e.next, armed = q.expected(last, e.way)
	if why := q.hidden(last); why != "" && (e.next == "" || !armed) {
		return unknown(e, why)
	}
	if e.next == "" {
		e.outcome, e.left, e.basis = trail.Delivered, true, trail.Observed
		return e
	}
	if q.c.missed() > 0 {
		return unknown(e, q.missedText())
	}
	if b, ok := q.c.blind(last.Point); ok {
		return unknown(e, fmt.Sprintf("%s not visible: %s", b.What, b.Why))
	}
	if !armed {
		if e.next == nowhere {
			return unknown(e, "what follows was not watched")
		}
		return unknown(e, e.next+" was not watched")
	}
	e.outcome = trail.Lost
	return e
}

func unknown(e ending, why string) ending {
	e.outcome, e.why, e.basis, e.next = trail.Unknown, why, "", ""
	return e
}

// missedText says what was not caught: "missed 12 (kernel ring 12)".
func (q *inquiry) missedText() string {
	var parts []string
	for _, k := range slices.Sorted(maps.Keys(q.c.Missed)) {
		if n := q.c.Missed[k]; n > 0 {
			parts = append(parts, fmt.Sprintf("%s %d", k, n))
		}
	}
	return fmt.Sprintf("pktrail missed %d events (%s)", q.c.missed(), strings.Join(parts, ", "))
}

// inbound says whether an observation is of a packet on its way up from an
// interface.
func inbound(o *trail.Observation) bool {
	switch o.Stage {
	case trail.StageReceive:
		return true
	case trail.StageCapture, "":
		return o.Dir == trail.In
	case trail.StageHook, trail.StageRules:
		return o.Hook != nil && (o.Hook.Name == "PREROUTING" || o.Hook.Name == "INPUT" || o.Hook.Name == "INGRESS")
	case trail.StageRoute:
		return o.Route != nil && o.Route.In != "lo" && (o.Route.Type == "local" || o.Route.Table == tableLocal)
	}
	return false
}

// hidden is why nothing can be seen of a packet where it went from its last
// sighting; empty if it is not known to be hidden there.
func (q *inquiry) hidden(o *trail.Observation) string {
	i := slices.IndexFunc(q.c.Unwatched, func(p Place) bool {
		return slices.Contains(p.Addrs, outerDst(o)) || slices.Contains(p.Addrs, o.Seen.Flow.Dst)
	})
	if i < 0 {
		return ""
	}
	node := q.c.Unwatched[i].Node
	why := node + " is not watched"
	for _, b := range q.c.Blind {
		if b.Node == node && b.Namespace == "" {
			return why + ": " + b.Why
		}
	}
	return why
}

// unsent says whether the sender's own kernel refused to make a packet of what
// the probe sent: no more than routes that it found were seen.
func (q *inquiry) unsent() bool {
	return q.c.Conversation != nil && q.c.Conversation.Result == trail.ResultFailed &&
		!slices.ContainsFunc(q.t.Observations, func(o trail.Observation) bool {
			return o.Stage != trail.StageRoute || o.Route != nil && o.Route.Err != 0
		})
}

// answered says what an answer shows: whoever answers has had the packet.
func (q *inquiry) answered() (trail.Outcome, bool) {
	if v := q.c.Conversation; v != nil {
		switch v.Result {
		case trail.ResultAnswered:
			return trail.Delivered, true
		case trail.ResultRefused, trail.ResultICMP:
			return trail.Rejected, true
		}
	}
	a := q.c.Answer
	if a == nil || len(a.Observations) == 0 {
		return "", false
	}
	if refuses(a, q.t) {
		return trail.Rejected, true
	}
	return trail.Delivered, true
}

// refuses says whether an answer is a reset or an ICMP error.
func refuses(a, t *trail.Trail) bool {
	if t.Flow.Proto != a.Flow.Proto {
		return true // only ICMP answers other protocols
	}
	words := strings.ToUpper(a.Packet)
	if strings.HasPrefix(words, "ICMP") && !strings.Contains(words, "ECHO") {
		return true
	}
	for _, w := range []string{"RST", "RESET", "UNREACHABLE", "EXCEEDED", "TOO BIG", "NEEDED", "PROHIBITED"} {
		if strings.Contains(words, w) {
			return true
		}
	}
	return false
}

// expected names the place where a packet that was last seen at o must be seen
// next, and says whether that was watched. An empty name: it left for where
// nobody watches.
func (q *inquiry) expected(o *trail.Observation, way []int) (string, bool) {
	_, armed := q.c.armed(o.Point.Netns)
	switch o.Stage {
	case trail.StageHook, trail.StageRules:
		return q.afterHook(o), armed
	case trail.StageRoute:
		return afterRoute(o), armed
	case trail.StageReceive:
		return nowhere, armed
	case trail.StageNeighbour:
		return o.Neighbour.Device + " out", armed
	case trail.StageQueue, trail.StageTransmit, trail.StageCapture, trail.StageConsume, "":
		if o.Dir == trail.In {
			return nowhere, armed
		}
		return q.afterOut(o, armed)
	}
	return nowhere, armed
}

// afterOut is expected after an interface sent the packet.
func (q *inquiry) afterOut(o *trail.Observation, armed bool) (string, bool) {
	p := o.Point
	switch {
	case p.Role == trail.RoleOverlay || tunnelKind(p.Kind):
		return "the tunnel's outer packet", armed
	case p.Role == trail.RoleBridge || p.Kind == "bridge":
		return "a port of " + p.Interface, armed
	case p.Interface == "lo":
		return "lo in", armed
	}
	if dst := outerDst(o); dst.IsValid() {
		if at, ok := q.c.owner(dst); ok && at.Netns != p.Netns {
			return placeName(at.Node, at.Target), true
		}
	}
	if p.Role == trail.RolePod || p.Role == trail.RoleHost || p.Kind == "veth" && p.Role != trail.RoleUplink {
		return "the other end of " + p.Interface, armed
	}
	if n := q.c.Destination; len(n.Netns) > 0 && slices.Contains(n.Addrs, o.Seen.Flow.Dst) {
		if at, ok := q.c.armed(n.Netns[0]); ok {
			return placeName(at.Node, at.Target), true
		}
	}
	return "", false
}

// afterHook is expected after the last sighting in netfilter.
func (q *inquiry) afterHook(o *trail.Observation) string {
	if o.Hook == nil {
		return "the next hook"
	}
	switch o.Hook.Name {
	case "PREROUTING":
		return "FORWARD or INPUT"
	case "INPUT":
		return "a socket"
	case "FORWARD":
		return "POSTROUTING"
	case "OUTPUT":
		return "POSTROUTING"
	}
	return "an interface"
}

// afterRoute is expected after a route was found.
func afterRoute(o *trail.Observation) string {
	r := o.Route
	switch {
	case r == nil || r.Err != 0:
		return "a decision"
	case r.Type == "local" || r.Table == tableLocal || r.Device == "lo":
		return "INPUT"
	}
	return r.Device + " out"
}

// unseen judges a trail without observations.
func (q *inquiry) unseen() ending {
	e := ending{at: -1, outcome: trail.Unknown, why: "no packet was seen"}
	v := q.c.Conversation
	switch {
	case v == nil:
	case v.Result == trail.ResultFailed:
		e.outcome, e.basis, e.why = trail.Rejected, trail.Observed, ""
	case v.Result == trail.ResultAnswered:
		e.outcome, e.basis, e.why = trail.Delivered, trail.Inferred, ""
	case v.Result == trail.ResultRefused, v.Result == trail.ResultICMP:
		e.outcome, e.basis, e.why = trail.Rejected, trail.Inferred, ""
	}
	if e.outcome == trail.Unknown && q.c.missed() > 0 {
		e.why = q.missedText()
	}
	return e
}
