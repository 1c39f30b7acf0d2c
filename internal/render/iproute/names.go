package iproute

import "strconv"

// Names that ip reads from /etc/iproute2 and /etc/protocols: the ones that
// come with iproute2 and netbase. What somebody has added there is a number
// here, as on any other machine.

// number writes what has no name.
func number(v uint32) string { return strconv.FormatUint(uint64(v), 10) }

// tableName names a routing table (rt_tables).
func tableName(table uint32) string {
	switch table {
	case 0:
		return "unspec"
	case 253:
		return "default"
	case 254:
		return "main"
	case 255:
		return "local"
	}
	return number(table)
}

// scopeName names a scope (rt_scopes, RT_SCOPE_* of linux/rtnetlink.h).
func scopeName(scope uint8) string {
	switch scope {
	case 0:
		return "global"
	case 200:
		return "site"
	case 253:
		return "link"
	case 254:
		return "host"
	case 255:
		return "nowhere"
	}
	return number(uint32(scope))
}

// protocolName names who made an entry (rt_protos, RTPROT_* of
// linux/rtnetlink.h).
func protocolName(protocol uint8) string {
	low := [...]string{
		0: "unspec", 1: "redirect", 2: "kernel", 3: "boot", 4: "static", 8: "gated", 9: "ra", 10: "mrt",
		11: "zebra", 12: "bird", 13: "dnrouted", 14: "xorp", 15: "ntk", 16: "dhcp", 18: "keepalived",
		42: "babel", 99: "openr", 186: "bgp", 187: "isis", 188: "ospf", 189: "rip", 192: "eigrp",
	}
	if int(protocol) < len(low) && low[protocol] != "" {
		return low[protocol]
	}
	return number(uint32(protocol))
}

// typeName names a route's type (RTN_* of linux/rtnetlink.h).
func typeName(typ uint8) string {
	names := [...]string{
		"none", "unicast", "local", "broadcast", "anycast", "multicast", "blackhole", "unreachable", "prohibit",
		"throw", "nat", "xresolve",
	}
	if int(typ) < len(names) {
		return names[typ]
	}
	return number(uint32(typ))
}

// fieldName names a type of service (rt_dsfield).
func fieldName(tos uint8) string {
	const first, last = 0x20, 0xe0
	names := [...]string{
		0x20 - first: "CS1", 0x28 - first: "AF11", 0x30 - first: "AF12", 0x38 - first: "AF13",
		0x40 - first: "CS2", 0x48 - first: "AF21", 0x50 - first: "AF22", 0x58 - first: "AF23",
		0x60 - first: "CS3", 0x68 - first: "AF31", 0x70 - first: "AF32", 0x78 - first: "AF33",
		0x80 - first: "CS4", 0x88 - first: "AF41", 0x90 - first: "AF42", 0x98 - first: "AF43",
		0xa0 - first: "CS5", 0xb8 - first: "EF", 0xc0 - first: "CS6", 0xe0 - first: "CS7",
	}
	if tos >= first && tos <= last && names[tos-first] != "" {
		return names[tos-first]
	}
	if tos < 16 {
		return "0x0" + strconv.FormatUint(uint64(tos), 16)
	}
	return "0x" + strconv.FormatUint(uint64(tos), 16)
}

// realmName names a realm (rt_realms).
func realmName(realm uint32) string {
	if realm == 0 {
		return "cosmos"
	}
	return number(realm)
}

// groupName names a group of interfaces (group).
func groupName(group int32) string {
	if group == 0 {
		return "default"
	}
	return strconv.FormatInt(int64(group), 10)
}

// ipProtoName names a protocol above IP (/etc/protocols).
func ipProtoName(proto uint8) string {
	names := [...]string{
		0: "ip", 1: "icmp", 2: "igmp", 3: "ggp", 4: "ipencap", 5: "st", 6: "tcp", 8: "egp", 9: "igp", 12: "pup",
		17: "udp", 20: "hmp", 22: "xns-idp", 27: "rdp", 29: "iso-tp4", 33: "dccp", 36: "xtp", 37: "ddp",
		38: "idpr-cmtp", 41: "ipv6", 43: "ipv6-route", 44: "ipv6-frag", 45: "idrp", 46: "rsvp", 47: "gre",
		50: "esp", 51: "ah", 57: "skip", 58: "ipv6-icmp", 59: "ipv6-nonxt", 60: "ipv6-opts", 73: "rspf",
		81: "vmtp", 88: "eigrp", 89: "ospf", 93: "ax.25", 94: "ipip", 97: "etherip", 98: "encap", 103: "pim",
		108: "ipcomp", 112: "vrrp", 115: "l2tp", 124: "isis", 132: "sctp", 133: "fc", 135: "mobility-header",
		136: "udplite", 137: "mpls-in-ip", 138: "manet", 139: "hip", 140: "shim6", 141: "wesp", 142: "rohc",
	}
	if int(proto) < len(names) && names[proto] != "" {
		return names[proto]
	}
	return "ipproto-" + number(uint32(proto))
}
