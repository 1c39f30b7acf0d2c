package action_test

import (
	"strings"
	"testing"

	"github.com/pktrail/pktrail/internal/action"
	"github.com/pktrail/pktrail/internal/trail"
)

// Where the rules of iptables-legacy cannot be traced, the packet is seen
// before and behind its tables: it goes into the one that drops it, and does
// not come out. What would show the rule is named.
func TestTraceLegacyStages(t *testing.T) {
	runTraceCases(t, []traceCase{{
		name: "mangle",
		set: func(s *scene) {
			s.listen("b", "tcp", ":80")
			s.in("n1", `iptables-legacy -t mangle -A FORWARD -p tcp --dport 80 -j DROP
				iptables-legacy -A FORWARD -p tcp --dport 81 -j DROP`)
		},
		want: wanted{outcome: trail.Dropped, node: "n1", in: "n1", at: "FORWARD$", reason: "NETFILTER_DROP", finding: "netfilter-drop"},
		also: func(s *scene, r *action.TraceResult) {
			var last *trail.Hook
			for _, o := range r.Trails[0].Trail.Observations {
				if o.Stage == trail.StageHook && o.Point.Netns == s.n1.Netns {
					last = o.Hook
				}
			}
			if last == nil || last.Name != "FORWARD" || last.Priority != -151 {
				s.Errorf("last seen at %+v, want before mangle in FORWARD", last)
			}
			for _, b := range r.Session.Blind {
				if b.What == "rules of iptables-legacy" && b.Node == s.n1.Name && strings.Contains(b.Why, "--legacy-trace") {
					return
				}
			}
			s.Errorf("no hint at --legacy-trace: %+v", r.Session.Blind)
		},
	}})
}
