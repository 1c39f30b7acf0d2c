package skbtrace

import (
	"slices"
	"strings"
	"testing"
)

// Stacks as a 6.18 kernel has them.
func TestHookOf(t *testing.T) {
	for stack, want := range map[string]string{
		"nf_hook_slow ip_forward __netif_receive_skb_one_core":                               "FORWARD",
		"nft_do_chain nft_do_chain_ipv4 nf_hook_slow ip_rcv process_backlog":                 "PREROUTING",
		"nft_do_chain nft_do_chain_ipv6 nf_hook_slow ipv6_rcv":                               "PREROUTING",
		"nf_hook_slow ip_local_deliver __netif_receive_skb_one_core":                         "INPUT",
		"nf_hook_slow ip6_input ip6_rcv_finish":                                              "INPUT",
		"nf_hook_slow ip6_forward":                                                           "FORWARD",
		"nf_hook_slow __ip_local_out ip_push_pending_frames":                                 "OUTPUT",
		"nf_hook_slow __ip6_local_out ip6_local_out":                                         "OUTPUT",
		"nf_hook_slow ip_output ip_push_pending_frames":                                      "POSTROUTING",
		"nf_hook_slow ip6_output":                                                            "POSTROUTING",
		"nf_hook_slow ip6_xmit.isra.0 tcp_v6_syn_recv_sock":                                  "OUTPUT",
		"nf_hook_slow br_nf_hook_thresh br_nf_pre_routing_finish":                            "",
		"nf_hook_slow __br_forward br_handle_frame_finish":                                   "FORWARD",
		"nf_hook_slow br_handle_frame __netif_receive_skb_core.constprop.0":                  "PREROUTING",
		"tcp_v4_rcv ip_protocol_deliver_rcu ip_local_deliver_finish ip_local_deliver ip_rcv": "",
		"neigh_invalidate neigh_timer_handler":                                               "",
		"nf_hook_slow":                                                                       "",
		"":                                                                                   "",
	} {
		if got := hookOf(strings.Fields(stack)); got != want {
			t.Errorf("%s: %q, want %q", stack, got, want)
		}
	}
}

func TestPlaceBrackets(t *testing.T) {
	var got []string
	at := func(chains ...chain) []int {
		spots := placeBrackets(5, chains)
		slices.SortFunc(spots, func(a, b spot) int { return int(a.index) - int(b.index) })
		var all []int
		for i, s := range spots {
			if int(s.index) != i || s.netns != 5 {
				t.Errorf("%+v", spots)
			}
			all = append(all, s.priority)
		}
		return all
	}
	if p := at(chain{nfprotoIPv4, 0, -100}, chain{nfprotoIPv4, 0, -300}, chain{nfprotoIPv4, 0, -100}); !slices.Equal(p, []int{-301, -101, -99}) {
		t.Error(p)
	}
	if p := at(chain{2, 0, 1}, chain{2, 0, 2}, chain{2, 0, 30}, chain{2, 0, 40}, chain{2, 0, 50}, chain{2, 0, 60}); !slices.Equal(p, []int{0, 1, 29, 39, 61}) {
		t.Error(p)
	}
	if p := at(); p != nil {
		t.Error(p)
	}
	for _, table := range []string{"raw", "mangle", "nat", "filter", "security", "other"} {
		for _, c := range legacyChains(nfprotoIPv6, table) {
			got = append(got, table+" "+hookName(c.hook))
		}
	}
	if len(got) != 2+5+4+3+3 {
		t.Error(got)
	}
}

func TestTexts(t *testing.T) {
	for _, c := range []struct {
		typ, code uint8
		want      string
	}{
		{3, 3, "port unreachable"},
		{3, 4, "fragmentation needed, but DF is set"},
		{3, 13, "administratively prohibited"},
		{3, 99, "type 3 code 99"},
		{11, 0, "TTL exceeded in transit"},
		{11, 1, "fragments did not arrive in time"},
		{12, 0, "parameter problem in the header"},
		{8, 0, "type 8 code 0"},
	} {
		if got := icmpText(c.typ, c.code); got != c.want {
			t.Errorf("%d/%d: %q, want %q", c.typ, c.code, got, c.want)
		}
	}
	if tcpState(10) != "LISTEN" || tcpState(99) != "99" || neighbourState(0x20) != "FAILED" || hookName(9) != "" {
		t.Error("states")
	}
	e := &UnsupportedError{What: "BTF"}
	if e.Error() != "no BTF" || e.Unwrap() != nil {
		t.Error(e)
	}
}
