package iproute

import (
	"fmt"
	"hash/fnv"
	"strconv"
	"strings"
)

// Names that ip reads from /etc/iproute2 and /etc/protocols: the ones that come
// with iproute2 and netbase.

// scopes are those of rt_scopes (RT_SCOPE_* of linux/rtnetlink.h).
var scopes = map[string]uint8{"global": 0, "site": 200, "link": 253, "host": 254, "nowhere": 255}

// protocols are who made an entry (rt_protos, RTPROT_* of linux/rtnetlink.h).
var protocols = map[string]uint8{
	"unspec": 0, "none": 0, "redirect": 1, "kernel": 2, "boot": 3, "static": 4, "gated": 8, "ra": 9, "mrt": 10, "zebra": 11,
	"bird": 12, "dnrouted": 13, "xorp": 14, "ntk": 15, "dhcp": 16, "keepalived": 18, "babel": 42, "ovn": 84, "openr": 99,
	"bgp": 186, "isis": 187, "ospf": 188, "rip": 189, "eigrp": 192,
}

// addressProtocols are who made an address (rt_addrprotos, IFAPROT_* of
// linux/if_addr.h).
var addressProtocols = map[string]uint8{"kernel_lo": 1, "kernel_ra": 2, "kernel_ll": 3}

// routeTypes are RTN_* of linux/rtnetlink.h; of a rule's action FR_ACT_*, which
// has the same numbers from blackhole on.
var routeTypes = map[string]uint8{
	"none": 0, "unicast": 1, "local": 2, "broadcast": 3, "anycast": 4, "multicast": 5, "blackhole": 6, "unreachable": 7,
	"prohibit": 8, "throw": 9, "nat": 10, "xresolve": 11,
}

// routeFlags are RTNH_F_* and RTM_F_* of linux/rtnetlink.h.
var routeFlags = map[string]uint32{
	"dead": 1, "pervasive": 2, "onlink": 4, "offload": 8, "linkdown": 0x10, "unresolved": 0x20, "trap": 0x40, "notify": 0x100,
	"cloned": 0x200, "rt_offload": 0x4000, "rt_trap": 0x8000, "rt_offload_failed": 0x20000000,
}

// fields are types of service (rt_dsfield).
var fields = map[string]uint8{
	"default": 0, "CS0": 0, "LE": 0x04, "CS1": 0x20, "AF11": 0x28, "AF12": 0x30, "AF13": 0x38, "CS2": 0x40, "AF21": 0x48, "AF22": 0x50,
	"AF23": 0x58, "CS3": 0x60, "AF31": 0x68, "AF32": 0x70, "AF33": 0x78, "CS4": 0x80, "AF41": 0x88, "AF42": 0x90, "AF43": 0x98,
	"CS5": 0xa0, "VOICE-ADMIT": 0xb0, "EF": 0xb8, "CS6": 0xc0, "CS7": 0xe0,
}

// ipProtocols are protocols above IP (/etc/protocols).
var ipProtocols = map[string]uint8{
	"ip": 0, "icmp": 1, "igmp": 2, "ggp": 3, "ipencap": 4, "st": 5, "tcp": 6, "egp": 8, "igp": 9, "pup": 12, "udp": 17, "hmp": 20,
	"xns-idp": 22, "rdp": 27, "iso-tp4": 29, "dccp": 33, "xtp": 36, "ddp": 37, "idpr-cmtp": 38, "ipv6": 41, "ipv6-route": 43,
	"ipv6-frag": 44, "idrp": 45, "rsvp": 46, "gre": 47, "esp": 50, "ah": 51, "skip": 57, "ipv6-icmp": 58, "ipv6-nonxt": 59,
	"ipv6-opts": 60, "rspf": 73, "vmtp": 81, "eigrp": 88, "ospf": 89, "ax.25": 93, "ipip": 94, "etherip": 97, "encap": 98,
	"pim": 103, "ipcomp": 108, "vrrp": 112, "l2tp": 115, "isis": 124, "sctp": 132, "fc": 133, "mobility-header": 135,
	"udplite": 136, "mpls-in-ip": 137, "manet": 138, "hip": 139, "shim6": 140, "wesp": 141, "rohc": 142,
}

