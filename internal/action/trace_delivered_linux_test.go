package action_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/pktrail/pktrail/internal/action"
	"github.com/pktrail/pktrail/internal/lab"
	"github.com/pktrail/pktrail/internal/trail"
)

// to sets the destination.
func to(words string) func(*scene, *action.TraceOptions) {
	return func(s *scene, o *action.TraceOptions) { o.Request.Destination = s.expand(words) }
}

// probing sets the destination and the probe's protocol.
func probing(proto, words string) func(*scene, *action.TraceOptions) {
	return func(s *scene, o *action.TraceOptions) {
		o.Request.Destination = s.expand(words)
		o.Request.Probe.Proto = proto
	}
}

var legacyService = `
iptables-legacy -t nat -N KUBE-SERVICES
iptables-legacy -t nat -N KUBE-SVC-ZP4VKUJYTBCROZYY
iptables-legacy -t nat -N KUBE-SEP-OR6JECCPPINGGGRC
iptables-legacy -t nat -A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
iptables-legacy -t nat -A KUBE-SERVICES -d $svc/32 -p tcp -m comment --comment "shop/web:http cluster IP" -m tcp --dport 80 -j KUBE-SVC-ZP4VKUJYTBCROZYY
iptables-legacy -t nat -A KUBE-SVC-ZP4VKUJYTBCROZYY -m comment --comment "shop/web:http -> endpoint" -j KUBE-SEP-OR6JECCPPINGGGRC
iptables-legacy -t nat -A KUBE-SEP-OR6JECCPPINGGGRC -p tcp -m comment --comment "shop/web:http" -m tcp -j DNAT --to-destination $b:8080
`

var nftService = `
nft table ip kube-proxy {
nft  chain service-EUHFLUOX-shop/web/tcp/http { ip daddr $svc tcp dport 80 dnat to $b:8080 ; }
nft  chain nat-prerouting { type nat hook prerouting priority dstnat; policy accept;
nft   ip daddr $svc tcp dport 80 goto service-EUHFLUOX-shop/web/tcp/http ; }
nft }
`

