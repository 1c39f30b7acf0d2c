package action_test

import (
	"testing"

	"github.com/pktrail/pktrail/internal/action"
	"github.com/pktrail/pktrail/internal/lab"
	"github.com/pktrail/pktrail/internal/trail"
)

func TestTraceRouting(t *testing.T) {
	runTraceCases(t, []traceCase{
		{
			name: "no route",
			set: func(s *scene) {
				s.in("n1", "ip route del default\nip route del $bnet")
			},
			want: wanted{outcome: trail.Rejected, node: "n1", in: "n1", at: "rout", finding: "no-route", cause: "10\\.244\\.2", route: "no route to 10\\.244\\.2\\.2"},
		},
		{
			name: "blackhole route",
			lab:  lab.Options{Flavour: lab.Calico},
			set:  func(s *scene) { s.in("n1", "ip route add blackhole $b") },
			want: wanted{outcome: trail.Dropped, node: "n1", in: "n1", at: "rout", finding: "blackhole-route", route: "blackhole"},
		},
		{
			name: "prohibit route",
			set:  func(s *scene) { s.in("n1", "ip route add prohibit $b") },
			want: wanted{outcome: trail.Rejected, node: "n1", in: "n1", at: "rout", finding: "prohibit-route", route: "prohibit"},
		},
		{
			name: "forwarding off",
			set:  func(s *scene) { s.sysctl("n1", "ipv4/ip_forward", "0") },
			want: wanted{outcome: trail.Dropped, node: "n1", in: "n1", at: "rout", finding: "forwarding-off", cause: "forwarding is switched off", route: "10\\.244\\.2\\."},
		},
		{
			name: "reverse path filter",
			lab:  lab.Options{Flavour: lab.Calico},
			set: func(s *scene) {
				s.listen("b", "tcp", ":80")
				// The way back to a leads elsewhere.
				s.sysctl("n2", "ipv4/conf/all/rp_filter", "1")
				s.in("n2", "ip link add elsewhere type veth peer name nowhere\nip link set elsewhere up\nip link set nowhere up\nip route add $a dev elsewhere")
			},
			want: wanted{
				outcome: trail.Dropped, node: "n2", in: "n2", at: "rout", reason: "IP_RPFILTER",
				finding: "reverse-path-filter", cause: "elsewhere",
			},
		},
		{
			name: "rule that steals the reply",
			set: func(s *scene) {
				s.listen("b", "tcp", ":80")
				s.in("n2", "ip link add elsewhere type veth peer name nowhere\nip link set elsewhere up\nip link set nowhere up\nip addr add 10.77.0.1/24 dev elsewhere\nip rule add from $b table 100\nip route add default via 10.77.0.2 dev elsewhere table 100")
			},
			trace: func(_ *scene, o *action.TraceOptions) { o.Request.Probe.Timeout = 4e9 },
			want:  wanted{outcome: trail.Rejected, node: "n2", in: "n2", finding: "policy-rule", cause: "table 100", route: "dev elsewhere .table 100"},
		},
		{
			name: "packet too big",
			set:  func(s *scene) { s.in("n1", "ip link set flannel.1 mtu 1300") },
			trace: func(s *scene, o *action.TraceOptions) {
				probing("icmp", "$b")(s, o)
				o.Request.Probe.Size, o.Request.Probe.DontFragment = 1400, true
			},
			want: wanted{outcome: trail.Rejected, node: "n1", in: "n1", finding: "mtu", cause: "1300"},
		},
		{
			name:  "time to live",
			set:   func(s *scene) { s.sysctl("a", "ipv4/ip_default_ttl", "1") },
			trace: probing("icmp", "$b"),
			want:  wanted{outcome: trail.Rejected, node: "n1", in: "n1", finding: "ttl-exceeded", cause: "TTL|time to live|hop"},
		},
		{
			name: "martian source",
			set: func(s *scene) {
				s.in("a", "ip addr add $n1/32 dev lo\nip route replace $bnet via 10.244.1.1 dev eth0 src $n1\nip neigh replace 10.244.1.1 dev eth0 lladdr "+s.n1.Devices[2].MAC)
			},
			trace: func(s *scene, o *action.TraceOptions) { o.Request.Probe.Proto = "icmp"; to("$b")(s, o) },
			want:  wanted{outcome: trail.Dropped, node: "n1", in: "n1", finding: "martian-source", cause: "10\\.99\\.0\\.11"},
		},
	})
}
