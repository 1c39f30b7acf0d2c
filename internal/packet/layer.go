package packet

// Kind says what a layer is.
type Kind uint8

// The kinds of layer.
const (
	KindNone        Kind = iota
	KindEthernet         // view Ethernet
	KindLinuxSLL         // view SLL
	KindLinuxSLL2        // view SLL2
	KindLoopback         // 4 bytes: an address family
	KindVLAN             // view VLAN
	KindMPLS             // view MPLS, one layer per label
	KindPPPoE            // view PPPoE
	KindLLC              // behind an 802.3 length: left alone
	KindARP              // view ARP
	KindIPv4             // view IPv4
	KindIPv6             // view IPv6
	KindHopByHop         // view IPv6Extension
	KindRouting          // view IPv6Extension
	KindFragment         // view IPv6Fragment
	KindDestination      // view IPv6Extension; mobility, HIP and shim6 too
	KindAH               // view AH
	KindESP              // 8 bytes: SPI, sequence number
	KindTCP              // view TCP
	KindUDP              // view UDP
	KindSCTP             // view SCTP
	KindICMPv4           // view ICMP
	KindICMPv6           // view ICMP
	KindVXLAN            // view VXLAN
	KindGeneve           // view Geneve
	KindGRE              // view GRE
)

var kindNames = [...]string{
	"none", "ethernet", "sll", "sll2", "loopback", "vlan", "mpls", "pppoe", "llc", "arp", "ipv4", "ipv6",
	"hop-by-hop", "routing", "fragment", "destination", "ah", "esp", "tcp", "udp", "sctp", "icmp", "icmp6",
	"vxlan", "geneve", "gre",
}

// String returns the kind's name in lower case.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "unknown"
}

// IsNetwork reports whether the layer has addresses of hosts: IPv4, IPv6, ARP.
func (k Kind) IsNetwork() bool { return k == KindIPv4 || k == KindIPv6 || k == KindARP }

// IsTransport reports whether the layer is TCP, UDP, SCTP or ICMP.
func (k Kind) IsTransport() bool { return k >= KindTCP && k <= KindICMPv6 }

// Layer is one header of a decoded packet. It was captured whole.
type Layer struct {
	Kind Kind
	// Off is where the header starts, in bytes from the frame's first.
	Off int
	// Len is the header's length in bytes, options included.
	Len int
	// End is where header and payload end, as the header itself or the ones
	// around it declare; beyond the captured bytes if those were cut short.
	// Padding behind an IP packet lies after it.
	End int
}

// PayloadLen is the length in bytes of what follows the header, as declared.
func (l Layer) PayloadLen() int { return l.End - l.Off - l.Len }

// Stop says why decoding ended where it did.
type Stop uint8

// The reasons to stop.
const (
	// StopPayload: every header is known, the rest is payload.
	StopPayload Stop = iota
	// StopCut: the captured bytes end inside the next header.
	StopCut
	// StopMalformed: the next header contradicts itself or the ones around it.
	StopMalformed
	// StopFragment: what follows is a fragment other than the first, so it
	// does not start with a header.
	StopFragment
	// StopUnknown: the next header is of a type that is not decoded.
	StopUnknown
	// StopDeep: the packet has more than MaxLayers headers.
	StopDeep
)

var stopNames = [...]string{"payload", "cut", "malformed", "fragment", "unknown", "deep"}

// String returns the reason in one word.
func (s Stop) String() string {
	if int(s) < len(stopNames) {
		return stopNames[s]
	}
	return "invalid"
}
