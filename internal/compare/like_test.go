package compare

import (
	"testing"

	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/trail"
)

func TestLikeness(t *testing.T) {
	f := flow("10.244.1.7:41822", "10.96.0.10:80")
	udp := f
	udp.Proto = packet.ProtoUDP
	syn := trail.Trail{Packet: "TCP SYN, seq 17", Flow: f}
	for name, c := range map[string]struct {
		with trail.Trail
		want int
	}{
		"another SYN":     {trail.Trail{Packet: "SYN, seq 4", Flow: f, Number: 9}, 7},
		"data":            {trail.Trail{Packet: "TCP ACK, seq 4, 9 bytes", Flow: f}, 6},
		"UDP":             {trail.Trail{Packet: "UDP, 34 bytes", Flow: udp}, 4},
		"an answer":       {trail.Trail{Packet: "SYN-ACK, seq 4", Flow: f, AnswerTo: 1}, 2},
		"a UDP answer":    {trail.Trail{Packet: "UDP, 34 bytes", Flow: udp, AnswerTo: 1}, 0},
		"a SYN answering": {trail.Trail{Packet: "SYN, seq 4", Flow: f, AnswerTo: 1}, 3},
	} {
		if got := Likeness(&syn, &c.with); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
		if got := Likeness(&c.with, &syn); got != c.want {
			t.Errorf("%s, the other way round: %d, want %d", name, got, c.want)
		}
	}
}

func TestDropPlace(t *testing.T) {
	for want, drops := range map[string][]trail.Drop{
		"netfilter FORWARD": {
			{Reason: "NETFILTER_DROP", At: "nf_hook_slow+0x7d", Hook: "FORWARD"},
			{Reason: "NETFILTER_DROP", At: "nft_do_chain+0x3e8", Hook: "FORWARD"},
			{At: "nf_hook_slow+0x7d", Hook: "FORWARD"},
		},
		"netfilter": {{Reason: "NETFILTER_DROP", At: "nft_do_chain+0x3e8"}},
		"routing": {
			{Reason: "IP_RPFILTER", At: "ip_rcv_finish_core+0x25b", Hook: "PREROUTING"},
			{Reason: "IP_INNOROUTES", At: "ip_error+0x94"},
			{Reason: "NOT_SPECIFIED", At: "ip_error+0x94", Hook: "PREROUTING"},
			{Reason: "NOT_SPECIFIED", At: "dst_discard+0x10"},
			{Reason: "IP_OUTNOROUTES"},
		},
		"forwarding": {{Reason: "IP_INHDR", At: "ip_forward+0x3ab", Hook: "FORWARD"}, {Reason: "PKT_TOO_BIG", At: "ip6_forward"}},
		"tcp_v4_rcv": {{Reason: "NO_SOCKET", At: "tcp_v4_rcv+0x91", Hook: "INPUT"}},
		"end":        {{}, {Reason: "NO_SOCKET", Hook: "INPUT"}},
	} {
		for _, d := range drops {
			if got := DropPlace(&d); got != want {
				t.Errorf("%+v is at %q, want %q", d, got, want)
			}
		}
	}
}

func TestRouteError(t *testing.T) {
	for _, c := range []struct {
		route trail.Route
		want  string
	}{
		{trail.Route{}, ""},
		{trail.Route{Err: 11}, "no route in this table (error 11)"},
		{trail.Route{Err: 11, Type: "throw"}, "throw (error 11, no route in this table)"},
		{trail.Route{Err: 13}, "prohibit (error 13, permission denied)"},
		{trail.Route{Err: 18, ReversePath: true}, "refused (error 18, invalid cross-device link)"},
		{trail.Route{Err: 22, Type: "blackhole"}, "blackhole (error 22, invalid argument)"},
		{trail.Route{Err: 101, Type: "unicast"}, "no route (error 101, network is unreachable)"},
		{trail.Route{Err: 113}, "unreachable (error 113, no route to host)"},
		{trail.Route{Err: 77}, "error 77"},
	} {
		if got := RouteError(&c.route); got != c.want {
			t.Errorf("%+v is %q, want %q", c.route, got, c.want)
		}
	}
}
