package nft

// datatype is a type of nft's (its datatype.h, enum datatypes), which stands in
// the declaration of a set.
type datatype struct {
	name string
	kind kind
	// bits is 0 for a type without a size of its own. host is true for a value
	// that lies in the machine's byte order.
	bits uint32
	host bool
	// perLine is how many elements of such a set nft writes in one line.
	perLine int
}

// dataTypes are by nft's number.
var dataTypes = [...]datatype{
	2:  {"nf_proto", kindNFProto, 8, true, 5},
	3:  {"bitmask", kindHex, 0, true, 1},
	4:  {"integer", kindInteger, 0, false, 5},
	5:  {"string", kindString, 0, false, 1},
	6:  {"ll_addr", kindEther, 0, false, 1},
	7:  {"ipv4_addr", kindIPv4, 32, false, 2},
	8:  {"ipv6_addr", kindIPv6, 128, false, 1},
	9:  {"ether_addr", kindEther, 48, false, 1},
	10: {"ether_type", kindEthertype, 16, false, 1},
	11: {"arp_op", kindARPOp, 16, false, 5},
	12: {"inet_proto", kindProto, 8, false, 5},
	13: {"inet_service", kindPort, 16, false, 5},
	14: {"icmp_type", kindICMPType, 8, false, 1},
	15: {"tcp_flag", kindTCPFlag, 8, false, 5},
	16: {"dccp_pkttype", kindInteger, 4, false, 5},
	17: {"mh_type", kindMHType, 8, false, 1},
	18: {"time", kindDuration, 64, true, 1},
	19: {"mark", kindMark, 32, true, 5},
	20: {"iface_index", kindIfindex, 32, true, 5},
	21: {"iface_type", kindIfType, 16, true, 1},
	22: {"realm", kindRealm, 32, true, 1},
	23: {"classid", kindClassid, 32, true, 5},
	24: {"uid", kindInteger, 32, true, 5},
	25: {"gid", kindInteger, 32, true, 5},
	26: {"ct_state", kindCTState, 32, true, 2},
	27: {"ct_dir", kindCTDir, 8, true, 5},
	28: {"ct_status", kindCTStatus, 32, true, 2},
	29: {"icmpv6_type", kindICMPv6Type, 8, false, 1},
	30: {"ct_label", kindCTLabel, 128, true, 1},
	31: {"pkt_type", kindPktType, 8, true, 2},
	32: {"icmp_code", kindICMPCode, 8, false, 1},
	33: {"icmpv6_code", kindICMPv6Code, 8, false, 1},
	34: {"icmpx_code", kindInteger, 8, false, 1},
	35: {"devgroup", kindDevGroup, 32, true, 1},
	36: {"dscp", kindDSCP, 6, false, 1},
	37: {"ecn", kindECN, 2, false, 1},
	38: {"fib_addrtype", kindAddrType, 32, true, 1},
	39: {"boolean", kindBoolean, 8, true, 1},
	40: {"ct_event", kindCTEvent, 32, true, 1},
	41: {"ifname", kindIfname, 128, false, 1},
	42: {"igmp_type", kindIGMPType, 8, false, 1},
	43: {"time", kindTime, 64, true, 1},
	44: {"hour", kindHour, 32, true, 1},
	45: {"day", kindDay, 8, true, 1},
	46: {"cgroupsv2", kindInteger, 64, true, 1},
}

// typeVerdict stands for verdicts where the kernel has them as data
// (NFT_DATA_VERDICT).
const typeVerdict = 0xffffff00

// The parts of a concatenation's number have six bits each.
const (
	typeBits = 6
	typeMask = 1<<typeBits - 1
)

// typeParts cuts the number of a type up, the first part first.
func typeParts(number uint32) []uint32 {
	var parts []uint32
	for ; number != 0; number >>= typeBits {
		parts = append([]uint32{number & typeMask}, parts...)
	}
	return parts
}

func dataType(number uint32) datatype {
	if number < uint32(len(dataTypes)) && dataTypes[number].name != "" {
		return dataTypes[number]
	}
	return datatype{name: "integer", kind: kindHex, perLine: 1}
}

// typeNames are the names of the parts.
func typeNames(number uint32) []string {
	if number == typeVerdict {
		return []string{"verdict"}
	}
	var names []string
	for _, t := range typeParts(number) {
		names = append(names, dataType(t).name)
	}
	return names
}

// typed makes the parts of a key from the number of a type. Length is the whole
// key's, in bytes; lens those of its parts if they are known; order is nft's
// number of the byte order that integers lie in.
func typed(number, length uint32, lens []uint32, order uint32) key {
	var k key
	parts := typeParts(number)
	for i, t := range parts {
		d := dataType(t)
		s := selector{kind: d.kind, host: d.host, bits: d.bits}
		if d.bits == 0 || d.name == "integer" {
			s.host = order == 1 && !d.kind.words()
		}
		switch {
		case len(parts) == 1:
			s.bits = length * 8
		case i < len(lens):
			s.bits = lens[i] * 8
		case s.bits == 0:
			s.bits = 32
		}
		k.parts = append(k.parts, s)
	}
	return k
}
