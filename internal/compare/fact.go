package compare

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/pktrail/pktrail/internal/trail"
)

// changed says what was done to a packet between two sightings: translation
// and encapsulation. That it was done is compared; to which address only where
// both packets go to one.
func changed(a, b *trail.Headers) []Fact {
	var out []Fact
	if a.Flow.Dst != b.Flow.Dst || a.Flow.DstPort != b.Flow.DstPort {
		to := netip.AddrPortFrom(b.Flow.Dst, b.Flow.DstPort).String()
		out = append(out, Fact{Kind: KindNAT, Value: "DNAT to " + to, same: fmt.Sprintf("DNAT to port %d", b.Flow.DstPort)})
	}
	if a.Flow.Src != b.Flow.Src || a.Flow.SrcPort != b.Flow.SrcPort && a.Flow.Src == b.Flow.Src {
		from := netip.AddrPortFrom(b.Flow.Src, b.Flow.SrcPort).String()
		out = append(out, Fact{Kind: KindNAT, Value: "SNAT to " + from, same: "SNAT"})
	}
	switch na, nb := len(a.Tunnels), len(b.Tunnels); {
	case nb > na:
		t := b.Tunnels[0]
		out = append(out, Fact{
			Kind: KindTunnel, Value: tunnel(&t) + " to " + t.Flow.Dst.String(),
			same: tunnel(&t), exact: t.Flow.Dst.String(),
		})
	case na > nb:
		out = append(out, plain(KindTunnel, tunnel(&a.Tunnels[0])+" removed"))
	}
	return out
}

func tunnel(t *trail.Tunnel) string {
	if t.HasID {
		return fmt.Sprintf("%s %d", t.Kind, t.ID)
	}
	return t.Kind
}

// end takes what ends a packet's way, or holds it up.
func (r *reader) end(i int, o *trail.Observation) {
	value, same := ending(o)
	if value == "" || r.done {
		return
	}
	place := "end"
	switch {
	case o.Stage == trail.StageNeighbour:
		place = "neighbour"
	case o.Stage == trail.StageDeliver, o.Stage == trail.StageSocketFull:
		place = "socket"
	case o.Drop != nil:
		place = DropPlace(o.Drop)
	}
	key := "end"
	if o.Stage == trail.StageNeighbour {
		key = "neighbour"
	}
	if s := r.open(i, o, place, key); s.Place == "end" {
		s.Place = place // the drop behind a refusal says more
	}
	r.add(Fact{Kind: KindOutcome, Value: value, same: same})
	r.done = o.Stage == trail.StageDeliver
}

// DropPlace names the part of the stack that a drop's reason and function speak
// of. The hook counts for drops of netfilter alone: it stands in the stack of
// others too, where a hook's end calls the stack on.
func DropPlace(d *trail.Drop) string {
	at, _, _ := strings.Cut(d.At, "+")
	switch {
	case d.Hook != "" && (d.Reason == "NETFILTER_DROP" || unnamed(d.Reason) && !routes(at)):
		return "netfilter " + d.Hook
	case d.Reason == "NETFILTER_DROP":
		return "netfilter"
	case routingReason(d.Reason), unnamed(d.Reason) && routes(at):
		return "routing"
	case at == "ip_forward", at == "ip6_forward":
		return "forwarding"
	case at != "":
		return at
	}
	return "end"
}

// unnamed says whether a reason tells nothing: kernels before 5.17 give none.
func unnamed(reason string) bool { return reason == "" || reason == "NOT_SPECIFIED" }

// routingReason says whether a reason (enum skb_drop_reason) is one of the
// routing decision.
func routingReason(reason string) bool {
	switch reason {
	case "IP_RPFILTER", "IP_INNOROUTES", "IP_OUTNOROUTES", "IP_INADDRERRORS", "IP_LOCAL_SOURCE", "IP_INVALID_SOURCE", "IP_LOCALNET", "IP_INVALID_DEST":
		return true
	}
	return false
}

// routes says whether a kernel function is one where the routing decision ends
// packets.
func routes(function string) bool {
	switch function {
	case "ip_error", "ip_rcv_finish_core", "ip6_pkt_discard", "ip6_pkt_prohibit":
		return true
	}
	return strings.HasPrefix(function, "dst_discard")
}

// ending is what an observation says of a packet's end, in words, and without
// names; empty if it says nothing.
func ending(o *trail.Observation) (value, same string) {
	switch {
	case o.Stage == trail.StageNeighbour && o.Neighbour != nil && o.Neighbour.Parked:
		return "parked: " + o.Neighbour.Addr.String() + " is " + o.Neighbour.State, "parked " + o.Neighbour.State
	case o.Stage == trail.StageTransmit && o.Transmit != nil && o.Transmit.Code != 0:
		v := fmt.Sprintf("%s refused it, code %d", o.Point.Interface, o.Transmit.Code)
		return v, fmt.Sprintf("code %d", o.Transmit.Code)
	case o.Stage == trail.StageRefuse && o.Refusal != nil:
		v := "answered by " + o.Refusal.Kind
		if o.Refusal.Kind != "reset" {
			v = fmt.Sprintf("%s %d/%d", v, o.Refusal.Type, o.Refusal.Code)
		}
		return v, v
	case o.Stage == trail.StageDrop && o.Drop != nil:
		return strings.TrimSpace("dropped " + o.Drop.Reason), "dropped " + o.Drop.Reason
	case o.Stage == trail.StageSocketFull:
		return "socket full", "socket full"
	case o.Stage == trail.StageDeliver:
		if o.Socket != nil && o.Socket.Process != "" {
			return "delivered to " + o.Socket.Process, "delivered"
		}
		return "delivered", "delivered"
	}
	return "", ""
}
