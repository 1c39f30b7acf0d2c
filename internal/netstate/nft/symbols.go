package nft

// kind is the data type of a value: how it is written.
type kind uint8

// The data types, after nft(8), DATA TYPES and EXPRESSIONS.
const (
	kindInteger kind = iota
	kindHex          // raw payload
	kindString
	kindIfname
	kindIfindex
	kindMark
	kindIPv4
	kindIPv6
	kindEther
	kindPort
	kindProto
	kindEthertype
	kindNFProto
	kindPktType
	kindIfType
	kindRealm
	kindClassid
	kindDevGroup
	kindICMPType
	kindICMPCode
	kindICMPv6Type
	kindICMPv6Code
	kindIGMPType
	kindTCPFlag
	kindDSCP
	kindECN
	kindARPOp
	kindCTState
	kindCTDir
	kindCTStatus
	kindCTLabel
	kindCTEvent
	kindAddrType
	kindBoolean
	kindDuration // milliseconds
	kindTime     // nanoseconds since 1970
	kindDay
	kindHour // seconds since midnight
	kindMHType
	kindAddrPort  // address . port
	kindAddrRange // first and last address
)

// symbol is a number with a name.
type symbol struct {
	n    uint64
	name string
}

// symbols of each data type that has names, in the order in which nft looks
// through them: the first that fits is written. Sources: nftables' datatype.c,
// ct.c, meta.c, proto.c, fib.c, and the headers that they take the numbers
// from.
var symbols = map[kind][]symbol{
	kindEthertype: {{0x0800, "ip"}, {0x0806, "arp"}, {0x86dd, "ip6"}, {0x8100, "8021q"}, {0x88a8, "8021ad"}},
	kindNFProto:   {{2, "ipv4"}, {10, "ipv6"}},
	kindPktType:   {{0, "host"}, {1, "broadcast"}, {2, "multicast"}, {3, "other"}},
	kindIfType:    {{1, "ether"}, {512, "ppp"}, {768, "ipip"}, {769, "ipip6"}, {772, "loopback"}, {776, "sit"}, {778, "ipgre"}},
	kindRealm:     {{0, "cosmos"}},
	kindDevGroup:  {{0, "default"}},
	kindICMPType: {
		{0, "echo-reply"},
		{3, "destination-unreachable"},
		{4, "source-quench"},
		{5, "redirect"},
		{8, "echo-request"},
		{9, "router-advertisement"},
		{10, "router-solicitation"},
		{11, "time-exceeded"},
		{12, "parameter-problem"},
		{13, "timestamp-request"},
		{14, "timestamp-reply"},
		{15, "info-request"},
		{16, "info-reply"},
		{17, "address-mask-request"},
		{18, "address-mask-reply"},
	},
	kindICMPCode: {
		{0, "net-unreachable"},
		{1, "host-unreachable"},
		{2, "prot-unreachable"},
		{3, "port-unreachable"},
		{9, "net-prohibited"},
		{10, "host-prohibited"},
		{13, "admin-prohibited"},
		{4, "frag-needed"},
	},
	kindICMPv6Type: {
		{1, "destination-unreachable"},
		{2, "packet-too-big"},
		{3, "time-exceeded"},
		{4, "parameter-problem"},
		{128, "echo-request"},
		{129, "echo-reply"},
		{130, "mld-listener-query"},
		{131, "mld-listener-report"},
		{132, "mld-listener-done"},
		{133, "nd-router-solicit"},
		{134, "nd-router-advert"},
		{135, "nd-neighbor-solicit"},
		{136, "nd-neighbor-advert"},
		{137, "nd-redirect"},
		{138, "router-renumbering"},
		{141, "ind-neighbor-solicit"},
		{142, "ind-neighbor-advert"},
		{143, "mld2-listener-report"},
	},
	kindICMPv6Code: {
		{0, "no-route"}, {1, "admin-prohibited"}, {3, "addr-unreachable"}, {4, "port-unreachable"}, {5, "policy-fail"}, {6, "reject-route"},
	},
	kindIGMPType: {
		{0x11, "membership-query"},
		{0x12, "membership-report-v1"},
		{0x16, "membership-report-v2"},
		{0x22, "membership-report-v3"},
		{0x17, "leave-group"},
	},
	kindTCPFlag: {{1, "fin"}, {2, "syn"}, {4, "rst"}, {8, "psh"}, {16, "ack"}, {32, "urg"}, {64, "ecn"}, {128, "cwr"}},
	kindDSCP: {
		{0x00, "cs0"},
		{0x08, "cs1"},
		{0x10, "cs2"},
		{0x18, "cs3"},
		{0x20, "cs4"},
		{0x28, "cs5"},
		{0x30, "cs6"},
		{0x38, "cs7"},
		{0x01, "lephb"},
		{0x0a, "af11"},
		{0x0c, "af12"},
		{0x0e, "af13"},
		{0x12, "af21"},
		{0x14, "af22"},
		{0x16, "af23"},
		{0x1a, "af31"},
		{0x1c, "af32"},
		{0x1e, "af33"},
		{0x22, "af41"},
		{0x24, "af42"},
		{0x26, "af43"},
		{0x2c, "va"},
		{0x2e, "ef"},
	},
	kindECN:   {{0, "not-etc"}, {1, "ect1"}, {2, "ect0"}, {3, "ce"}},
	kindARPOp: {{1, "request"}, {2, "reply"}, {3, "rrequest"}, {4, "rreply"}, {8, "inrequest"}, {9, "inreply"}, {10, "nak"}},
	kindCTState: {
		{1, "invalid"}, {2, "established"}, {4, "related"}, {8, "new"}, {64, "untracked"},
	},
	kindCTDir: {{0, "original"}, {1, "reply"}},
	kindCTStatus: {
		{1, "expected"}, {2, "seen-reply"}, {4, "assured"}, {8, "confirmed"}, {16, "snat"}, {32, "dnat"}, {512, "dying"},
	},
	kindCTEvent: {
		{1, "new"},
		{2, "related"},
		{4, "destroy"},
		{8, "reply"},
		{16, "assured"},
		{32, "protoinfo"},
		{64, "helper"},
		{128, "mark"},
		{256, "seqadj"},
		{512, "secmark"},
		{1024, "label"},
	},
	kindAddrType: {
		{0, "unspec"},
		{1, "unicast"},
		{2, "local"},
		{3, "broadcast"},
		{4, "anycast"},
		{5, "multicast"},
		{6, "blackhole"},
		{7, "unreachable"},
		{8, "prohibit"},
		{9, "throw"},
		{10, "nat"},
		{11, "xresolve"},
	},
	kindBoolean: {{1, "exists"}, {0, "missing"}},
	kindDay: {
		{0, "Sunday"}, {1, "Monday"}, {2, "Tuesday"}, {3, "Wednesday"}, {4, "Thursday"}, {5, "Friday"}, {6, "Saturday"},
	},
	kindMHType: {
		{0, "binding-refresh-request"},
		{1, "home-test-init"},
		{2, "careof-test-init"},
		{3, "home-test"},
		{4, "careof-test"},
		{5, "binding-update"},
		{6, "binding-acknowledgement"},
		{7, "binding-error"},
		{8, "fast-binding-update"},
		{9, "fast-binding-acknowledgement"},
		{10, "fast-binding-advertisement"},
		{11, "experimental-mobility-header"},
		{12, "home-agent-switch-message"},
	},
}

// bitmask says that a value of this type is a set of flags.
func (k kind) bitmask() bool {
	switch k {
	case kindCTState, kindCTStatus, kindCTLabel, kindCTEvent, kindTCPFlag:
		return true
	}
	return false
}

// prefixable says that nft writes a masked value as value/length.
func (k kind) prefixable() bool {
	switch k {
	case kindIPv4, kindIPv6, kindMark:
		return true
	}
	return false
}

// words says that the value is text, whose bytes are never swapped.
func (k kind) words() bool { return k == kindString || k == kindIfname }
