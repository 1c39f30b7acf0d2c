package nft

import "strings"

// The expressions that nft can put behind typeof (its expression.h, enum
// expr_types).
const (
	exprPayload = 7
	exprExthdr  = 8
	exprMeta    = 9
	exprSocket  = 10
	exprOSF     = 11
	exprCT      = 12
	exprConcat  = 13
	exprNumgen  = 23
	exprRT      = 25
	exprFIB     = 26
	exprXFRM    = 27
)

// protocols are the headers by nft's number (its proto.h, enum proto_desc_id).
// Their fields are numbered in their order, from 1.
var protocols = [...]string{
	1: "ah", 2: "esp", 3: "comp", 4: "icmp", 5: "igmp", 6: "udp", 7: "udplite", 8: "tcp", 9: "dccp", 10: "sctp", 11: "th",
	12: "ip", 13: "ip6", 14: "icmpv6", 15: "arp", 16: "vlan", 17: "ether",
}

// typeof reads the expression that stood behind typeof, as nft writes it; ""
// for one that is not known.
func typeof(b []byte, depth int) string {
	var kind uint32
	var data []byte
	for k, v := range userData(b) {
		switch k {
		case 0: // NFTNL_UDATA_SET_TYPEOF_EXPR
			kind = native32(v)
		case 1: // NFTNL_UDATA_SET_TYPEOF_DATA
			data = v
		}
	}
	if kind == exprConcat {
		return typeofAll(data, depth)
	}
	var n [4]uint32
	for k, v := range userData(data) {
		if int(k) < len(n) {
			n[k] = native32(v)
		}
	}
	return typeofOne(kind, n)
}

// typeofOne writes one expression by its kind and nft's numbers for it.
func typeofOne(kind uint32, n [4]uint32) string {
	switch kind {
	case exprPayload:
		return payloadName(n[0], n[1])
	case exprMeta:
		if key := n[0]; key < uint32(len(metaKeys)) {
			return metaKeys[key].text
		}
	case exprCT:
		return ctName(n[0], n[1])
	case exprExthdr:
		return extensionName(n[0], n[1], n[2])
	case exprSocket:
		return socketSelector(&Socket{Key: n[0]}).text
	case exprOSF:
		return osfSelector(&OSF{}).text
	case exprNumgen:
		return numgenSelector(&Numgen{Type: n[0], Modulus: n[1], Offset: n[2]}).text
	case exprRT:
		return rtSelector(&RT{Key: n[0]}).text
	case exprFIB:
		return fibSelector(&FIB{Result: n[0], Flags: n[1]}).text
	case exprXFRM:
		return xfrmSelector(&XFRM{Key: n[0], Num: n[1], Dir: n[2]}).text
	}
	return ""
}

// typeofAll reads the parts of a concatenation.
func typeofAll(data []byte, depth int) string {
	const deepest = 2
	var parts []string
	for _, v := range userData(data) {
		part := ""
		if depth < deepest {
			part = typeof(v, depth+1)
		}
		if part == "" {
			return ""
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, " . ")
}

func payloadName(desc, index uint32) string {
	if desc >= uint32(len(protocols)) || protocols[desc] == "" {
		return ""
	}
	proto := protocols[desc]
	names := fieldNumbers[proto]
	if names == nil {
		for _, f := range headers[proto] {
			names = append(names, f.name)
		}
	}
	if index == 0 || index > uint32(len(names)) {
		return ""
	}
	return proto + " " + names[index-1]
}

// fieldNumbers are the fields, from number 1, of headers where nft's numbers are
// not in the fields' order (its proto.h).
var fieldNumbers = map[string][]string{
	"vlan":   {"pcp", "dei", "cfi", "id", "type"},
	"icmp":   {"type", "code", "checksum", "id", "sequence", "gateway", "mtu"},
	"icmpv6": {"type", "code", "checksum", "parameter-problem", "mtu", "id", "sequence", "max-delay"},
	"igmp":   {"type", "checksum", "mrt", "group"},
}

func ctName(key, dir uint32) string {
	if key >= uint32(len(ctKeys)) {
		return ""
	}
	switch dir {
	case 0:
		return "ct original " + ctKeys[key].text
	case 1:
		return "ct reply " + ctKeys[key].text
	}
	return "ct " + ctKeys[key].text
}

// extensionHeaders are IPv6's by nft's number (its exthdr.h, enum
// exthdr_desc_id), as they are in extensions.
var extensionHeaders = map[uint32]uint32{1: 0, 2: 43, 6: 44, 7: 60, 8: 135}

// extensionName names a field of a TCP option, IP option or IPv6 extension
// header by enum nft_exthdr_op.
func extensionName(desc, index, op uint32) string {
	word, o, first := "", option{}, uint32(1)
	switch op {
	case 0: // NFT_EXTHDR_OP_IPV6
		number, ok := extensionHeaders[desc]
		if !ok {
			return ""
		}
		o = extensions[number]
	case 1: // NFT_EXTHDR_OP_TCPOPT; kind and length are numbered too
		word, o, first = "tcp option ", tcpOptions[desc], 2
	case 2: // NFT_EXTHDR_OP_IPV4
		word, o = "ip option ", ipOptions[desc]
	}
	if index < first || index-first >= uint32(len(o.fields)) {
		return ""
	}
	return word + o.name + " " + o.fields[index-first].name
}
