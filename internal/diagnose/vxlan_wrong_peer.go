package diagnose

import (
	"fmt"
	"strings"

	"github.com/pktrail/pktrail/internal/trail"
)

// vxlanWrongPeer: the tunnel leads to an address where the peer is not.
func vxlanWrongPeer(q *inquiry) *trail.Finding {
	cause, basis := q.wrongPeer()
	if cause == "" {
		return nil
	}
	device := q.tunnelDevice()
	f := &trail.Finding{
		ID:    "vxlan-wrong-peer",
		Cause: cause,
		Why:   "A VXLAN device finds the other node in two steps: next hop to MAC (ip neigh), MAC to node (bridge fdb). The CNI writes both; a stale entry sends the packet elsewhere.",
		Basis: basis,
		Check: []string{"bridge fdb show dev " + device, "ip neigh show dev " + device, "ip -d link show " + device + "   # on both nodes: id, local, dstport, MAC"},
		Fix:   []string{"restart the CNI's daemon on both nodes: it writes the entries again", "bridge fdb replace MAC-OF-THE-PEER dev " + device + " dst ADDRESS-OF-THE-PEER"},
	}
	if o := q.tunnelOut(); o != nil {
		n := o.Seen.Tunnels[0]
		f.Evidence = append(f.Evidence, trail.Evidence{Text: fmt.Sprintf("sent as %s %d, %s", n.Kind, n.ID, n.Flow), Basis: trail.Observed})
	}
	if n := q.unanswered(); n != nil {
		f.Evidence = append(f.Evidence, q.neighbourEvidence(n)...)
	} else if d := q.dropping(); d != nil {
		f.Evidence = append(f.Evidence, dropEvidence(d))
	}
	for _, command := range []string{"bridge fdb", "ip neigh"} {
		for _, a := range q.allAnswers(command) {
			f.Evidence = append(f.Evidence, answerEvidence(&a))
		}
	}
	return f
}

// wrongPeer says in which way the tunnel's other end is wrong; empty if it is
// not.
func (q *inquiry) wrongPeer() (string, trail.Basis) {
	d := q.dropping()
	out := q.tunnelOut()
	reason := ""
	if d != nil {
		reason = reasonOf(d)
	}
	here := on(q.end.Point)
	switch {
	case reason == "NO_TX_TARGET" && strings.HasPrefix(function(d.At), "vxlan"):
		return fmt.Sprintf("%s %s has no fdb entry for the next hop's MAC %s", q.end.Point.Interface, here, q.macOf()), trail.Observed
	case reason == "VXLAN_VNI_NOT_FOUND":
		return fmt.Sprintf("%s has a VXLAN port, but no device with this packet's VNI", placeName(q.end.Point.Node, q.end.Point.Target)), trail.Observed
	case reason == "OTHERHOST" && out != nil && !q.tunnelled() && tunnelled(q.end.Point):
		return fmt.Sprintf("it left the tunnel at %s %s, whose MAC is not %s", q.end.Point.Interface, here, q.macOf()), trail.Observed
	case out == nil:
		return "", ""
	}
	to := out.Seen.Tunnels[0].Flow
	switch {
	case q.tunnelled() && q.unanswered() != nil && q.unanswered().Addr == to.Dst:
		return fmt.Sprintf("the tunnel leads to %s, and nobody there answers", to.Dst), trail.Observed
	case q.tunnelled() && q.unanswered() != nil:
		return fmt.Sprintf("the tunnel leads to %s, and nobody answers for %s on the link", to.Dst, q.unanswered().Addr), trail.Observed
	case q.tunnelled() && q.hook() == "" && (reason == "NO_SOCKET" || q.told != nil && portClosed(q.told)):
		return fmt.Sprintf("the tunnel leads to %s, where nothing takes %s on port %d", to.Dst, out.Seen.Tunnels[0].Kind, to.DstPort), trail.Observed
	case q.tunnelled() && (q.v.Outcome == trail.Lost || q.left) && q.foreign(out):
		return fmt.Sprintf("the tunnel leads to %s, which is no node that is watched", to.Dst), trail.Inferred
	}
	return "", ""
}

// tunnelled says whether an interface is a tunnel.
func tunnelled(p trail.Point) bool { return p.Role == trail.RoleOverlay || tunnelKind(p.Kind) }

// foreign says whether no watched namespace has the outer destination, though
// addresses are known.
func (q *inquiry) foreign(o *trail.Observation) bool {
	known := false
	for _, p := range q.c.Armed {
		for _, a := range p.Addrs {
			known = true
			if a == outerDst(o) {
				return false
			}
		}
	}
	return known
}

// tunnelOut is the last sighting with an outer header; nil if there is none.
func (q *inquiry) tunnelOut() *trail.Observation {
	return q.back(func(o *trail.Observation) bool { return len(o.Seen.Tunnels) > 0 })
}

// tunnelDevice is the tunnel's interface.
func (q *inquiry) tunnelDevice() string {
	if o := q.back(func(o *trail.Observation) bool { return tunnelled(o.Point) }); o != nil {
		return o.Point.Interface
	}
	return "DEVICE"
}

// macOf is the packet's destination MAC at its end.
func (q *inquiry) macOf() string {
	if q.end.Seen.DstMAC != "" {
		return q.end.Seen.DstMAC
	}
	if o := q.back(func(o *trail.Observation) bool { return q.here(o) && o.Seen.DstMAC != "" }); o != nil {
		return o.Seen.DstMAC
	}
	return "the packet's"
}

// allAnswers are those of the kernel, anywhere on the way, whose question
// begins with a command.
func (q *inquiry) allAnswers(command string) []trail.Answer {
	var out []trail.Answer
	for i := range q.t.Observations {
		for _, a := range q.t.Observations[i].Answers {
			if strings.HasPrefix(a.Question, command) {
				out = append(out, a)
			}
		}
	}
	return out
}
