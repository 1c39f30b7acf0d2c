package diagnose

import (
	"net/netip"
	"strconv"
	"strings"

	"github.com/pktrail/pktrail/internal/trail"
)

// Routing tables (linux/rtnetlink.h, enum rt_class_t).
const (
	tableMain  = 254
	tableLocal = 255
)

func itoa(n int) string { return strconv.Itoa(n) }

// tunnelKind says whether a link's kind is a tunnel.
func tunnelKind(kind string) bool {
	switch kind {
	case "vxlan", "geneve", "gre", "gretap", "ip6gre", "ipip", "sit", "ip6tnl", "wireguard":
		return true
	}
	return false
}

// outerDst is the address that the outermost header asks for.
func outerDst(o *trail.Observation) netip.Addr {
	if len(o.Seen.Tunnels) > 0 {
		return o.Seen.Tunnels[0].Flow.Dst
	}
	return o.Seen.Flow.Dst
}

// placeName says where in a sentence: "node-b", or "web on node-b".
func placeName(node, target string) string {
	switch {
	case target == "" && node == "":
		return "a namespace without a name"
	case target == "" || target == node:
		return node
	case node == "":
		return target
	}
	return target + " on " + node
}

// on is placeName with its preposition: "on node-b", "in web on node-b".
func on(p trail.Point) string {
	if p.Target == "" && p.Node != "" {
		return "on " + p.Node
	}
	if p.Target == "" && p.Netns != 0 {
		return "in namespace " + strconv.FormatUint(p.Netns, 10)
	}
	return "in " + placeName(p.Node, p.Target)
}

// place fills in where the packet ended, and the kernel's word for why.
func (q *inquiry) place() {
	p := q.end.Point
	q.v.Node, q.v.Namespace = p.Node, p.Owner()
	if d := q.dropping(); d != nil && q.v.Outcome != trail.Delivered {
		q.v.Reason = d.Reason
	}
	if q.end.Stage == trail.StageRefuse && q.end.Refusal != nil && q.v.Reason == "" {
		q.v.Reason = q.end.Refusal.Reason
	}
	q.v.Route = q.routeSentence()
	if q.v.Observation >= 0 {
		q.v.At = q.at()
	}
}

// routeSentence is the route of a packet that did not arrive, as far as one is
// known.
func (q *inquiry) routeSentence() string {
	if q.v.Outcome == trail.Delivered {
		return ""
	}
	if rule, _ := q.endingRule(); rule != "" {
		return rule
	}
	r := q.route()
	if r == nil { // a lookup that ends in no route is not always seen
		if a := q.asked(); a != nil && a.Route != nil && a.Route.Type != "" {
			r = a.Route
		}
	}
	if r == nil {
		return ""
	}
	if kind := q.routeType(); kind == "blackhole" || kind == "prohibit" || kind == "unreachable" {
		return kind + " " + q.routePrefix(r.Dst) + " (table " + trail.TableName(r.Table) + ")"
	}
	return routeText(r)
}

// at names the place inside the namespace.
func (q *inquiry) at() string {
	o := q.end
	if h := q.hook(); h != "" {
		return strings.TrimSpace(q.table() + " " + h)
	}
	if d := q.dropping(); d != nil {
		if at := q.atDrop(d); at != "" {
			return at
		}
	}
	switch o.Stage {
	case trail.StageDatapath:
		if o.Datapath != nil {
			return o.Datapath.Place()
		}
	case trail.StageHook, trail.StageRules:
		if q.v.Outcome == trail.Lost && o.Hook != nil && o.Hook.Name == "PREROUTING" {
			return "routing decision after PREROUTING"
		}
		if o.Hook != nil {
			return o.Hook.Name
		}
	case trail.StageRoute:
		if o.Route != nil && o.Route.In == "lo" {
			return "routing decision for output"
		}
		return "routing decision after PREROUTING"
	case trail.StageNeighbour:
		return "next hop " + o.Neighbour.Addr.String() + " on " + o.Neighbour.Device
	case trail.StageDeliver, trail.StageSocketFull:
		return "socket"
	case trail.StageRefuse, trail.StageConsume:
		if q.v.Outcome == trail.Delivered || q.stray || q.full || o.Refusal != nil && portClosed(o.Refusal) {
			return q.transport().String()
		}
	}
	return doorway(o)
}

// doorway is the interface and direction of an observation: "eth0 in".
func doorway(o *trail.Observation) string {
	dir := o.Dir.String()
	if o.Dir == trail.DirUnknown {
		switch o.Stage {
		case trail.StageReceive:
			dir = "in"
		case trail.StageQueue, trail.StageTransmit:
			dir = "out"
		default:
			return o.Point.Interface
		}
	}
	return strings.TrimSpace(o.Point.Interface + " " + strings.ToLower(dir))
}

