package diagnose

import (
	"net/netip"
	"strconv"
	"strings"

	"github.com/pktrail/pktrail/internal/trail"
)

// text is the verdict in one sentence.
func (q *inquiry) text(e *ending) string {
	switch {
	case q.v.Observation < 0:
		return q.textUnseen(e)
	case q.stray:
		return q.textStray()
	case q.unsent() && q.v.Outcome == trail.Rejected:
		return "refused by the sender's own kernel " + on(q.end.Point) + ": " + q.c.Conversation.Error
	}
	p := q.end.Point
	switch q.v.Outcome {
	case trail.Delivered:
		return q.textDelivered(e)
	case trail.Rejected:
		return q.pieceText() + q.textRejected()
	case trail.Dropped:
		return q.pieceText() + q.textDropped()
	case trail.Parked:
		n := q.end.Neighbour
		return "waiting " + on(p) + ": no answer yet to who has " + n.Addr.String() + " on " + n.Device
	case trail.Lost:
		return q.pieceText() + q.textLost(p)
	}
	return "unknown after " + seenAt(q.end) + ": " + e.why
}

func (q *inquiry) textUnseen(e *ending) string {
	v := q.c.Conversation
	switch q.v.Outcome {
	case trail.Rejected:
		switch v.Result {
		case trail.ResultFailed:
			return "refused by the sender's own kernel: " + v.Error
		case trail.ResultRefused:
			return "rejected by a reset from " + addr(v.Flow.Dst, v.From) + "; no packet was seen"
		}
		return "rejected by " + addr(v.Flow.Dst, v.From) + ": " + refusalText(v.Refusal) + "; no packet was seen"
	case trail.Delivered:
		return "answered by " + v.Flow.Dst.String() + "; no packet was seen"
	}
	return "unknown: " + e.why
}

// addr is the second address if it is valid, else the first.
func addr(a, b netip.Addr) string {
	if b.IsValid() {
		return b.String()
	}
	return a.String()
}

func (q *inquiry) textDelivered(e *ending) string {
	p := q.end.Point
	if d := q.end.Datapath; d != nil && d.Point == "to-endpoint" {
		return datapathDelivered(q.end)
	}
	if e.left {
		to := q.flow().Dst.String()
		if d := outerDst(q.end); d.IsValid() {
			to = d.String()
		}
		return "left " + placeName(p.Node, p.Target) + " by " + p.Interface + " for " + to + "; what is behind is not watched"
	}
	if q.v.Basis == trail.Inferred {
		if q.c.Answer != nil || q.c.Conversation != nil && q.c.Conversation.Result == trail.ResultAnswered {
			return "delivered: answered by " + q.flow().Dst.String() + "; last seen at " + seenAt(q.end)
		}
		if q.blindToDrops(p) {
			return "arrived at " + seenAt(q.end) + "; what took it is not visible"
		}
		return "delivered to " + q.takenBy() + "; who took it was not seen"
	}
	if d := q.end.Drop; d != nil && (d.Reason == "QUEUE_PURGE" || d.Reason == "SOCKET_CLOSE") {
		return "delivered to a socket of " + placeName(p.Node, p.Target) + "; it was closed before it was read"
	}
	return "delivered to " + q.takenBy()
}

// takenBy says who has a delivered packet: "nginx (pid 4711) in web on node-b".
func (q *inquiry) takenBy() string {
	p := q.end.Point
	s := q.end.Socket
	if s == nil {
		if o := q.back(func(o *trail.Observation) bool { return o.Socket != nil && q.here(o) }); o != nil {
			s = o.Socket
		}
	}
	if s == nil || s.Process == "" {
		return strings.ToUpper(q.flow().Proto.String()) + " " + on(p)
	}
	pid := ""
	if s.PID != 0 {
		pid = " (pid " + itoa(s.PID) + ")"
	}
	return s.Process + pid + " " + on(p)
}

// textDropped is "dropped on node-b, in filter FORWARD, by CHAIN: -j DROP".
func (q *inquiry) textDropped() string {
	s := "dropped " + on(q.end.Point) + q.atText()
	switch n := q.unanswered(); {
	case n != nil:
		s = "dropped " + on(q.end.Point) + ": nobody answers for " + n.Addr.String() + " on " + n.Device
	case q.rule != nil:
		s += ", by " + shortRule(q.rule)
	case q.hook() != "" && q.has("conntrack-table-full"):
		s += ": the connection tracking table is full"
	case q.hook() != "":
		s += "; which rule was not seen"
	case q.full:
		s += ": " + Explain("SOCKET_RCVBUFF")
		if q.overflowed() {
			s = "dropped " + on(q.end.Point) + ", in tcp: " + Explain("TCP_LISTEN_OVERFLOW")
		}
	case q.v.Reason != "":
		s += ": " + q.why()
	}
	return s + q.translated()
}

// why is the reason of a drop in words. Where the kernel's reason is too wide
// or missing, the route and the function tell more.
func (q *inquiry) why() string {
	d := q.dropping()
	at := function(d.At)
	switch {
	case q.has("hairpin-not-masqueraded"):
		return "it came back with its own source"
	case q.ruled():
		return "a policy rule takes it"
	case q.routeType() == "blackhole":
		return "a blackhole route takes it"
	case strings.HasPrefix(at, "dst_discard"):
		return "its route discards it"
	case d.Reason == "IP_INHDR" && (at == "ip_forward" || at == "ip6_forward"):
		return "its TTL ran out"
	}
	return Explain(reasonOf(d))
}

func (q *inquiry) atText() string {
	switch at := q.v.At; {
	case at == "":
		return ""
	case strings.HasPrefix(at, "routing"):
		return ", in routing"
	case strings.HasPrefix(at, "next hop"), strings.HasPrefix(at, "queue"):
		return ", at the " + at
	case at == "forwarding":
		return ", when forwarding"
	case at == doorway(q.end):
		return ", at " + at
	default:
		return ", in " + at
	}
}

