package skbtrace

// program is one of the BPF programs, and what it is for.
type program struct {
	// name in bpf/*.h, at the same time its name in the kernel.
	name string
	// tracepoint that it is attached to; empty for a netfilter program, which
	// is loaded when it is asked for.
	tracepoint string
	// args is how many arguments the tracepoint must have at least; 0 is any.
	args int
	// full programs are for Options.Full.
	full bool
	// blind is what is not visible without it.
	blind string
}

// maxBrackets is how many programs there are for one netfilter hook: pkt_hook0
// and so on.
const maxBrackets = 5

func programs() []program {
	return []program{
		{name: "pkt_receive", tracepoint: "netif_receive_skb", blind: "packets as they come from a device"},
		{name: "pkt_queue", tracepoint: "net_dev_queue", blind: "packets as they leave by a device"},
		{name: "pkt_drop", tracepoint: "kfree_skb", blind: "dropped packets"},
		{name: "pkt_consume", tracepoint: "consume_skb", blind: "the end of packets that did their work"},
		{name: "pkt_deliver", tracepoint: "skb_copy_datagram_iovec", blind: "which process reads a packet"},
		{name: "pkt_route4", tracepoint: "fib_table_lookup", args: 4, blind: "routing lookups of IPv4"},
		{name: "pkt_route6", tracepoint: "fib6_table_lookup", args: 4, blind: "routing lookups of IPv6"},
		{name: "pkt_neighbour", tracepoint: "neigh_event_send_done", args: 2, blind: "packets that wait for a neighbour's address"},
		{name: "pkt_neighbour_update", tracepoint: "neigh_update", full: true, blind: "the answers of neighbours"},
		{name: "pkt_icmp", tracepoint: "icmp_send", args: 3, blind: "ICMP errors that the stack answers with"},
		{name: "pkt_reset", tracepoint: "tcp_send_reset", args: 2, blind: "TCP resets that the stack answers with"},
		{name: "pkt_retransmit", tracepoint: "tcp_retransmit_skb", args: 2, blind: "retransmissions of TCP"},
		{name: "pkt_full", tracepoint: "sock_rcvqueue_full", args: 2, blind: "sockets without room"},
		{name: "pkt_udp_full", tracepoint: "udp_fail_queue_rcv_skb", args: 3, blind: "UDP sockets without room"},
		{name: "pkt_socket", tracepoint: "sk_data_ready", args: 1, blind: "which socket takes a packet"},
		{name: "pkt_transmit", tracepoint: "net_dev_xmit", args: 4, full: true, blind: "what drivers say of packets"},
		{name: "pkt_hook0", blind: "packets in netfilter's hooks"},
		{name: "pkt_hook1", blind: "packets in netfilter's hooks"},
		{name: "pkt_hook2", blind: "packets in netfilter's hooks"},
		{name: "pkt_hook3", blind: "packets in netfilter's hooks"},
		{name: "pkt_hook4", blind: "packets in netfilter's hooks"},
	}
}