// seenAt says where a packet was seen, in a sentence: "eth0 (in) of web on
// node-b"; where no interface is known "routing on node-b".
func seenAt(o *trail.Observation) string {
	if o.Datapath != nil && o.Datapath.Point != "" {
		return o.Datapath.Place() + " " + on(o.Point)
	}
	if o.Point.Interface != "" {
		s := doorway(o)
		if name, dir, ok := strings.Cut(s, " "); ok {
			s = name + " (" + dir + ")"
		}
		return s + " of " + ofPoint(o.Point)
	}
	part := ""
	switch o.Stage {
	case trail.StageHook, trail.StageRules:
		part = "netfilter"
		if o.Hook != nil {
			part = o.Hook.Name
		}
	case trail.StageRoute:
		part = "routing"
	case trail.StageNeighbour:
		part = "the question for its next hop"
	case trail.StageDeliver, trail.StageSocketFull:
		part = "a socket"
	default:
		part = "some interface"
	}
	return part + " " + on(o.Point)
}

// ofPoint is a point's namespace as an owner: "web on node-b".
func ofPoint(p trail.Point) string {
	if p.Target == "" && p.Node == "" && p.Netns != 0 {
		return "namespace " + strconv.FormatUint(p.Netns, 10)
	}
	return placeName(p.Node, p.Target)
}

// atDrop names the part of the stack that a drop's reason and function speak
// of; empty if they name none.
func (q *inquiry) atDrop(d *trail.Drop) string {
	at := function(d.At)
	switch reasonOf(d) {
	case "IP_RPFILTER", "IP_INNOROUTES", "IP_INADDRERRORS", "IP_LOCAL_SOURCE", "IP_INVALID_SOURCE", "IP_LOCALNET", "IP_INVALID_DEST":
		return "routing decision after PREROUTING"
	case "IP_OUTNOROUTES":
		return "routing decision for output"
	case "NEIGH_FAILED", "NEIGH_CREATEFAIL", "NEIGH_QUEUEFULL", "NEIGH_DEAD":
		if n := q.unanswered(); n != nil {
			return "next hop " + n.Addr.String() + " on " + n.Device
		}
		return "next hop on " + q.end.Point.Interface
	case "QUEUE_PURGE", "SOCKET_CLOSE":
		return "socket"
	case "NO_SOCKET", "SOCKET_FILTER", "SOCKET_RCVBUFF", "SOCKET_BACKLOG", "PROTO_MEM":
		return q.transport().String()
	case "QDISC_DROP", "QDISC_OVERLIMIT", "QDISC_CONGESTED", "TC_EGRESS":
		return "queue of " + q.end.Point.Interface
	}
	switch {
	case strings.HasPrefix(at, "dst_discard"), at == "ip_error", at == "ip_rcv_finish_core", at == "ip6_pkt_discard", at == "ip6_pkt_prohibit":
		return "routing decision after PREROUTING"
	case at == "ip_forward", at == "ip6_forward":
		return "forwarding"
	case strings.HasPrefix(d.Reason, "TCP_"), strings.HasPrefix(at, "tcp_"):
		return "tcp"
	}
	return ""
}

// portClosed says whether a refusal is that nothing listens.
func portClosed(r *trail.Refusal) bool {
	switch r.Kind {
	case "reset":
		return r.Reason == "" || r.Reason == "NO_SOCKET"
	case "icmp":
		return r.Type == 3 && r.Code == 3
	case "icmpv6":
		return r.Type == 1 && r.Code == 4
	}
	return false
}

// reasonOf is a drop's reason, or the one that its function stands for where
// the kernel gives none.
func reasonOf(d *trail.Drop) string {
	switch at := function(d.At); {
	case at == "neigh_invalidate":
		return "NEIGH_FAILED" // IPv6 says NOT_SPECIFIED
	case d.Reason != "" && d.Reason != "NOT_SPECIFIED":
		return d.Reason
	case at == "ip6_pkt_discard":
		return "IP_INNOROUTES"
	}
	return d.Reason
}

// neighbour is the last next hop that was asked for.
func (q *inquiry) neighbour() *trail.Neighbour {
	if q.end.Neighbour != nil {
		return q.end.Neighbour
	}
	if o := q.back(func(o *trail.Observation) bool { return o.Neighbour != nil && q.here(o) }); o != nil {
		return o.Neighbour
	}
	return nil
}

// route is the last answer of a routing table for the packet itself, in the
// namespace where it ended.
func (q *inquiry) route() *trail.Route {
	o := q.back(func(o *trail.Observation) bool {
		return o.Route != nil && !o.Route.ReversePath && q.here(o) && q.isFor(o.Route)
	})
	if o == nil {
		return nil
	}
	return o.Route
}

// isFor says whether a lookup asked for where the packet goes, and not for
// where an error about it goes.
func (q *inquiry) isFor(r *trail.Route) bool {
	return !r.Dst.IsValid() || r.Dst == q.flow().Dst || r.Dst == outerDst(q.end) || r.Dst == q.t.Flow.Dst
}

// outerRoute is the last answer of a routing table for the tunnel's outer
// packet, where it ended; nil if none was seen.
func (q *inquiry) outerRoute() *trail.Route {
	o := q.back(func(o *trail.Observation) bool {
		return o.Route != nil && !o.Route.ReversePath && q.here(o) && o.Route.Dst.IsValid() && o.Route.Dst == outerDst(q.end)
	})
	if o == nil {
		return nil
	}
	return o.Route
}

// routeText is a route in one line, as `ip route` has it.
func routeText(r *trail.Route) string {
	if r.Err != 0 && r.Type == "" {
		return "no route to " + r.Dst.String() + " (table " + trail.TableName(r.Table) + ")"
	}
	return r.Words()
}
