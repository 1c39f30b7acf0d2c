package nftmonitor

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/trail/nflog"
)

// decodePacket reads words like `iif "vc1" ether saddr 6a:93:58:97:39:70 ip
// saddr 10.9.1.2 tcp dport 80`.
func decodePacket(s string, l *nflog.Line) error {
	w := words(s)
	for i := 0; i < len(w); {
		n, err := take2(w[i:], l)
		if err != nil {
			return err
		}
		i += n
	}
	switch {
	case l.ARP != nil && l.ARP.Op != 0:
		return nil
	case !l.Src.IsValid() && !l.Dst.IsValid():
		return errors.New("a packet without addresses")
	case !l.Src.IsValid() || !l.Dst.IsValid() || l.Src.Is4() != l.Dst.Is4():
		return errShort
	}
	return nil
}

// words cuts at spaces, but for those in quotes, which are taken off.
func words(s string) []string {
	all := strings.Fields(s)
	out := all[:0]
	for i := 0; i < len(all); i++ {
		w := all[i]
		if strings.HasPrefix(w, `"`) {
			for (len(w) < 2 || !strings.HasSuffix(w, `"`)) && i+1 < len(all) {
				i++
				w += " " + all[i]
			}
			w = strings.Trim(w, `"`)
		}
		out = append(out, w)
	}
	return out
}

// take2 takes one expression and returns how many words it has.
func take2(w []string, l *nflog.Line) (int, error) {
	at := func(i int) string {
		if i < len(w) {
			return w[i]
		}
		return ""
	}
	var err error
	switch w[0] {
	case "iif", "iifname":
		l.In = at(1)
		return 2, nil
	case "oif", "oifname":
		l.Out = at(1)
		return 2, nil
	case "ether":
		ether(l, at(1), at(2))
	case "vlan":
		if at(1) == "id" {
			n, err := strconv.ParseUint(at(2), 0, 12)
			l.VLAN, l.HasVLAN = uint16(n), err == nil
		}
	case "meta":
		if at(1) == "mark" {
			l.Mark = uint32(number(at(2), 32, &err))
		}
	case "ip", "ip6":
		err = network(l, at(1), at(2))
	case "tcp", "udp", "udplite", "sctp", "dccp":
		err = ports(l, w[0], w[1:])
		if at(1) == "flags" {
			return 4, err
		}
	case "icmp", "icmpv6":
		err = icmp(l, w[0], at(1), at(2))
	case "arp":
		return arp(l, w)
	default:
		switch {
		case strings.HasPrefix(w[0], "@"):
			return 2, nil
		default:
			return 1, nil
		}
	}
	return 3, err
}

func ether(l *nflog.Line, field, value string) {
	switch field {
	case "saddr":
		l.SrcMAC = value
	case "daddr":
		l.DstMAC = value
	}
}

// number reads a number; the first that is none is err.
func number(s string, bits int, err *error) uint64 {
	n, e := strconv.ParseUint(s, 0, bits)
	if e != nil && *err == nil {
		*err = fmt.Errorf("read number %q", s)
	}
	return n
}

func network(l *nflog.Line, field, value string) error {
	var err error
	switch field {
	case "saddr", "daddr":
		a, e := netip.ParseAddr(value)
		if e != nil || a.Zone() != "" {
			return fmt.Errorf("read address %q", value)
		}
		if field == "saddr" {
			l.Src = a
		} else {
			l.Dst = a
		}
	case "dscp":
		l.TOS |= dscp(value) << 2
	case "ecn":
		l.TOS |= map[string]uint8{"ect1": 1, "ect0": 2, "ce": 3}[value]
	case "ttl", "hoplimit":
		l.TTL = uint8(number(value, 8, &err))
	case "id":
		l.ID = uint32(number(value, 16, &err))
	case "frag-off":
		l.Fragment = uint16(number(value, 16, &err))
	case "length":
		l.Len = int(number(value, 16, &err))
		if l.Src.Is6() {
			l.Len += 40
		}
	case "flowlabel":
		l.Label = uint32(number(value, 20, &err))
	case "protocol", "nexthdr":
		if p, ok := protocol(value); ok {
			l.Proto, l.HasProto = p, true
		}
	}
	return err
}

// protocol reads a name of /etc/protocols, or a number.
func protocol(s string) (packet.Proto, bool) {
	switch s {
	case "tcp":
		return packet.ProtoTCP, true
	case "udp":
		return packet.ProtoUDP, true
	case "udplite":
		return 136, true
	case "sctp":
		return packet.ProtoSCTP, true
	case "dccp":
		return 33, true
	case "icmp":
		return packet.ProtoICMP, true
	case "icmpv6", "ipv6-icmp":
		return packet.ProtoICMPv6, true
	case "esp":
		return packet.ProtoESP, true
	case "ah":
		return packet.ProtoAH, true
	case "gre":
		return packet.ProtoGRE, true
	case "ipencap", "ipv4":
		return packet.ProtoIPv4, true
	case "ipv6":
		return packet.ProtoIPv6, true
	}
	n, err := strconv.ParseUint(s, 0, 8)
	return packet.Proto(n), err == nil
}

// dscp reads a class of RFC 2474 and its kin by name, or a number.
func dscp(s string) uint8 {
	switch s {
	case "ef":
		return 46
	case "va", "voice-admit":
		return 44
	case "le", "lephb":
		return 1
	}
	if len(s) == 3 && s[:2] == "cs" && s[2] >= '0' && s[2] <= '7' {
		return (s[2] - '0') << 3
	}
	if len(s) == 4 && s[:2] == "af" && s[2] >= '1' && s[2] <= '4' && s[3] >= '1' && s[3] <= '3' {
		return (s[2]-'0')<<3 | (s[3]-'0')<<1
	}
	n, err := strconv.ParseUint(s, 0, 6)
	if err != nil {
		return 0
	}
	return uint8(n)
}

// arp reads "arp operation request arp saddr ether MAC arp saddr ip ADDRESS".
func arp(l *nflog.Line, w []string) (int, error) {
	if l.ARP == nil {
		l.ARP = &nflog.ARP{}
	}
	if len(w) < 3 {
		return 3, errShort
	}
	var err error
	switch w[1] {
	case "operation":
		switch w[2] {
		case "request":
			l.ARP.Op = 1
		case "reply":
			l.ARP.Op = 2
		default:
			l.ARP.Op = uint16(number(w[2], 16, &err))
		}
	case "saddr", "daddr":
		if len(w) < 4 {
			return 3, errShort
		}
		return 4, arpAddr(l.ARP, w[1] == "saddr", w[2], w[3])
	}
	return 3, err
}

func arpAddr(a *nflog.ARP, source bool, kind, value string) error {
	if kind == "ether" {
		if source {
			a.SrcMAC = value
		} else {
			a.DstMAC = value
		}
		return nil
	}
	ip, err := netip.ParseAddr(value)
	if err != nil || !ip.Is4() {
		return fmt.Errorf("read address %q", value)
	}
	if source {
		a.Src = ip.As4()
	} else {
		a.Dst = ip.As4()
	}
	return nil
}
