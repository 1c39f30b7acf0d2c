package diagnose

import (
	"testing"

	"github.com/pktrail/pktrail/internal/trail"
)

// there is a SYN that arrives, by VXLAN.
func there() *walk { return syn(webAddr, 80).leave().cross().arrive().deliver(webEth) }

func TestExchange(t *testing.T) {
	stolen := func() *walk {
		return synAck().out(webEth).in(node2Veth).in(node2Cni).route(node2Cni, trail.Route{In: "cni0", Table: 100, Device: "eth0", Gateway: ip("10.99.0.1")}).out(node2Eth)
	}
	bounced := synAck().out(webEth).in(node2Veth).in(node2Cni).route(node2Cni, trail.Route{In: "cni0", Table: 100, Device: "cni0"}).out(node2Veth).in(webEth).drop(webEth, "IP_INADDRERRORS", "ip_error+0x94/0x210", "")
	for _, tt := range []struct {
		name     string
		request  *walk
		answer   *walk
		result   trail.Result
		outcome  trail.Outcome
		reply    bool
		findings []string
	}{
		{"both arrive", there(), synAck().home().consume(clientEth), trail.ResultAnswered, trail.Delivered, false, nil},
		{"reply stolen by a rule", there(), stolen(), trail.ResultNothing, trail.Lost, true, []string{"policy-rule", "reply-lost"}},
		{"reply sent back by a rule", there(), bounced, trail.ResultNothing, trail.Dropped, true, []string{"policy-rule", "forwarding-off", "reply-lost"}},
		{"reply dropped", there(), synAck().out(webEth).in(node2Veth).in(node2Cni).nfdrop(node2Cni, "FORWARD"), trail.ResultNothing, trail.Dropped, true, []string{"netfilter-drop", "reply-lost"}},
		{"reply not seen to its end, but got", there(), func() *walk {
			w := synAck().out(webEth)
			w.t.Ended = true
			return w
		}(), trail.ResultAnswered, trail.Delivered, false, nil},
		{"no answer seen", there(), nil, "", trail.Delivered, false, nil},
		{"request dropped", syn(webAddr, 80).leave().nfdrop(node1Cni, "FORWARD"), nil, trail.ResultNothing, trail.Dropped, false, []string{"netfilter-drop"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := known()
			if tt.answer != nil {
				c.Answer = &tt.answer.t
			}
			if tt.result != "" {
				c.Conversation = &trail.Conversation{Result: tt.result}
			}
			v, reply := Exchange(&tt.request.t, c, Judge(&tt.request.t, c))
			var ids []string
			for _, f := range v.Findings {
				ids = append(ids, f.ID)
			}
			if v.Outcome != tt.outcome || reply != tt.reply || !equal(ids, tt.findings) {
				t.Errorf("%s %t %q: %s", v.Outcome, reply, ids, v.Text)
			}
		})
	}
}

// TestAsymmetric: the answer goes by another of a node's interfaces.
func TestAsymmetric(t *testing.T) {
	back := synAck().out(webEth).in(node2Veth).in(node2Cni).out(node2Eth).in(node1Eth).drop(node1Eth, "IP_RPFILTER", "ip_rcv_finish_core+0x25b/0x470", "")
	request := syn(webAddr, 80).leave().out(node1Vx).in(node2Vx).arrive().deliver(webEth)
	c := known()
	c.Answer = &back.t
	v, _ := Exchange(&request.t, c, Judge(&request.t, c))
	last := v.Findings[len(v.Findings)-1]
	if v.Outcome != trail.Dropped || last.ID != "asymmetric-route" || last.Evidence[1].Text != "back: node2 eth0, node1 eth0" {
		t.Errorf("%+v", v)
	}
	if f := asymmetricRoute(&there().t, &synAck().home().t); f != nil {
		t.Errorf("the same way back: %+v", f)
	}
}

func equal(a, b []string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}