func (q *inquiry) textRejected() string {
	p := q.end.Point
	r := q.refusal()
	by := placeName(p.Node, p.Target)
	n := q.unanswered()
	switch {
	case n != nil:
		return "rejected " + on(p) + ": nobody answers for " + n.Addr.String() + " on " + n.Device + "; the sender is told: " + refusalText(r)
	case q.rule != nil:
		return "rejected " + on(p) + q.atText() + ", by " + shortRule(q.rule) + q.translated()
	case q.resetAnswers():
		return "rejected by " + q.refuser() + ": nothing listens on TCP port " + strconv.Itoa(int(q.flow().DstPort)) + " (inferred)" + q.translated()
	case q.told == nil && q.hook() == "":
		return "rejected: " + q.answerText() + "; last seen at " + seenAt(q.end)
	case q.hook() != "":
		return "rejected " + on(p) + q.atText() + ": " + refusalText(r) + "; which rule was not seen" + q.translated()
	case q.has("answer-bypasses-nat"):
		asked := q.c.Request.Flow
		return "rejected by " + by + ": it came from " + end(q.flow().Src, q.flow().SrcPort) + ", not from " + end(asked.Dst, asked.DstPort)
	case portClosed(r):
		f := q.flow()
		return "rejected by " + by + ": nothing listens on " + strings.ToUpper(f.Proto.String()) + " port " + strconv.Itoa(int(f.DstPort)) + q.translated()
	}
	return "rejected by " + by + q.atText() + ": " + refusalText(r) + q.translated()
}

// answerText is how an answer refused.
func (q *inquiry) answerText() string {
	if v := q.c.Conversation; v != nil {
		switch v.Result {
		case trail.ResultRefused:
			return addr(v.Flow.Dst, v.From) + " answered with a reset"
		case trail.ResultICMP:
			return addr(v.Flow.Dst, v.From) + " answered " + refusalText(v.Refusal)
		}
	}
	return q.c.Answer.Flow.Src.String() + " answered with " + q.c.Answer.Packet
}

func (q *inquiry) textLost(p trail.Point) string {
	if strings.HasPrefix(q.v.At, "routing") {
		s := "lost " + on(p) + ", at the " + q.v.At
		if q.end.Stage != trail.StageRoute {
			return s + ": nothing follows" + q.translated()
		}
		return s + ": " + q.next + " should follow, nothing does" + q.translated()
	}
	next := "not seen at " + q.next
	if q.next == nowhere {
		next = "seen nowhere after"
	}
	return "lost after " + seenAt(q.end) + ": " + next + q.translated()
}

// translated says what NAT had made of the packet before it ended; empty if
// nothing.
func (q *inquiry) translated() string {
	was, is := q.t.Flow, q.flow()
	if !was.Dst.IsValid() || !is.Dst.IsValid() {
		return ""
	}
	var parts []string
	if was.Dst != is.Dst || was.DstPort != is.DstPort && is.DstPort != 0 { // a fragment behind the first has no port
		parts = append(parts, "DNAT to "+end(is.Dst, is.DstPort))
	}
	if was.Src != is.Src {
		parts = append(parts, "SNAT to "+end(is.Src, is.SrcPort))
	}
	s := ""
	if len(parts) > 0 {
		s = " (" + strings.Join(parts, ", ") + ")"
	}
	if n := q.end.Seen.Tunnels; len(n) > 0 {
		s += ", inside " + n[0].Kind + " to " + n[0].Flow.Dst.String()
	}
	return s
}

// end is an address with its port, if it has one.
func end(a netip.Addr, port uint16) string {
	if port == 0 {
		return a.String()
	}
	return netip.AddrPortFrom(a, port).String()
}

// refusal is the refusal that decided; nil if none did.
func (q *inquiry) refusal() *trail.Refusal {
	if q.told != nil {
		return q.told
	}
	if v := q.c.Conversation; v != nil {
		return v.Refusal
	}
	return nil
}

// refusalText says what a refusal tells the sender.
func refusalText(r *trail.Refusal) string {
	switch {
	case r == nil:
		return "refused"
	case r.Text != "":
		return r.Text
	case r.Kind == "reset":
		return "reset"
	}
	if t := icmpText(r); t != "" {
		return t
	}
	return strings.ToUpper(r.Kind) + " type " + itoa(int(r.Type)) + " code " + itoa(int(r.Code))
}

// icmpText names an ICMP error (RFC 792, RFC 1812, RFC 4443); empty if it has
// no name here.
func icmpText(r *trail.Refusal) string {
	names := map[[2]uint8]string{
		{3, 0}: "network unreachable", {3, 1}: "host unreachable", {3, 2}: "protocol unreachable",
		{3, 3}: "port unreachable", {3, 4}: "fragmentation needed", {3, 5}: "source route failed",
		{3, 9}: "network administratively prohibited", {3, 10}: "host administratively prohibited",
		{3, 13}: "administratively prohibited", {11, 0}: "time to live exceeded",
		{11, 1}: "not all fragments came in time", {12, 0}: "bad IP header",
	}
	if r.Kind == "icmpv6" {
		names = map[[2]uint8]string{
			{1, 0}: "no route", {1, 1}: "administratively prohibited", {1, 3}: "address unreachable",
			{1, 4}: "port unreachable", {1, 5}: "source address refused by policy", {1, 6}: "route rejects",
			{2, 0}: "packet too big", {3, 0}: "hop limit exceeded", {3, 1}: "not all fragments came in time",
		}
	}
	return names[[2]uint8{r.Type, r.Code}]
}
