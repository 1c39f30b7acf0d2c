package packet

// LinkType is the type of a frame's first header, numbered as LINKTYPE_ in
// pcap and pcapng files (https://www.tcpdump.org/linktypes.html).
type LinkType uint16

// The link types that pktrail reads.
const (
	LinkNull      LinkType = 0   // BSD loopback, host byte order
	LinkEthernet  LinkType = 1   // DLT_EN10MB
	LinkRaw       LinkType = 101 // starts with IPv4 or IPv6
	LinkLoop      LinkType = 108 // BSD loopback, network byte order
	LinkLinuxSLL  LinkType = 113 // Linux cooked v1
	LinkIPv4      LinkType = 228
	LinkIPv6      LinkType = 229
	LinkLinuxSLL2 LinkType = 276 // Linux cooked v2
)
