package diagnose

import (
	"testing"

	"github.com/pktrail/pktrail/internal/trail"
)

// natCases are about translation that only one of two directions met.
func natCases() []judged {
	veth3 := node1Veth
	veth3.Interface = "veth3"
	request := syn(serviceAddr, 80).leave().dnat("10.244.1.3", 80).out(node1Cni).out(veth3).in(otherEth).consume(otherEth)
	far := syn(serviceAddr, 80).leave().dnat(webAddr, 80).cross().arrive().consume(webEth)
	refuse := func(w *walk) *walk {
		return w.add(clientEth, trail.Observation{Stage: trail.StageRefuse, Refusal: &trail.Refusal{Kind: "reset", Reason: "NO_SOCKET"}}).drop(clientEth, "NO_SOCKET", "tcp_v4_rcv+0x91/0x13f0", "")
	}
	answerTo := func(w *walk) func(*Context) {
		return func(c *Context) {
			c.Request, c.Source, c.Destination = &w.t, c.Destination, c.Source
		}
	}
	bridged := newWalk("TCP SYN,ACK seq 9", 6, "10.244.1.3", clientAddr, 80, 40000).out(otherEth).in(veth3).out(node1Veth).in(clientEth)
	hairpin := syn(serviceAddr, 80).leave().dnat(clientAddr, 8080).out(node1Cni).out(node1Veth).in(clientEth).drop(clientEth, "IP_LOCAL_SOURCE", "ip_rcv_finish_core+0x25b/0x470", "")
	closed := newWalk("TCP SYN,ACK seq 9", 6, "10.244.1.3", clientAddr, 81, 40000).out(otherEth).in(veth3).out(node1Veth).in(clientEth)
	return []judged{
		{"answer-past-conntrack", refuse(bridged), answerTo(request), trail.Rejected, "tcp", trail.Observed, []string{"answer-bypasses-nat"}},
		{"answer-by-another-way", refuse(synAck().home()), answerTo(far), trail.Rejected, "tcp", trail.Observed, []string{"answer-bypasses-nat"}},
		{"answer-of-another-port", refuse(closed), answerTo(request), trail.Rejected, "tcp", trail.Observed, []string{"nothing-listens"}},
		{"hairpin-not-masqueraded", hairpin, toService, trail.Dropped, decision, trail.Observed, []string{"hairpin-not-masqueraded"}},
	}
}

// TestExchangeBypass: the request arrives, its answer is refused.
func TestExchangeBypass(t *testing.T) {
	tt := natCases()[0]
	c := known()
	tt.context(&c)
	request := c.Request
	c = known()
	toService(&c)
	c.Answer = &tt.walk.t
	v, reply := Exchange(request, c, Judge(request, c))
	if !reply || v.Findings[0].ID != "answer-bypasses-nat" || v.Text != "answer rejected by client on node1: it came from 10.244.1.3:80, not from 10.96.68.194:80" {
		t.Errorf("%t %+v", reply, v)
	}
}
