package ipset

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/pktrail/pktrail/internal/netstate/nlattr"
	"github.com/pktrail/pktrail/internal/netstate/xt"
)

// Attributes of a member only (enum of IPSET_ATTR_* at ADT level).
const (
	attrEther    = 17
	attrName     = 18
	attrNameRef  = 19
	attrIP2      = 20
	attrCIDR2    = 21
	attrIface    = 23
	attrBytes    = 24
	attrPackets  = 25
	attrComment  = 26
	attrSKBMark  = 27
	attrSKBPrio  = 28
	attrSKBQueue = 29
	attrPad      = 30
)

// partsOf are the parts that a type's members have: those of "hash:ip,port" are
// "ip" and "port".
func partsOf(kind string) []string {
	_, parts, _ := strings.Cut(kind, ":")
	return strings.Split(parts, ",")
}

// member writes the members of a set.
type member struct{ parts []string }

// attrs are a member's attributes by number.
type attrs [attrPad][]byte

// write writes a member as `ipset save` does.
func (m *member) write(b []byte) string {
	var a attrs
	odd := ""
	whole := nlattr.Each(b, func(k uint16, v []byte) {
		switch {
		case k == attrPad:
		case k < attrPad && memberKnows(k):
			a[k] = v
		default:
			odd += " " + unknown(k, v)
		}
	})
	if !whole {
		odd += " [ cut short ]"
	}
	var words []string
	addresses := 0
	for _, p := range m.parts {
		if p == "ip" || p == "net" {
			addresses++
		}
		if w := a.part(p, addresses); w != "" {
			words = append(words, w)
		}
	}
	return strings.Join(words, ",") + a.extensions() + odd
}

// memberKnows says that an attribute of a member is written.
func memberKnows(k uint16) bool {
	switch k {
	case attrIP, attrCIDR, attrPort, attrTimeout, attrProto, attrFlags, attrMark, attrEther, attrName, attrNameRef, attrIP2, attrCIDR2,
		attrIface, attrBytes, attrPackets, attrComment, attrSKBMark, attrSKBPrio, attrSKBQueue:
		return true
	}
	return false
}

// part writes one part of a member; n says which address it is, from 1.
func (a *attrs) part(kind string, n int) string {
	switch kind {
	case "ip", "net":
		if n > 1 {
			return network(a[attrIP2], a[attrCIDR2])
		}
		return network(a[attrIP], a[attrCIDR])
	case "port":
		return a.port()
	case "mac":
		return ether(a[attrEther])
	case "mark":
		return fmt.Sprintf("0x%08x", nlattr.BE32(a[attrMark]))
	case "iface":
		name := nlattr.Text(a[attrIface])
		if a.flags()&flagPhysDev != 0 {
			name = "physdev:" + name
		}
		return name
	case "set":
		return a.set()
	}
	return "[ " + kind + " ]"
}

func (a *attrs) flags() uint32 { return nlattr.BE32(a[attrFlags]) }

// set is a member of a list of sets.
func (a *attrs) set() string {
	name := nlattr.Text(a[attrName])
	if ref := nlattr.Text(a[attrNameRef]); ref != "" {
		return name + map[bool]string{true: " before ", false: " after "}[a.flags()&flagBefore != 0] + ref
	}
	return name
}

// port writes protocol and port, or type and code of ICMP.
func (a *attrs) port() string {
	port := nlattr.BE16(a[attrPort])
	if a[attrProto] == nil {
		return fmt.Sprint(port)
	}
	proto := first(a[attrProto])
	name := xt.ProtocolName(uint16(proto))
	switch proto {
	case 1:
		return name + ":" + icmpName(icmp, port)
	case 58:
		return name + ":" + icmpName(icmpv6, port)
	}
	return fmt.Sprintf("%s:%d", name, port)
}

// extensions are what a member has besides its parts.
func (a *attrs) extensions() string {
	var b strings.Builder
	if a[attrTimeout] != nil {
		fmt.Fprintf(&b, " timeout %d", nlattr.BE32(a[attrTimeout]))
	}
	if a[attrPackets] != nil {
		fmt.Fprintf(&b, " packets %d", nlattr.BE64(a[attrPackets]))
	}
	if a[attrBytes] != nil {
		fmt.Fprintf(&b, " bytes %d", nlattr.BE64(a[attrBytes]))
	}
	if a[attrComment] != nil {
		fmt.Fprintf(&b, " comment \"%s\"", nlattr.Text(a[attrComment]))
	}
	if v := a[attrSKBMark]; len(v) == 8 {
		fmt.Fprintf(&b, " skbmark 0x%x", nlattr.BE32(v))
		if mask := nlattr.BE32(v[4:]); mask != 0xffffffff {
			fmt.Fprintf(&b, "/0x%x", mask)
		}
	}
	if v := nlattr.BE32(a[attrSKBPrio]); a[attrSKBPrio] != nil {
		fmt.Fprintf(&b, " skbprio %x:%x", v>>16, v&0xffff)
	}
	if a[attrSKBQueue] != nil {
		fmt.Fprintf(&b, " skbqueue %d", nlattr.BE16(a[attrSKBQueue]))
	}
	if a.flags()&flagNoMatch != 0 {
		b.WriteString(" nomatch")
	}
	if a.flags()&flagWildcard != 0 {
		b.WriteString(" wildcard")
	}
	return b.String()
}

// address reads a nested address: IPSET_ATTR_IPADDR_IPV4 or _IPV6.
func address(b []byte) string {
	for k, v := range nlattr.All(b) {
		if ip, ok := netip.AddrFromSlice(v); ok && (k == 1 || k == 2) {
			return ip.String()
		}
	}
	return "[ address 0x" + fmt.Sprintf("%x", b) + " ]"
}

// network writes an address with its prefix length, unless it is one host.
func network(ip, cidr []byte) string {
	s := address(ip)
	n := first(cidr)
	if cidr == nil || (strings.Contains(s, ":") && n == 128) || (!strings.Contains(s, ":") && n == 32) {
		return s
	}
	return fmt.Sprintf("%s/%d", s, n)
}

func ether(v []byte) string {
	words := make([]string, len(v))
	for i, c := range v {
		words[i] = fmt.Sprintf("%02x", c)
	}
	return strings.Join(words, ":")
}
