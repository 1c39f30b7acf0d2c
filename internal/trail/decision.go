package trail

import (
	"net/netip"

	"github.com/pktrail/pktrail/internal/packet"
)

// Hook is a place in netfilter.
type Hook struct {
	// Name is "PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING",
	// "INGRESS" or "EGRESS".
	Name string `json:"name"`
	// Family is "ip", "ip6", "inet", "arp", "bridge" or "netdev"; empty is not
	// known.
	Family string `json:"family,omitempty"`
	// Priority at which it was seen (linux/netfilter_ipv4.h, enum
	// nf_ip_hook_priorities: -300 raw, -200 conntrack, -150 mangle, -100
	// dnat, 0 filter, 100 snat); valid iff the Stage is StageHook.
	Priority int `json:"priority,omitempty"`
}

// Rule is one step of a packet through a ruleset: a rule that matched, or the
// end of a chain.
type Rule struct {
	// Family of the table as nft writes it: "ip", "ip6", "inet", "bridge".
	Family string `json:"family,omitempty"`
	Table  string `json:"table"`
	Chain  string `json:"chain"`
	// Handle is nft's; valid iff not 0.
	Handle uint64 `json:"handle,omitempty"`
	// Number is the rule's position in its chain, from 1, as iptables -L
	// --line-numbers counts; valid iff not 0.
	Number int `json:"number,omitempty"`
	// Kind says what happened here.
	Kind RuleKind `json:"kind"`
	// Verdict is "accept", "drop", "reject", "jump", "goto", "return",
	// "continue", "queue", "stolen", "dnat", "snat", "masquerade"; empty where
	// the trace does not tell (iptables-legacy) and the rule's text neither.
	Verdict string `json:"verdict,omitempty"`
	// To is the chain that a jump or goto leads to.
	To string `json:"to,omitempty"`
	// Text is the rule as `iptables-save` or `nft list ruleset` prints it,
	// without its counters; empty if it could not be looked up.
	Text string `json:"text,omitempty"`
	// Comment is the rule's own.
	Comment string `json:"comment,omitempty"`
	// Owner is who made the rule, and for what, in words: "kube-proxy: service
	// shop/web:http"; empty if not known.
	Owner string `json:"owner,omitempty"`
	// Legacy is true for a rule of iptables-legacy.
	Legacy bool `json:"legacy,omitempty"`
}

// RuleKind is what a step through a ruleset is.
type RuleKind string

// The kinds of a step, as NFTA_TRACE_TYPE (linux/netfilter/nf_tables.h) and
// the TRACE target name them.
const (
	RuleMatched RuleKind = "rule"   // a rule matched
	RulePolicy  RuleKind = "policy" // the end of a base chain
	RuleReturn  RuleKind = "return" // the end of a chain
)

// Route is one lookup in one routing table.
type Route struct {
	// Table is the table's number; 254 is main, 255 local. While no rule was
	// ever added the kernel answers for both with 254.
	Table uint32 `json:"table"`
	// Src and Dst are the addresses asked for; Src may be unspecified.
	Src netip.Addr `json:"src,omitzero"`
	Dst netip.Addr `json:"dst,omitzero"`
	// In is the interface it came from ("lo" for a packet of our own), Mark
	// its fwmark, TOS its DS field without ECN.
	In   string `json:"in,omitempty"`
	Mark uint32 `json:"mark,omitempty"`
	TOS  uint8  `json:"tos,omitempty"`
	// Device and Gateway are the answer. Gateway is invalid for an on-link
	// destination.
	Device  string     `json:"device,omitempty"`
	Gateway netip.Addr `json:"gateway,omitzero"`
	// Prefix is the route that matched, Type its type as iproute2 writes it
	// ("unicast", "local", "blackhole"); both only where the kernel was asked
	// again (RTM_F_FIB_MATCH) and gave the same answer.
	Prefix netip.Prefix `json:"prefix,omitzero"`
	Type   string       `json:"type,omitempty"`
	// Err is the kernel's errno, 0 for a route. EAGAIN (11) says that this
	// table has none and that the next rule is tried.
	Err int `json:"err,omitempty"`
	// ReversePath is true for the kernel's own question by which device it
	// would answer the sender (fib_validate_source).
	ReversePath bool `json:"reversePath,omitempty"`
}

