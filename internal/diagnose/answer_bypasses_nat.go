package diagnose

import (
	"fmt"

	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/trail"
)

// answerBypassesNAT: the request was translated, and its answer came back
// with the address of who really sent it.
func answerBypassesNAT(q *inquiry) *trail.Finding {
	asked, refused := q.untranslated()
	if !refused {
		return nil
	}
	came, to := end(q.flow().Src, q.flow().SrcPort), end(asked.Dst, asked.DstPort)
	f := &trail.Finding{
		ID:    "answer-bypasses-nat",
		Cause: fmt.Sprintf("the answer came from %s, not %s: it took another way than the request", came, to),
		Why:   "Only the node that translated a request can translate its answer back. The sender knows no connection with the address that the answer has, and refuses it.",
		Basis: trail.Observed,
		Evidence: []trail.Evidence{
			{Text: "the request went to " + to + " and was translated to " + came, Basis: trail.Observed},
			{Text: "the answer arrived with the source " + came, Basis: trail.Observed},
		},
		Check: []string{"conntrack -L -d " + asked.Dst.String() + "   # on the node that translates: no answer seen, [UNREPLIED]"},
		Fix:   []string{"masquerade what goes to the service, so that the answer passes the same node (kube-proxy: --masquerade-all)"},
	}
	if d := q.dropping(); d != nil {
		f.Evidence = append(f.Evidence, dropEvidence(d))
	}
	if bridge := q.bridged(); bridge != "" {
		f.Cause = fmt.Sprintf("the answer came from %s, not %s: the bridge %s carried it past conntrack", came, to, bridge)
		f.Basis = trail.Inferred
		f.Check = append(f.Check, "sysctl net.bridge.bridge-nf-call-iptables   # must be there, and 1")
		f.Fix = append([]string{"modprobe br_netfilter; sysctl -w net.bridge.bridge-nf-call-iptables=1   # and so that it stays"}, f.Fix...)
	}
	return f
}

// untranslated is the flow that the sender asked for, and true if this packet
// answers it as whoever it was translated to, and the sender refused it.
func (q *inquiry) untranslated() (packet.Flow, bool) {
	r := q.c.Request
	if r == nil || len(r.Observations) == 0 || q.tunnelled() || q.v.Observation < 0 {
		return packet.Flow{}, false
	}
	switch {
	case q.v.Outcome == trail.Rejected && q.told != nil && portClosed(q.told) && q.hook() == "":
	case q.v.Outcome == trail.Dropped && q.v.Reason == "NO_SOCKET":
	default:
		return packet.Flow{}, false
	}
	asked, is := r.Flow, q.flow()
	was := asked // where the request arrived
	for i := range r.Observations {
		if o := &r.Observations[i]; o.Seen.Flow.Dst.IsValid() && o.Seen.Flow.Proto == asked.Proto {
			was = o.Seen.Flow
		}
	}
	translated := was.Dst != asked.Dst || was.DstPort != asked.DstPort
	answers := is.Proto == asked.Proto && is.Src == was.Dst && is.SrcPort == was.DstPort && is.Dst == asked.Src && is.DstPort == asked.SrcPort
	return asked, translated && answers && sameSpace(q.end.Point, r.Observations[0].Point)
}

// bridged is the bridge that took the request to its node, and passed on the
// answer from port to port; empty if none did.
func (q *inquiry) bridged() string {
	for i := range q.c.Request.Observations {
		b := q.c.Request.Observations[i].Point
		if b.Role != trail.RoleBridge && b.Kind != "bridge" {
			continue
		}
		ports, others := 0, 0
		for j := range q.t.Observations {
			o := &q.t.Observations[j]
			switch {
			case !sameSpace(o.Point, b):
			case o.Stage == trail.StageRoute, o.Point.Role == trail.RoleUplink, o.Point.Role == trail.RoleBridge, o.Point.Kind == "bridge", tunnelled(o.Point):
				others++
			case o.Point.Interface != "" && (o.Stage == trail.StageReceive || o.Stage == trail.StageQueue || o.Stage == trail.StageCapture):
				ports++
			}
		}
		if ports >= 2 && others == 0 {
			return b.Interface
		}
	}
	return ""
}
