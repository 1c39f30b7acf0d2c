package netstate

import "net/netip"

// Conntrack is the connection table.
type Conntrack struct {
	// Count is how many connections there are, Max how many there may be; -1
	// where the kernel does not say: it does not track any.
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
	// State is the name of a state of TCP or SCTP; empty for other protocols.
	State string `json:"state,omitempty"`
	Mark  uint32 `json:"mark,omitempty"`
	Zone  uint16 `json:"zone,omitempty"`
	// Timeout in seconds; 0 where there is none, as of one that is offloaded.
	Timeout uint32 `json:"timeout,omitempty"`
	// Helper is the name of the helper that looks into it; empty for none.
	Helper string `json:"helper,omitempty"`
	// Security is the security context's name.
	Security string `json:"security,omitempty"`
	// Use is how many hold the entry.
	Use uint32 `json:"use,omitempty"`
	// Labels are a row of bits, in this machine's order; nil for none.
	Labels []byte `json:"labels,omitempty"`
}

// Tuple is one direction of a connection. Ports are 0 where the protocol has
// none; of ICMP the id stands in both.
type Tuple struct {
	Src netip.AddrPort `json:"src"`
	Dst netip.AddrPort `json:"dst"`
	// Type and Code are of ICMP and ICMPv6.
	Type uint8 `json:"type,omitempty"`
	Code uint8 `json:"code,omitempty"`
	// Zone is that of a zone for one direction alone; 0 for none.
	Zone uint16 `json:"zone,omitempty"`
	// Packets and Bytes are counted if nf_conntrack_acct is set.
	Packets uint64 `json:"packets,omitempty"`
	Bytes   uint64 `json:"bytes,omitempty"`
}

// IPVS is a virtual service of IPVS (linux/ip_vs.h).
type IPVS struct {
	Proto uint8 `json:"proto,omitempty"`
	// Addr is the service's; not valid if it is one by Mark.
	Addr netip.AddrPort `json:"addr,omitzero"`
	Mark uint32         `json:"mark,omitempty"`
	// IP6 is true for a service of IPv6.
	IP6       bool   `json:"ip6,omitempty"`
	Scheduler string `json:"scheduler,omitempty"`
	// Flags are IP_VS_SVC_F_*: 1 persistent, 4 one packet, 8, 16 and 32 the
	// scheduler's own.
	Flags uint32 `json:"flags,omitempty"`
	// Timeout of persistence in seconds; Netmask is how many bits of a client's
	// address persistence goes by. Both are valid iff Flags say persistent.
	Timeout uint32 `json:"timeout,omitempty"`
	Netmask uint8  `json:"netmask,omitempty"`
	// Engine is the persistence engine's name ("sip"); empty for none.
	Engine string     `json:"engine,omitempty"`
	Reals  []IPVSReal `json:"reals,omitempty"`
	Raw    []Attr     `json:"raw,omitempty"`
}

// IPVSReal is a real server of an IPVS service.
type IPVSReal struct {
	Addr   netip.AddrPort `json:"addr"`
	Weight uint32         `json:"weight"`
	// Method is IP_VS_CONN_F_*: 0 masq, 1 localnode, 2 tunnel, 3 direct routing.
	Method uint32 `json:"method"`
	// Upper and Lower are the numbers of connections between which it gets new
	// ones; 0 for no limit.
	Upper uint32 `json:"upper,omitempty"`
	Lower uint32 `json:"lower,omitempty"`
	// Active, Inactive and Persistent are connections that it has.
	Active     uint32 `json:"active,omitempty"`
	Inactive   uint32 `json:"inactive,omitempty"`
	Persistent uint32 `json:"persistent,omitempty"`
	// Tunnel is IP_VS_CONN_F_TUNNEL_TYPE_* of the method tunnel: 0 IP in IP,
	// 1 GUE, 2 GRE. Port is GUE's, TunnelFlags IP_VS_TUNNEL_ENCAP_FLAG_*.
	Tunnel      uint8  `json:"tunnel,omitempty"`
	Port        uint16 `json:"port,omitempty"`
	TunnelFlags uint16 `json:"tunnelFlags,omitempty"`
	Raw         []Attr `json:"raw,omitempty"`
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
	// Queue is how many connections wait, Backlog how many may. Of UDP, Queue is
	// how many bytes wait.
	Queue   uint32 `json:"queue,omitempty"`
	Backlog uint32 `json:"backlog,omitempty"`
	UID     uint32 `json:"uid,omitempty"`
	Inode   uint32 `json:"inode,omitempty"`
}
