package diagnose

import (
	"testing"

	"github.com/pktrail/pktrail/internal/trail"
)

// TestBenign: the drops of an idle cluster that are no losses, as 6.18 showed
// them, and real ones that look alike.
func TestBenign(t *testing.T) {
	for _, tt := range []struct {
		drop   trail.Drop
		benign bool
	}{
		{trail.Drop{Reason: "NOT_SPECIFIED", At: "tcp_v4_rcv+0x91/0x13f0", Socket: true}, true},
		{trail.Drop{Reason: "NOT_SPECIFIED", At: "tcp_v4_rcv+0x91/0x13f0"}, false},
		{trail.Drop{Reason: "NOT_SPECIFIED", At: "tcp_rcv_state_process+0x10", Socket: true}, true},
		{trail.Drop{Reason: "NOT_SPECIFIED", At: "ip6_mc_input+0x15e/0x270"}, true},
		{trail.Drop{Reason: "NO_SOCKET", At: "ping_rcv+0xab/0xd0"}, true},
		{trail.Drop{Reason: "NO_SOCKET", At: "tcp_v4_rcv+0x91/0x13f0"}, false},
		{trail.Drop{Reason: "NO_SOCKET", At: "__udp4_lib_rcv+0x4bc/0xd00"}, false},
		{trail.Drop{Reason: "QUEUE_PURGE", At: "skb_queue_purge_reason+0xdf/0x120"}, true},
		{trail.Drop{Reason: "QUEUE_PURGE", At: "inet_sock_destruct+0x57/0x1a0"}, true},
		{trail.Drop{Reason: "PACKET_SOCK_ERROR", At: "tpacket_rcv+0x5c/0x900"}, true},
		{trail.Drop{Reason: "SOCKET_FILTER", At: "sk_filter_trim_cap+0x1"}, false},
		{trail.Drop{Reason: "NOT_SPECIFIED", At: "ip_error+0x94/0x210"}, false},
		{trail.Drop{Reason: "NETFILTER_DROP", At: "nf_hook_slow+0x7d/0x110"}, false},
		{trail.Drop{Reason: "OTHERHOST", At: "ip_rcv_core+0x22c/0x350"}, false},
	} {
		if got := Benign(&trail.Observation{Stage: trail.StageDrop, Drop: &tt.drop}); got != tt.benign {
			t.Errorf("Benign(%+v) = %t", tt.drop, got)
		}
	}
	if Benign(&trail.Observation{Stage: trail.StageConsume}) || Benign(&trail.Observation{Stage: trail.StageDrop}) {
		t.Error("what is no drop is benign")
	}
}

// TestBenignHidden: a packet that ends by a benign drop is no loss, and one
// in the middle of a way does not end it.
func TestBenignHidden(t *testing.T) {
	w := syn(webAddr, 80).leave()
	w.copy = 1
	w.drop(node1Cni, "NOT_SPECIFIED", "tpacket_rcv+0x5c/0x900", "")
	w.copy = 0
	w.drop(node1Cni, "NOT_SPECIFIED", "packet_rcv+0x5c/0x900", "")
	if v := Judge(&w.cross().arrive().deliver(webEth).t, known()); v.Outcome != trail.Delivered {
		t.Errorf("%+v", v)
	}
	fin := syn(webAddr, 80).leave().cross().arrive().drop(webEth, "NOT_SPECIFIED", "tcp_v4_rcv+0x91/0x13f0", "")
	fin.last().Drop.Socket = true
	if v := Judge(&fin.t, known()); v.Outcome != trail.Delivered || v.Reason != "" {
		t.Errorf("%+v", v)
	}
}

// TestCapturedCopies: the clones of packet sockets, which the kernel frees
// where it made them, are nobody's way.
func TestCapturedCopies(t *testing.T) {
	w := &walk{}
	*w = *syn(webAddr, 80)
	w.copy = 1
	w.consume(clientEth)
	w.copy = 0
	w.leave()
	w.copy = 2
	w.consume(node1Cni)
	if v := Judge(&w.t, known()); v.Outcome != trail.Lost || v.At != "cni0 in" {
		t.Errorf("%+v", v)
	}
	w.copy = 0
	w.cross().arrive().consume(webEth)
	w.copy = 3
	w.consume(webEth)
	if v := Judge(&w.t, known()); v.Outcome != trail.Delivered || v.Basis != trail.Observed {
		t.Errorf("%+v", v)
	}
}
