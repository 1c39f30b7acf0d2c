package diagnose

import (
	"strings"

	"github.com/pktrail/pktrail/internal/trail"
)

// Benign says whether an observation is a drop that is no loss: the kernel
// frees by kfree_skb much that has done its work (65 such events and 7 real
// ones in 5 s on an idle cluster), and copies that were never to go further.
func Benign(o *trail.Observation) bool {
	if o.Stage != trail.StageDrop || o.Drop == nil {
		return false
	}
	d := o.Drop
	at := function(d.At)
	switch d.Reason {
	case "SKB_CONSUMED", "QUEUE_PURGE", "SOCKET_CLOSE":
		return true // read already, or its reader went away
	case "TCP_OFOMERGE", "TCP_OLD_DATA", "TCP_OLD_ACK", "TCP_OLD_SEQUENCE":
		return true // its bytes are there already
	case "NO_SOCKET":
		// An echo reply: raw sockets got copies before.
		return at == "ping_rcv" || at == "raw_rcv" || at == "icmp_rcv" && !d.Socket
	case "NOT_SPECIFIED", "":
		if at == "ip6_mc_input" || at == "tpacket_rcv" || at == "packet_rcv" {
			return true // multicast for nobody here, a capture that filters
		}
		return d.Socket && (strings.HasPrefix(at, "tcp_v") || strings.HasPrefix(at, "tcp_rcv"))
	case "PACKET_SOCK_ERROR", "SOCKET_FILTER":
		return at == "tpacket_rcv" || at == "packet_rcv"
	}
	return at == "tpacket_rcv" || at == "packet_rcv"
}

// arrived says whether a benign drop shows that the packet had come to its
// socket or protocol.
func arrived(o *trail.Observation) bool {
	switch o.Drop.Reason {
	case "QUEUE_PURGE", "SOCKET_CLOSE", "TCP_OFOMERGE", "TCP_OLD_DATA", "TCP_OLD_ACK", "TCP_OLD_SEQUENCE":
		return true
	case "NO_SOCKET":
		return true
	}
	return o.Drop.Socket
}

// function cuts the offset from "ip_rcv_finish_core+0x25b/0x470" and what a
// compiler adds ("do_softirq.part.0").
func function(at string) string {
	at, _, _ = strings.Cut(at, "+")
	at, _, _ = strings.Cut(at, ".")
	return at
}
