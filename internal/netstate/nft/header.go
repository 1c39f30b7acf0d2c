package nft

// field is one field of a protocol header, in bits from its start.
type field struct {
	name     string
	off, len uint32
	kind     kind
}

// headers are the protocols whose fields nft names (its proto.c).
var headers = map[string][]field{
	"ether": {{"daddr", 0, 48, kindEther}, {"saddr", 48, 48, kindEther}, {"type", 96, 16, kindEthertype}},
	"vlan":  {{"pcp", 0, 3, kindInteger}, {"dei", 3, 1, kindInteger}, {"id", 4, 12, kindInteger}, {"type", 16, 16, kindEthertype}},
	"arp": {
		{"htype", 0, 16, kindInteger},
		{"ptype", 16, 16, kindEthertype},
		{"hlen", 32, 8, kindInteger},
		{"plen", 40, 8, kindInteger},
		{"operation", 48, 16, kindARPOp},
		{"saddr ether", 64, 48, kindEther},
		{"saddr ip", 112, 32, kindIPv4},
		{"daddr ether", 144, 48, kindEther},
		{"daddr ip", 192, 32, kindIPv4},
	},
	"ip": {
		{"version", 0, 4, kindInteger},
		{"hdrlength", 4, 4, kindInteger},
		{"dscp", 8, 6, kindDSCP},
		{"ecn", 14, 2, kindECN},
		{"length", 16, 16, kindInteger},
		{"id", 32, 16, kindInteger},
		{"frag-off", 48, 16, kindInteger},
		{"ttl", 64, 8, kindInteger},
		{"protocol", 72, 8, kindProto},
		{"checksum", 80, 16, kindInteger},
		{"saddr", 96, 32, kindIPv4},
		{"daddr", 128, 32, kindIPv4},
	},
	"ip6": {
		{"version", 0, 4, kindInteger},
		{"dscp", 4, 6, kindDSCP},
		{"ecn", 10, 2, kindECN},
		{"flowlabel", 12, 20, kindInteger},
		{"length", 32, 16, kindInteger},
		{"nexthdr", 48, 8, kindProto},
		{"hoplimit", 56, 8, kindInteger},
		{"saddr", 64, 128, kindIPv6},
		{"daddr", 192, 128, kindIPv6},
	},
	"tcp": {
		{"sport", 0, 16, kindPort},
		{"dport", 16, 16, kindPort},
		{"sequence", 32, 32, kindInteger},
		{"ackseq", 64, 32, kindInteger},
		{"doff", 96, 4, kindInteger},
		{"reserved", 100, 4, kindInteger},
		{"flags", 104, 8, kindTCPFlag},
		{"window", 112, 16, kindInteger},
		{"checksum", 128, 16, kindInteger},
		{"urgptr", 144, 16, kindInteger},
	},
	"udp":     {{"sport", 0, 16, kindPort}, {"dport", 16, 16, kindPort}, {"length", 32, 16, kindInteger}, {"checksum", 48, 16, kindInteger}},
	"udplite": {{"sport", 0, 16, kindPort}, {"dport", 16, 16, kindPort}, {"csumcov", 32, 16, kindInteger}, {"checksum", 48, 16, kindInteger}},
	"sctp":    {{"sport", 0, 16, kindPort}, {"dport", 16, 16, kindPort}, {"vtag", 32, 32, kindInteger}, {"checksum", 64, 32, kindInteger}},
	"dccp":    {{"sport", 0, 16, kindPort}, {"dport", 16, 16, kindPort}, {"type", 67, 4, kindInteger}},
	"th":      {{"sport", 0, 16, kindPort}, {"dport", 16, 16, kindPort}},
	"icmp": {
		{"type", 0, 8, kindICMPType},
		{"code", 8, 8, kindICMPCode},
		{"checksum", 16, 16, kindInteger},
		{"id", 32, 16, kindInteger},
		{"sequence", 48, 16, kindInteger},
	},
	"icmpv6": {
		{"type", 0, 8, kindICMPv6Type},
		{"code", 8, 8, kindICMPv6Code},
		{"checksum", 16, 16, kindInteger},
		{"id", 32, 16, kindInteger},
		{"sequence", 48, 16, kindInteger},
	},
	"igmp": {{"type", 0, 8, kindIGMPType}, {"mrt", 8, 8, kindInteger}, {"checksum", 16, 16, kindInteger}, {"group", 32, 32, kindIPv4}},
	"ah": {
		{"nexthdr", 0, 8, kindProto},
		{"hdrlength", 8, 8, kindInteger},
		{"reserved", 16, 16, kindInteger},
		{"spi", 32, 32, kindInteger},
		{"sequence", 64, 32, kindInteger},
	},
	"esp":  {{"spi", 0, 32, kindInteger}, {"sequence", 32, 32, kindInteger}},
	"comp": {{"nexthdr", 0, 8, kindProto}, {"flags", 8, 8, kindInteger}, {"cpi", 16, 16, kindInteger}},
}

// icmpKey is a type of ICMP or ICMPv6.
type icmpKey struct {
	proto string
	kind  uint64
}