// Neighbour is what is known of the next hop's link address.
type Neighbour struct {
	Addr netip.Addr `json:"addr"`
	// Device it is asked for on.
	Device string `json:"device"`
	// State is as iproute2 writes it: "INCOMPLETE", "REACHABLE", "STALE",
	// "DELAY", "PROBE", "FAILED", "NOARP", "PERMANENT", "NONE".
	State string `json:"state"`
	// MAC is its link address; empty if it has none yet.
	MAC string `json:"mac,omitempty"`
	// Parked is true if the packet waits for the answer.
	Parked bool `json:"parked,omitempty"`
}

// Transmit is what a driver or queueing discipline said.
type Transmit struct {
	// Code is the return code of ndo_start_xmit: 0 is taken, 16 busy
	// (NETDEV_TX_BUSY of linux/netdevice.h).
	Code int `json:"code"`
}

// Refusal is an answer of the stack to the sender: the packet ends here.
type Refusal struct {
	// Kind is "icmp", "icmpv6" or "reset".
	Kind string `json:"kind"`
	// Type and Code are ICMP's; valid iff Kind is not "reset".
	Type uint8 `json:"type,omitempty"`
	Code uint8 `json:"code,omitempty"`
	// Reason is the kernel's for a reset (enum sk_rst_reason); may be empty.
	Reason string `json:"reason,omitempty"`
	// Text is what it says in plain words: "port unreachable".
	Text string `json:"text,omitempty"`
}

// Drop is the end of a packet, and why.
type Drop struct {
	// Reason is the kernel's (enum skb_drop_reason), "NETFILTER_DROP", or the
	// number where this kernel's BTF does not name it; empty before Linux 5.17.
	// It is the datapath's own where that dropped it, "Policy denied".
	Reason string `json:"reason,omitempty"`
	// Code is the reason's number; valid iff not 0. The kernel's have none,
	// as they are others with each version.
	Code int `json:"code,omitempty"`
	// At is the kernel function that freed it, "ip_rcv_finish_core+0x25b", or
	// where in a BPF program that was, "bpf_lxc.c:2410".
	At string `json:"at,omitempty"`
	// Stack is the functions that called it, innermost first, without offsets.
	Stack []string `json:"stack,omitempty"`
	// Hook is the netfilter hook that the stack names; empty for other drops.
	Hook string `json:"hook,omitempty"`
	// Socket is true if the kernel named a receiving socket (rx_sk).
	Socket bool `json:"socket,omitempty"`
}

// Socket is an end of the way.
type Socket struct {
	// Process is the program's name (comm), PID its process as seen by
	// pktrail; PID is valid iff not 0.
	Process string `json:"process,omitempty"`
	PID     int    `json:"pid,omitempty"`
	// Local is the address that the socket is bound to; may be invalid.
	Local netip.AddrPort `json:"local,omitzero"`
	// State is TCP's ("LISTEN", "ESTABLISHED"); empty for others.
	State string `json:"state,omitempty"`
	// Basis is Observed where the process was seen reading, Inferred where the
	// socket was looked up afterwards.
	Basis Basis `json:"basis,omitempty"`
}

// Conntrack is what connection tracking knew of a packet.
type Conntrack struct {
	// State is "new", "established", "related", "invalid" or "untracked".
	State string `json:"state,omitempty"`
	// Reply is true in the direction of the answers.
	Reply bool `json:"reply,omitempty"`
	// Original and Answer are the tuples of both directions; where Answer is
	// not Original reversed, the connection is translated.
	Original packet.Flow `json:"original,omitzero"`
	Answer   packet.Flow `json:"answer,omitzero"`
	// Status are the bits of enum ip_conntrack_status
	// (linux/netfilter/nf_conntrack_common.h).
	Status uint32 `json:"status,omitempty"`
}

// Answer is what the kernel said to a question of pktrail's.
type Answer struct {
	// Question is the command that a person would type, e.g. "ip route get
	// 10.0.1.12 from 192.168.235.13 iif enp5s0".
	Question string `json:"question"`
	// Text is the answer in the words of that command.
	Text string `json:"text,omitempty"`
	// Error is the kernel's: "Invalid cross-device link".
	Error string `json:"error,omitempty"`
	// Errno is its number, 18 for EXDEV; 0 is an answer.
	Errno int `json:"errno,omitempty"`
	// Route is the answer to a question about routing.
	Route *Route `json:"route,omitempty"`
}

// Setting is a sysctl that decided something.
type Setting struct {
	// Name as sysctl(8) writes it: "net.ipv4.conf.all.rp_filter".
	Name  string `json:"name"`
	Value string `json:"value"`
}
