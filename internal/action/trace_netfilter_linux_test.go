package action_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/pktrail/pktrail/internal/action"
	"github.com/pktrail/pktrail/internal/trail"
)

// dropAt is where a packet from a to b meets each hook, and the table in which
// a rule can drop it there.
var dropAt = []struct{ hook, where, table string }{
	{"PREROUTING", "n1", "mangle"},
	{"INPUT", "b", "filter"},
	{"FORWARD", "n1", "filter"},
	{"OUTPUT", "a", "filter"},
	{"POSTROUTING", "n2", "mangle"},
}

// A rule that drops, in each hook, by each way to write rules.
func TestTraceNetfilterDrop(t *testing.T) {
	var cases []traceCase
	for _, d := range dropAt {
		node := map[string]string{"a": "n1", "b": "n2"}[d.where]
		if node == "" {
			node = d.where
		}
		for _, tool := range []string{"iptables-legacy", "iptables-nft"} {
			w := wanted{
				outcome: trail.Dropped, node: node, in: d.where, at: d.hook + "$", reason: "NETFILTER_DROP",
				rule: "-A " + d.hook + " .*--dport 80 .*-j DROP", finding: "netfilter-drop",
			}
			if tool == "iptables-legacy" {
				w.rule = "" // visible only where TRACE goes somewhere: see TestTraceLegacy
			}
			cases = append(cases, traceCase{
				name: d.hook + ", " + tool,
				set: func(s *scene) {
					s.listen("b", "tcp", ":80")
					s.in(d.where, fmt.Sprintf(`%s -t %s -A %s -p tcp --dport 80 -m comment --comment "no web here" -j DROP`, tool, d.table, d.hook))
				},
				want: w,
			})
		}
		hook := strings.ToLower(d.hook)
		cases = append(cases, traceCase{
			name: d.hook + ", nft",
			set: func(s *scene) {
				s.listen("b", "tcp", ":80")
				s.in(d.where, fmt.Sprintf("nft table ip t { chain c { type filter hook %s priority 0; policy accept; tcp dport 80 drop comment \"no web here\" ; } ; }", hook))
			},
			want: wanted{
				outcome: trail.Dropped, node: node, in: d.where, at: d.hook + "$", reason: "NETFILTER_DROP",
				rule: "tcp dport 80 .*drop", finding: "netfilter-drop",
			},
		})
	}
	runTraceCases(t, cases)
}

// With TRACE bound to NFLOG the rules of iptables-legacy have names too.
func TestTraceLegacy(t *testing.T) {
	runTraceCases(t, []traceCase{{
		name: "drop",
		set: func(s *scene) {
			s.listen("b", "tcp", ":80")
			s.in("n1", `iptables-legacy -A FORWARD -p tcp --dport 81 -j ACCEPT
				iptables-legacy -A FORWARD -p tcp --dport 80 -m comment --comment "no web here" -j DROP`)
		},
		trace: func(_ *scene, o *action.TraceOptions) { o.Request.LegacyTrace = true },
		want: wanted{
			outcome: trail.Dropped, node: "n1", in: "n1", at: "FORWARD$", reason: "NETFILTER_DROP",
			rule: `-A FORWARD -p tcp -m tcp --dport 80 .*-j DROP`, finding: "netfilter-drop",
		},
	}})
}

func TestTraceNetfilter(t *testing.T) {
	runTraceCases(t, []traceCase{
		{
			name: "policy",
			set: func(s *scene) {
				s.listen("b", "tcp", ":80")
				s.in("n1", "iptables-nft -P FORWARD DROP")
			},
			want: wanted{outcome: trail.Dropped, node: "n1", at: "FORWARD$", reason: "NETFILTER_DROP", finding: "netfilter-policy"},
		},
		{
			name: "reject, iptables-nft",
			set: func(s *scene) {
				s.listen("b", "tcp", ":80")
				s.in("n1", "iptables-nft -A FORWARD -p tcp --dport 80 -j REJECT")
			},
			want: wanted{outcome: trail.Rejected, node: "n1", at: "FORWARD", rule: "-j REJECT", finding: "netfilter-reject"},
		},
		{
			name: "reject with reset, nft",
			set: func(s *scene) {
				s.listen("b", "tcp", ":80")
				s.in("n1", "nft table ip t { chain c { type filter hook forward priority 0; tcp dport 80 reject with tcp reset ; } ; }")
			},
			want: wanted{outcome: trail.Rejected, node: "n1", at: "FORWARD", rule: "reject with tcp reset", finding: "netfilter-reject"},
		},
		{
			name: "network policy",
			set: func(s *scene) {
				s.listen("b", "tcp", ":80")
				s.in("n2", `
					iptables-nft -N cali-FORWARD
					iptables-nft -N cali-to-wl-dispatch
					iptables-nft -N cali-tw-`+s.b.HostDevice+`
					iptables-nft -A FORWARD -m comment --comment "cali:wUHhoiAYhphO9Mso" -j cali-FORWARD
					iptables-nft -A cali-FORWARD -d $b -j cali-to-wl-dispatch
					iptables-nft -A cali-to-wl-dispatch -m comment --comment "To workload" -g cali-tw-`+s.b.HostDevice+`
					iptables-nft -A cali-tw-`+s.b.HostDevice+` -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
					iptables-nft -A cali-tw-`+s.b.HostDevice+` -m comment --comment "Drop if no policies passed packet" -j DROP`)
			},
			want: wanted{
				outcome: trail.Dropped, node: "n2", in: "n2", at: "filter FORWARD$", reason: "NETFILTER_DROP",
				rule: "-A cali-tw-.*Drop if no policies passed packet.*-j DROP", finding: "netfilter-drop", cause: "cali-tw-",
			},
		},
		{
			name: "service without endpoints",
			set: func(s *scene) {
				s.in("n1", `
					iptables-nft -N KUBE-SERVICES
					iptables-nft -A FORWARD -j KUBE-SERVICES
					iptables-nft -A KUBE-SERVICES -d $svc -p tcp -m comment --comment "shop/web:http has no endpoints" -m tcp --dport 80 -j REJECT --reject-with icmp-port-unreachable`)
			},
			trace: to("$svc:80"),
			want: wanted{
				outcome: trail.Rejected, node: "n1", at: "FORWARD", rule: "has no endpoints", finding: "service-without-endpoints", cause: "shop/web",
			},
		},
	})
}
