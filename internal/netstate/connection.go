package netstate

import "net/netip"

// Conntrack is the connection table.
type Conntrack struct {
	// Count is how many connections there are, Max how many there may be; -1
	// where the kernel does not say.
	Count int `json:"count,omitempty"`
	Max   int `json:"max,omitempty"`
	// Entries are those that were asked for; none by default.
	Entries []Connection `json:"entries,omitempty"`
}

// Connection is one entry of the connection table
// (linux/netfilter/nfnetlink_conntrack.h).
type Connection struct {
	Proto    uint8 `json:"proto"`
	Original Tuple `json:"original"`
	Reply    Tuple `json:"reply"`
	// Status are IPS_* of linux/netfilter/nf_conntrack_common.h.
	Status uint32 `json:"status"`
	// State is a TCP state's name; empty for other protocols.
	State string `json:"state,omitempty"`
	Mark  uint32 `json:"mark,omitempty"`
	Zone  uint16 `json:"zone,omitempty"`
	// Timeout in seconds.
	Timeout uint32 `json:"timeout,omitempty"`
}

// Tuple is one direction of a connection. Ports are 0 where the protocol has
// none; of ICMP the id stands in both.
type Tuple struct {
	Src netip.AddrPort `json:"src"`
	Dst netip.AddrPort `json:"dst"`
}

// IPVS is a virtual service of IPVS (linux/ip_vs.h).
type IPVS struct {
	Proto uint8 `json:"proto,omitempty"`
	// Addr is the service's; not valid if it is one by Mark.
	Addr      netip.AddrPort `json:"addr,omitzero"`
	Mark      uint32         `json:"mark,omitempty"`
	Scheduler string         `json:"scheduler,omitempty"`
	Flags     uint32         `json:"flags,omitempty"`
	// Timeout of persistence in seconds.
	Timeout uint32     `json:"timeout,omitempty"`
	Reals   []IPVSReal `json:"reals,omitempty"`
}

// IPVSReal is a real server of an IPVS service.
type IPVSReal struct {
	Addr   netip.AddrPort `json:"addr"`
	Weight uint32         `json:"weight"`
	// Method is IP_VS_CONN_F_*: 0 masq, 1 localnode, 2 tunnel, 3 direct routing.
	Method uint32 `json:"method"`
	Active uint32 `json:"active,omitempty"`
}

// Listener is a socket that waits for packets (linux/inet_diag.h).
type Listener struct {
	// Proto is "tcp", "udp", "sctp", "raw" or "udplite".
	Proto string         `json:"proto"`
	Addr  netip.AddrPort `json:"addr"`
	// V6Only is true for a socket on :: that takes no IPv4.
	V6Only bool `json:"v6only,omitempty"`
	// Link is the index of the interface that it is bound to; 0 for all.
	Link int `json:"link,omitempty"`
	// Queue is how many connections wait, Backlog how many may.
	Queue   uint32 `json:"queue,omitempty"`
	Backlog uint32 `json:"backlog,omitempty"`
	UID     uint32 `json:"uid,omitempty"`
	Inode   uint32 `json:"inode,omitempty"`
}
