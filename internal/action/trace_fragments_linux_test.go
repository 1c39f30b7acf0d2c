package action_test

import (
	"net/netip"
	"testing"

	"github.com/pktrail/pktrail/internal/action"
	"github.com/pktrail/pktrail/internal/trail"
)

// A datagram that is cut at its source is followed from there to the socket
// that takes it whole.
func TestTraceFragments(t *testing.T) {
	var cases []traceCase
	for _, version := range []string{"IPv4", "IPv6"} {
		cases = append(cases, traceCase{
			name: version,
			set:  func(s *scene) { s.listen("b", "udp", ":53") },
			trace: func(s *scene, o *action.TraceOptions) {
				dst := s.b.IPv4
				if version == "IPv6" {
					dst = s.b.IPv6
				}
				o.Request.Destination = netip.AddrPortFrom(dst, 53).String()
				o.Request.Probe.Proto, o.Request.Probe.Size = "udp", 4000
			},
			want: wanted{outcome: trail.Delivered, node: "n2", in: "b", basis: trail.Observed, finding: "-"},
			also: func(s *scene, r *action.TraceResult) {
				passed(s, r, "eth0", "cni0", "flannel.1", s.b.HostDevice)
				first := r.Trails[0].Trail.Observations[0]
				for _, o := range r.Trails[0].Trail.Observations {
					if o.Stage == trail.StageQueue {
						first = o
						break
					}
				}
				if first.Point.Interface != "eth0" || first.Point.Netns != s.a.Netns {
					s.Errorf("first sent at %s of %d, want eth0 of the pod", first.Point.Interface, first.Point.Netns)
				}
				socket := false
				for _, o := range r.Trails[0].Trail.Observations {
					socket = socket || o.Stage == trail.StageDeliver && o.Socket != nil && o.Point.Netns == s.b.Netns
				}
				if !socket {
					s.Error("the socket that takes it was not seen")
				}
			},
		})
	}
	runTraceCases(t, cases)
}
