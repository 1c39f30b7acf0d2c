package skbtrace

import "github.com/pktrail/pktrail/internal/trail"

// hookName names enum nf_inet_hooks of linux/netfilter.h.
func hookName(n byte) string {
	names := [...]string{"PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING", "INGRESS"}
	if int(n) < len(names) {
		return names[n]
	}
	return ""
}

func hookDirection(n byte) trail.Direction {
	switch hookName(n) {
	case "PREROUTING", "INPUT":
		return trail.In
	case "OUTPUT", "POSTROUTING":
		return trail.Out
	}
	return trail.DirUnknown
}

// hookOf tells from a stack in which netfilter hook a packet was dropped: the
// function that called nf_hook_slow names it. Functions that the compiler put
// into their callers do not show, so their callers are listed too.
func hookOf(stack []string) string {
	for i, s := range stack {
		switch s {
		case "nf_hook_slow", "nf_hook_slow_list", "nf_hook_ingress", "br_nf_hook_thresh":
			for _, caller := range stack[i+1:] {
				if h := hookBy(caller); h != "" {
					return h
				}
				if caller != "br_nf_hook_thresh" && caller != "nf_hook" && caller != "NF_HOOK" {
					break
				}
			}
		}
	}
	return ""
}

// hookBy is the hook that a function calls.
func hookBy(function string) string {
	switch base(function) {
	case "ip_rcv", "ip_list_rcv", "ip_sublist_rcv", "ipv6_rcv", "ipv6_list_rcv", "ip6_sublist_rcv",
		"br_handle_frame", "br_nf_pre_routing", "br_nf_pre_routing_ipv6":
		return "PREROUTING"
	case "ip_local_deliver", "ip6_input", "br_pass_frame_up", "br_nf_local_in":
		return "INPUT"
	case "ip_forward", "ip6_forward", "br_forward", "__br_forward", "br_nf_forward", "br_nf_forward_ip", "br_flood", "br_multicast_flood":
		return "FORWARD"
	case "__ip_local_out", "ip_local_out", "__ip6_local_out", "ip6_local_out", "ip6_xmit", "ip_build_and_send_pkt",
		"__ip_queue_xmit", "ip_queue_xmit", "raw_sendmsg", "raw_send_hdrinc", "rawv6_sendmsg", "rawv6_send_hdrinc", "ndisc_send_skb",
		"mld_sendpack", "igmp6_send", "br_dev_xmit":
		return "OUTPUT"
	case "ip_output", "ip_mc_output", "ip6_output", "ip6_finish_output", "br_forward_finish", "br_nf_post_routing", "xfrm4_output", "xfrm6_output", "xfrm_output_resume":
		return "POSTROUTING"
	case "__netif_receive_skb_core", "__netif_receive_skb_core.constprop.0":
		return "INGRESS"
	case "__dev_queue_xmit":
		return "EGRESS"
	}
	return ""
}

// base is a function's name without what the compiler adds to parts of it.
func base(function string) string {
	for i := 1; i < len(function); i++ {
		if function[i] == '.' {
			return function[:i]
		}
	}
	return function
}
