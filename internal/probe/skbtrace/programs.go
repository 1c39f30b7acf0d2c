package skbtrace

// program is one of the BPF programs, and what it is for.
type program struct {
	// name in bpf/*.h, at the same time its name in the kernel.
	name string
	// tracepoint that it is attached to; empty for a netfilter program.
	tracepoint string
	// args is how many arguments the tracepoint must have at least; 0 is any.
	args int
	// full programs are for Options.Full.
	full bool
	// blind is what is not visible without it.
	blind string
}

func programs() []program {
	return []program{
		{name: "pkt_receive", tracepoint: "netif_receive_skb", blind: "packets as they come from a device"},
		{name: "pkt_queue", tracepoint: "net_dev_queue", blind: "packets as they leave by a device"},
		{name: "pkt_drop", tracepoint: "kfree_skb", blind: "dropped packets"},
		{name: "pkt_consume", tracepoint: "consume_skb", blind: "the end of packets that did their work"},
		{name: "pkt_deliver", tracepoint: "skb_copy_datagram_iovec", blind: "which process reads a packet"},
		{name: "pkt_route4", tracepoint: "fib_table_lookup", args: 4, blind: "routing lookups of IPv4"},
		{name: "pkt_route6", tracepoint: "fib6_table_lookup", args: 4, blind: "routing lookups of IPv6"},
	}
}
