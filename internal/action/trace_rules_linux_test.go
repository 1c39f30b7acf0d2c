package action_test

import (
	"strings"
	"testing"
	"time"

	"github.com/pktrail/pktrail/internal/action"
	"github.com/pktrail/pktrail/internal/lab"
	"github.com/pktrail/pktrail/internal/lab/labtest"
	"github.com/pktrail/pktrail/internal/trail"
)

// Rules that are made while a trace is armed, where there were none before, are
// named as others.
func TestTraceLaterRules(t *testing.T) {
	send := func(make func(s *scene)) func(s *scene) {
		return func(s *scene) {
			make(s)
			labtest.Wait(s, 10*time.Second, "the rules to be traced", func() bool {
				var tables strings.Builder
				_, err := s.lab.Exec(s.Context(), s.n1.Name, []string{"nft", "list", "tables"}, lab.Stdio{Out: &tables})
				return err == nil && strings.Contains(tables.String(), "table inet pktrail-")
			})
			if _, err := labtest.Dial(s, s.a.Name, "udp", s.b.IPv4.String()+":80").Write([]byte("late")); err != nil {
				s.Error(err)
			}
		}
	}
	dropped := func(rule string) wanted {
		return wanted{outcome: trail.Dropped, node: "n1", in: "n1", at: "FORWARD$", reason: "NETFILTER_DROP", rule: rule, finding: "netfilter-drop"}
	}
	runTraceCases(t, []traceCase{
		{
			name: "nft",
			send: send(func(s *scene) {
				s.in("n1", "nft table ip t { chain c { type filter hook forward priority 0; udp dport 80 drop comment \"no web here\" ; } ; }")
			}),
			want: dropped("udp dport 80 drop"),
		},
		{
			name: "iptables-nft",
			send: send(func(s *scene) { s.in("n1", "iptables-nft -A FORWARD -p udp --dport 80 -j DROP") }),
			want: dropped("-A FORWARD .*--dport 80 -j DROP"),
		},
		{
			name:  "iptables-legacy",
			trace: func(_ *scene, o *action.TraceOptions) { o.Request.LegacyTrace = true },
			send:  send(func(s *scene) { s.in("n1", "iptables-legacy -A FORWARD -p udp --dport 80 -j DROP") }),
			want:  dropped("-A FORWARD .*--dport 80 -j DROP"),
		},
	})
}
