package action_test

import (
	"testing"

	"github.com/pktrail/pktrail/internal/action"
	"github.com/pktrail/pktrail/internal/trail"
)

// Where eBPF is missing, packet sockets and nft trace tell the same way, with
// fewer facts.
func TestTraceNoBPF(t *testing.T) {
	noBPF := func(_ *scene, o *action.TraceOptions) { o.Request.NoBPF = true }
	runTraceCases(t, []traceCase{
		{
			name:  "delivered",
			set:   func(s *scene) { s.listen("b", "tcp", ":80") },
			trace: noBPF,
			want:  wanted{outcome: trail.Delivered, node: "n2", in: "b", basis: trail.Inferred, finding: "-"},
			also:  func(s *scene, r *action.TraceResult) { passed(s, r, "eth0", "cni0", "flannel.1", s.b.HostDevice) },
		},
		{
			name: "service",
			set: func(s *scene) {
				s.listen("b", "tcp", ":8080")
				s.in("n1", nftService)
			},
			trace: func(s *scene, o *action.TraceOptions) {
				noBPF(s, o)
				to("$svc:80")(s, o)
			},
			want: wanted{outcome: trail.Delivered, node: "n2", in: "b", finding: "-"},
			also: func(s *scene, r *action.TraceResult) {
				translated(s, r, "DNAT $svc:80 -> $b:8080")
				met(s, r, "dnat to $b:8080", "kube-proxy: service shop/web:http")
			},
		},
		{
			name: "dropped by a rule",
			set: func(s *scene) {
				s.listen("b", "tcp", ":80")
				s.in("n1", "nft table ip t { chain c { type filter hook forward priority 0; tcp dport 80 drop ; } ; }")
			},
			trace: noBPF,
			want: wanted{
				outcome: trail.Dropped, node: "n1", in: "n1", at: "FORWARD$", basis: trail.Observed,
				rule: "tcp dport 80 drop", finding: "netfilter-drop",
			},
		},
		{
			// Nobody saw it dropped: it is last seen, and not seen at the next
			// place.
			name:  "lost",
			set:   func(s *scene) { s.in("n1", "ip route add blackhole $b") },
			trace: noBPF,
			want:  wanted{outcome: trail.Lost, node: "n1", in: "n1", basis: trail.Inferred},
		},
	})
}