func TestTraceDelivered(t *testing.T) {
	runTraceCases(t, []traceCase{
		{
			name:  "same node",
			set:   func(s *scene) { s.listen("a2", "tcp", ":80") },
			trace: to("$a2:80"),
			want:  wanted{outcome: trail.Delivered, node: "n1", in: "a2", finding: "-"},
			also:  func(s *scene, r *action.TraceResult) { passed(s, r, "eth0", s.a.HostDevice, s.a2.HostDevice) },
		},
		{
			name: "vxlan",
			set:  func(s *scene) { s.listen("b", "tcp", ":80") },
			want: wanted{outcome: trail.Delivered, node: "n2", in: "b", finding: "-"},
			also: func(s *scene, r *action.TraceResult) { passed(s, r, "eth0", "cni0", "flannel.1", s.b.HostDevice) },
		},
		{
			name: "routes",
			lab:  lab.Options{Flavour: lab.Calico},
			set:  func(s *scene) { s.listen("b", "tcp", ":80") },
			want: wanted{outcome: trail.Delivered, node: "n2", in: "b", finding: "-"},
			also: func(s *scene, r *action.TraceResult) { passed(s, r, "eth0", s.a.HostDevice, s.b.HostDevice) },
		},
		{
			name: "service, iptables-legacy",
			set: func(s *scene) {
				s.listen("b", "tcp", ":8080")
				s.in("n1", legacyService)
			},
			trace: to("$svc:80"),
			want:  wanted{outcome: trail.Delivered, node: "n2", in: "b", finding: "-"},
			also:  func(s *scene, r *action.TraceResult) { translated(s, r, "DNAT $svc:80 -> $b:8080") },
		},
		{
			name: "service, nft",
			set: func(s *scene) {
				s.listen("b", "tcp", ":8080")
				s.in("n1", nftService)
			},
			trace: to("$svc:80"),
			want:  wanted{outcome: trail.Delivered, node: "n2", in: "b", finding: "-"},
			also: func(s *scene, r *action.TraceResult) {
				translated(s, r, "DNAT $svc:80 -> $b:8080")
				met(s, r, "dnat to $b:8080", "kube-proxy: service shop/web:http")
			},
		},
		{
			name: "service, iptables-nft",
			set: func(s *scene) {
				s.listen("b", "tcp", ":8080")
				s.in("n1", strings.ReplaceAll(legacyService, "iptables-legacy", "iptables-nft"))
			},
			trace: to("$svc:80"),
			want:  wanted{outcome: trail.Delivered, node: "n2", in: "b", finding: "-"},
			also: func(s *scene, r *action.TraceResult) {
				translated(s, r, "DNAT $svc:80 -> $b:8080")
				met(s, r, "-j DNAT --to-destination $b:8080", "kube-proxy: endpoint of shop/web:http")
			},
		},
		{
			name: "node port",
			set: func(s *scene) {
				s.listen("b", "tcp", ":8080")
				s.in("n1", `
					iptables-nft -t nat -A PREROUTING -p tcp --dport 30080 -m addrtype --dst-type LOCAL -j DNAT --to-destination $b:8080
					iptables-nft -t nat -A POSTROUTING -p tcp -d $b --dport 8080 -j MASQUERADE`)
			},
			trace: func(s *scene, o *action.TraceOptions) {
				o.Request.Source = "netns:" + s.lab.Outside.Name
				o.Request.Destination = s.expand("$n1:30080")
			},
			want: wanted{outcome: trail.Delivered, node: "n2", in: "b", finding: "-"},
			also: func(s *scene, r *action.TraceResult) { translated(s, r, "DNAT $n1:30080 -> $b:8080") },
		},
		{
			name: "hairpin",
			set: func(s *scene) {
				s.listen("a", "tcp", ":8080")
				s.in("n1", `
					iptables-nft -t nat -A PREROUTING -p tcp -d $svc --dport 80 -j DNAT --to-destination $a:8080
					iptables-nft -t nat -A POSTROUTING -s $a -d $a -j MASQUERADE`)
			},
			trace: to("$svc:80"),
			want:  wanted{outcome: trail.Delivered, node: "n1", in: "a", finding: "-"},
			also:  func(s *scene, r *action.TraceResult) { translated(s, r, "DNAT $svc:80 -> $a:8080") },
		},
		{
			name: "outside, masqueraded",
			set: func(s *scene) {
				s.listen("out", "tcp", ":80")
				s.in("n1", `iptables-nft -t nat -A POSTROUTING -s $a -o eth0 -j MASQUERADE`)
			},
			trace: to("$out:80"),
			want:  wanted{outcome: trail.Delivered, in: "out", finding: "-"},
			also:  func(s *scene, r *action.TraceResult) { translated(s, r, "SNAT $a:") },
		},
		{
			name: "IPv6",
			set:  func(s *scene) { s.listen("b", "tcp", ":80") },
			trace: func(s *scene, o *action.TraceOptions) {
				o.Request.Destination = netip.AddrPortFrom(s.b.IPv6, 80).String()
			},
			want: wanted{outcome: trail.Delivered, node: "n2", in: "b", finding: "-"},
		},
		{
			name:  "UDP",
			set:   func(s *scene) { s.listen("b", "udp", ":53") },
			trace: probing("udp", "$b:53"),
			want:  wanted{outcome: trail.Delivered, node: "n2", in: "b", basis: trail.Observed, finding: "-"},
		},
		{
			name:  "ICMP",
			trace: probing("icmp", "$b"),
			want:  wanted{outcome: trail.Delivered, node: "n2", in: "b", finding: "-"},
		},
		{
			name: "fragments",
			set:  func(s *scene) { s.listen("b", "udp", ":53") },
			trace: func(s *scene, o *action.TraceOptions) {
				probing("udp", "$b:53")(s, o)
				o.Request.Probe.Size = 4000
			},
			want: wanted{outcome: trail.Delivered, node: "n2", in: "b", finding: "-"},
		},
	})
}

// passed checks that the first packet was seen at each of these interfaces, in
// that order.
func passed(s *scene, r *action.TraceResult, interfaces ...string) {
	s.Helper()
	if len(r.Trails) == 0 {
		s.Fatal("no trail")
	}
	i := 0
	for _, o := range r.Trails[0].Trail.Observations {
		if i < len(interfaces) && o.Point.Interface == interfaces[i] {
			i++
		}
	}
	if i < len(interfaces) {
		s.Errorf("not seen at %s, or not in that order", interfaces[i])
	}
}

// translated checks that a change of this kind stands in the first trail.
func translated(s *scene, r *action.TraceResult, want string) {
	s.Helper()
	want = s.expand(want)
	for _, o := range r.Trails[0].Trail.Observations {
		for _, c := range o.Changes {
			if strings.HasPrefix(c, want) {
				return
			}
		}
	}
	s.Errorf("no change %q", want)
}

// met checks that a rule with this text and owner was met.
func met(s *scene, r *action.TraceResult, text, owner string) {
	s.Helper()
	text = s.expand(text)
	for _, j := range r.Trails {
		for _, o := range j.Trail.Observations {
			for _, rule := range o.Rules {
				if strings.Contains(rule.Text, text) && rule.Owner == owner {
					return
				}
			}
		}
	}
	s.Errorf("no rule %q of %q", text, owner)
}