// hardware are types of links (ARPHRD_* of linux/if_arp.h).
var hardware = map[string]uint16{
	"netrom": 0, "ether": 1, "eether": 2, "ax25": 3, "pronet": 4, "chaos": 5, "ieee802": 6, "arcnet": 7, "atalk": 8, "dlci": 15,
	"atm": 19, "metricom": 23, "ieee1394": 24, "infiniband": 32, "slip": 256, "cslip": 257, "slip6": 258, "cslip6": 259,
	"rsrvd": 260, "adapt": 264, "rose": 270, "x25": 271, "hwx25": 272, "can": 280, "ppp": 512, "hdlc": 513, "lapb": 516,
	"ddcmp": 517, "rawhdlc": 518, "ipip": 768, "tunnel6": 769, "frad": 770, "skip": 771, "loopback": 772, "ltalk": 773,
	"fddi": 774, "bif": 775, "sit": 776, "ip/ddp": 777, "gre": 778, "pimreg": 779, "hippi": 780, "ash": 781, "econet": 782,
	"irda": 783, "fcpp": 784, "fcal": 785, "fcpl": 786, "fcfb0": 787, "fcfb1": 788, "fcfb2": 789, "fcfb3": 790, "fcfb4": 791,
	"fcfb5": 792, "fcfb6": 793, "fcfb7": 794, "fcfb8": 795, "fcfb9": 796, "fcfb10": 797, "fcfb11": 798, "fcfb12": 799, "tr": 800,
	"ieee802.11": 801, "ieee802.11/prism": 802, "ieee802.11/radiotap": 803, "ieee802.15.4": 804, "ieee802.15.4/monitor": 805,
	"phonet": 820, "phonet_pipe": 821, "caif": 822, "gre6": 823, "netlink": 824, "6lowpan": 825, "none": 65534, "void": 65535,
}

func hardwareType(p *uint16) setter {
	return func(s string) error {
		if inner, ok := strings.CutPrefix(s, "["); ok {
			s = strings.TrimSuffix(inner, "]")
		}
		return named(p, hardware)(s)
	}
}

// protocol takes who made an entry. A name that somebody has added to rt_protos
// tells no number.
func protocol(p *uint8) setter { return named(p, protocols) }

func ipProtocol(p *uint8) setter {
	return func(s string) error { return named(p, ipProtocols)(strings.TrimPrefix(s, "ipproto-")) }
}

// realms takes a pair of realms: "from/to", or "to".
func realms(p *uint32) setter {
	return func(s string) error {
		from, to, pair := strings.Cut(s, "/")
		if !pair {
			from, to = "0", from
		}
		high, err := parseRealm(from)
		low, err2 := parseRealm(to)
		if err == nil {
			err = err2
		}
		*p = high<<16 | low
		return err
	}
}

func parseRealm(s string) (uint32, error) {
	if s == "cosmos" {
		return 0, nil
	}
	v, err := parseNumber[uint16](s)
	return uint32(v), err
}

// group takes a group of interfaces.
func group[T uint32 | int32](p *T) setter {
	return func(s string) error {
		if s == "default" {
			*p = 0
			return nil
		}
		return number(p)(s)
	}
}

// table takes a routing table (rt_tables). Of a name that somebody has added
// there nobody can tell the number: it gets one of its own, the same wherever
// the name is, and the name is kept.
func (x *space) table(p *uint32) setter {
	return func(s string) error {
		switch s {
		case "unspec", "all":
			*p = 0
		case "default":
			*p = 253
		case "main":
			*p = 254
		case "local":
			*p = 255
		default:
			if v, err := strconv.ParseUint(s, 0, 32); err == nil {
				*p = uint32(v)
				return nil
			}
			if s == "" || strings.ContainsAny(s, "[]/:") {
				return fmt.Errorf("%q is no table", cut(s))
			}
			h := fnv.New32a()
			_, _ = h.Write([]byte(s))
			*p = h.Sum32() | 1<<31 // beyond what people number
			if x.ns.TableNames == nil {
				x.ns.TableNames = map[uint32]string{}
			}
			x.ns.TableNames[*p] = s
		}
		return nil
	}
}
