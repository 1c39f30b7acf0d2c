package diagnose

import (
	"net/netip"
	"slices"

	"github.com/pktrail/pktrail/internal/trail"
)

// local says whether the last observation of a way comes after the packet was
// received in that namespace, and not sent on.
func (q *inquiry) local(way []int) bool {
	end := &q.t.Observations[way[len(way)-1]]
	for i := len(way) - 2; i >= 0; i-- {
		o := &q.t.Observations[way[i]]
		if a, b := o.Point.Netns, end.Point.Netns; a != b && a != 0 && b != 0 {
			return false
		}
		switch {
		case o.Stage == trail.StageQueue, o.Stage == trail.StageTransmit, o.Dir == trail.Out && o.Stage == trail.StageCapture:
			return false
		case o.Stage == trail.StageHook && o.Hook != nil && (o.Hook.Name == "FORWARD" || o.Hook.Name == "POSTROUTING" || o.Hook.Name == "OUTPUT"):
			return false
		case o.Stage == trail.StageHook && o.Hook != nil && o.Hook.Name == "INPUT":
			return true
		case o.Stage == trail.StageReceive:
			return !q.forwarded(o, way[i+1:])
		}
	}
	return false
}

// forwarded says whether a packet that came in by an interface was on its way
// out again at the end of the rest of its way. The kernel frees a packet then
// where it copies it to make room for a tunnel's header; the copy goes on.
func (q *inquiry) forwarded(in *trail.Observation, rest []int) bool {
	end := &q.t.Observations[rest[len(rest)-1]]
	if a, b := in.Seen.TTL, end.Seen.TTL; b != 0 && b < a && len(in.Seen.Tunnels) == len(end.Seen.Tunnels) {
		return true
	}
	dst := outerDst(end)
	if !dst.IsValid() || dst.IsMulticast() || q.owns(end.Point.Netns, dst) {
		return false
	}
	separate := dst.Is6() // its table local is always asked on its own
	var found *trail.Route
	for _, i := range rest {
		r := q.t.Observations[i].Route
		switch {
		case r == nil || r.ReversePath || r.In == "lo" || r.Dst != dst:
		case r.Err == 0:
			found = r
		case r.Table == tableLocal:
			separate = true
		}
	}
	switch {
	case found == nil:
		return false
	case found.Table == tableLocal || found.Type == "local" || found.Device == "lo":
		return false
	case found.Type != "" || found.Gateway.IsValid() || separate:
		return true
	}
	return end.Point.Interface != "" && end.Point.Interface != in.Point.Interface && q.addressed(end.Point.Netns)
}

// owns says whether a watched namespace has an address.
func (q *inquiry) owns(netns uint64, a netip.Addr) bool {
	p, ok := q.c.armed(netns)
	return ok && slices.Contains(p.Addrs, a)
}

// addressed says whether the addresses of a namespace are known.
func (q *inquiry) addressed(netns uint64) bool {
	p, ok := q.c.armed(netns)
	return ok && len(p.Addrs) > 0
}

// refuses says whether the refusal at the end of a way is of this packet: a
// side that resets a connection by itself (an abort) refuses no packet. The
// kernel gives NO_SOCKET as its reason for packets only.
func (q *inquiry) refuses(way []int) bool {
	end := &q.t.Observations[way[len(way)-1]]
	if end.Refusal.Kind != "reset" || end.Refusal.Reason == "NO_SOCKET" {
		return true
	}
	return slices.ContainsFunc(way[:len(way)-1], func(i int) bool {
		o := &q.t.Observations[i]
		return inbound(o) && sameSpace(o.Point, end.Point)
	})
}

// looped says whether an observation is of the copy that the sender of a
// multicast packet gives to its own sockets.
func (q *inquiry) looped(o *trail.Observation) bool {
	first := &q.t.Observations[0]
	if !o.Seen.Flow.Dst.IsMulticast() || len(o.Seen.Tunnels) > 0 || inbound(first) || !sameSpace(o.Point, first.Point) {
		return false
	}
	switch o.Stage {
	case trail.StageReceive, trail.StageDeliver, trail.StageConsume, trail.StageSocketFull:
		return true
	case trail.StageCapture, "":
		return o.Dir == trail.In
	case trail.StageHook, trail.StageRules:
		return inbound(o)
	case trail.StageDrop:
		return o.Drop != nil && (o.Drop.Socket || reasonOf(o.Drop) == "NO_SOCKET")
	}
	return false
}

// sameSpace says whether two points are in one namespace.
func sameSpace(a, b trail.Point) bool {
	if a.Netns != 0 && b.Netns != 0 {
		return a.Netns == b.Netns
	}
	return a.Node == b.Node && a.Target == b.Target
}
