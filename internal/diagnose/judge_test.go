package diagnose

import (
	"net/netip"
	"testing"

	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/trail"
)

// TestSmall is Judge on the smallest trails of three outcomes.
func TestSmall(t *testing.T) {
	fl := packet.Flow{Proto: packet.ProtoTCP, Src: netip.MustParseAddr("10.9.1.2"), Dst: netip.MustParseAddr("10.9.2.2"), SrcPort: 40000, DstPort: 80}
	at := trail.Point{Node: "node-b", Interface: "eth0", Netns: 2}
	in := trail.Observation{Stage: trail.StageReceive, Dir: trail.In, Point: at, Seen: trail.Headers{Flow: fl}}
	for _, tt := range []struct {
		obs  []trail.Observation
		want trail.Outcome
		text string
	}{
		{[]trail.Observation{in, {Stage: trail.StageDeliver, Point: at, Socket: &trail.Socket{Process: "nginx", PID: 7}}}, trail.Delivered, "delivered to nginx (pid 7) on node-b"},
		{[]trail.Observation{
			in,
			{Stage: trail.StageRules, Point: at, Hook: &trail.Hook{Name: "FORWARD"}, Rules: []trail.Rule{{Family: "ip", Table: "filter", Chain: "cali-tw-x", Kind: trail.RuleMatched, Verdict: "drop", Text: "-A cali-tw-x -j DROP"}}},
			{Stage: trail.StageDrop, Point: at, Drop: &trail.Drop{Reason: "NETFILTER_DROP", At: "nf_hook_slow+0x7d/0x110", Hook: "FORWARD"}},
		}, trail.Dropped, "dropped on node-b, in filter FORWARD, by cali-tw-x: -j DROP"},
		{[]trail.Observation{
			in,
			{Stage: trail.StageRefuse, Point: at, Refusal: &trail.Refusal{Kind: "reset", Reason: "NO_SOCKET"}},
			{Stage: trail.StageDrop, Point: at, Drop: &trail.Drop{Reason: "NO_SOCKET", At: "tcp_v4_rcv+0x91/0x13f0"}},
		}, trail.Rejected, "rejected by node-b: nothing listens on TCP port 80"},
	} {
		v := Judge(&trail.Trail{Flow: fl, Observations: tt.obs}, Context{Over: true})
		if v.Outcome != tt.want || v.Text != tt.text || v.Basis != trail.Observed {
			t.Errorf("%+v", v)
		}
	}
}