// icmpFields are what the second word of the header is for some types.
var icmpFields = map[icmpKey]field{
	{"icmp", 3}: {"mtu", 48, 16, kindInteger}, {"icmp", 5}: {"gateway", 32, 32, kindInteger},
	{"icmpv6", 2}: {"mtu", 32, 32, kindInteger}, {"icmpv6", 4}: {"parameter-problem", 32, 32, kindInteger},
	{"icmpv6", 130}: {"max-delay", 32, 16, kindInteger}, {"icmpv6", 131}: {"max-delay", 32, 16, kindInteger},
	{"icmpv6", 132}: {"max-delay", 32, 16, kindInteger},
}

// transports are the headers that follow an IP protocol number.
var transports = map[uint64]string{
	1: "icmp", 2: "igmp", 6: "tcp", 17: "udp", 33: "dccp", 50: "esp", 51: "ah", 58: "icmpv6", 108: "comp", 132: "sctp", 136: "udplite",
}

// networks are the headers that follow an EtherType.
var networks = map[uint64]string{0x0800: "ip", 0x0806: "arp", 0x86dd: "ip6", 0x8100: "vlan"}

// find returns the field of a header at a bit offset: the one of exactly that
// length if there is one, else the first that is not longer.
func find(proto string, off, bits uint32) (field, bool) {
	var fit field
	for _, f := range headers[proto] {
		switch {
		case f.off != off || f.len > bits:
		case f.len == bits:
			return f, true
		case fit.len == 0:
			fit = f
		}
	}
	return fit, fit.len != 0
}

// within returns the address field that begins at a bit offset and is longer:
// nft compares only the first bytes of an address with a prefix of whole bytes.
func within(proto string, off, bits uint32) (field, bool) {
	for _, f := range headers[proto] {
		if f.off == off && f.len > bits && f.kind.prefixable() {
			return f, true
		}
	}
	return field{}, false
}

// header is an option or extension header of which some bits were loaded.
type header struct {
	text string
	// class and name are what its object in JSON is called, and its name there.
	class, name string
	fields      []field
}

// option is a TCP option, an IPv6 extension header or an IP option with its
// fields.
type option struct {
	name   string
	fields []field
}

// tcpOptions are by the option's kind (nftables' tcpopt.c).
var tcpOptions = map[uint32]option{
	0: {"eol", nil}, 1: {"nop", nil},
	2:  {"maxseg", []field{{"size", 16, 16, kindInteger}, {"length", 8, 8, kindInteger}}},
	3:  {"window", []field{{"count", 16, 8, kindInteger}, {"length", 8, 8, kindInteger}}},
	4:  {"sack-perm", []field{{"length", 8, 8, kindInteger}}},
	5:  {"sack", []field{{"left", 16, 32, kindInteger}, {"right", 48, 32, kindInteger}, {"length", 8, 8, kindInteger}}},
	19: {"md5sig", []field{{"length", 8, 8, kindInteger}}}, 30: {"mptcp", []field{{"subtype", 16, 4, kindInteger}, {"length", 8, 8, kindInteger}}},
	34: {"fastopen", []field{{"length", 8, 8, kindInteger}}},
	8:  {"timestamp", []field{{"tsval", 16, 32, kindInteger}, {"tsecr", 48, 32, kindInteger}, {"length", 8, 8, kindInteger}}},
}

// extensions are by the IPv6 next header value (nftables' exthdr.c).
var extensions = map[uint32]option{
	0:   {"hbh", []field{{"nexthdr", 0, 8, kindProto}, {"hdrlength", 8, 8, kindInteger}}},
	43:  {"rt", []field{{"nexthdr", 0, 8, kindProto}, {"hdrlength", 8, 8, kindInteger}, {"type", 16, 8, kindInteger}, {"seg-left", 24, 8, kindInteger}}},
	44:  {"frag", []field{{"nexthdr", 0, 8, kindProto}, {"reserved", 8, 8, kindInteger}, {"frag-off", 16, 13, kindInteger}, {"reserved2", 29, 2, kindInteger}, {"more-fragments", 31, 1, kindInteger}, {"id", 32, 32, kindInteger}}},
	60:  {"dst", []field{{"nexthdr", 0, 8, kindProto}, {"hdrlength", 8, 8, kindInteger}}},
	135: {"mh", []field{{"nexthdr", 0, 8, kindProto}, {"hdrlength", 8, 8, kindInteger}, {"type", 16, 8, kindMHType}, {"reserved", 24, 8, kindInteger}, {"checksum", 32, 16, kindInteger}}},
}

// ipOptions are by the option's type (nftables' ipopt.c).
var ipOptions = map[uint32]option{
	131: {"lsrr", []field{{"type", 0, 8, kindInteger}, {"length", 8, 8, kindInteger}, {"ptr", 16, 8, kindInteger}, {"addr", 24, 32, kindIPv4}}},
	7:   {"rr", []field{{"type", 0, 8, kindInteger}, {"length", 8, 8, kindInteger}, {"ptr", 16, 8, kindInteger}, {"addr", 24, 32, kindIPv4}}},
	137: {"ssrr", []field{{"type", 0, 8, kindInteger}, {"length", 8, 8, kindInteger}, {"ptr", 16, 8, kindInteger}, {"addr", 24, 32, kindIPv4}}},
	148: {"ra", []field{{"type", 0, 8, kindInteger}, {"length", 8, 8, kindInteger}, {"value", 16, 16, kindInteger}}},
}
