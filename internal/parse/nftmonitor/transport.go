package nftmonitor

import (
	"strconv"
	"strings"

	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/trail/nflog"
)

// ports reads a field of TCP, UDP and their kin. Where a tool knows a service's
// name it prints that, which nft does not here.
func ports(l *nflog.Line, proto string, w []string) error {
	l.Proto, l.HasProto = mustProtocol(proto), true
	if len(w) < 2 {
		return errShort
	}
	var err error
	switch w[0] {
	case "sport":
		l.SrcPort = uint16(number(w[1], 16, &err))
	case "dport":
		l.DstPort, l.HasPorts = uint16(number(w[1], 16, &err)), true
	case "length":
		l.UDPLen = uint16(number(w[1], 16, &err))
	case "window":
		l.Window = uint16(number(w[1], 16, &err))
	case "sequence":
		l.Seq = uint32(number(w[1], 32, &err))
	case "ackseq":
		l.Ack = uint32(number(w[1], 32, &err))
	case "flags": // "flags == syn", "flags == 0x11", "flags == fin | ack"
		if len(w) < 3 {
			return errShort
		}
		l.Flags = flags(w[2])
	}
	return err
}

func mustProtocol(name string) packet.Proto {
	p, _ := protocol(name)
	return p
}

// flags reads TCP's by name or number.
func flags(s string) packet.TCPFlags {
	if n, err := strconv.ParseUint(s, 0, 9); err == nil {
		return packet.TCPFlags(n)
	}
	var out packet.TCPFlags
	for name := range strings.FieldsFuncSeq(s, func(r rune) bool { return r == '|' || r == ',' }) {
		for i, n := range []string{"fin", "syn", "rst", "psh", "ack", "urg", "ecn", "cwr"} {
			if name == n {
				out |= 1 << i
			}
		}
	}
	return out
}

// icmp reads a field of ICMP. Codes and parameters have the names of another
// type where that has more to say.
func icmp(l *nflog.Line, name, field, value string) error {
	l.Proto, l.HasProto = mustProtocol(name), true
	var err error
	switch field {
	case "type":
		if t, ok := icmpType(name, value); ok {
			l.Type, l.HasType = t, true
		}
	case "code":
		l.Code = icmpCode(name, value)
	case "id":
		l.EchoID = uint16(number(value, 16, &err))
	case "sequence":
		l.EchoSeq, l.HasEcho = uint16(number(value, 16, &err)), true
	case "mtu", "gateway", "max-delay", "parameter-problem", "packet-too-big":
		n, e := strconv.ParseUint(value, 0, 32)
		if e != nil {
			return nil // an address
		}
		l.Rest = uint32(n)
		if name == "icmpv6" && (l.Type == packet.ICMPv6Echo || l.Type == packet.ICMPv6EchoReply) {
			l.EchoID, l.EchoSeq, l.HasEcho = uint16(n>>16), uint16(n), true
		}
	}
	if name == "icmp" && l.HasType && l.Type != 0 && l.Type != 8 && l.Type != 13 && l.Type != 14 {
		l.HasEcho, l.EchoID, l.EchoSeq = false, 0, 0
	}
	return err
}

var icmpTypes = map[string]uint8{
	"echo-reply": 0, "destination-unreachable": 3, "source-quench": 4, "redirect": 5, "echo-request": 8, "router-advertisement": 9,
	"router-solicitation": 10, "time-exceeded": 11, "parameter-problem": 12, "timestamp-request": 13, "timestamp-reply": 14,
	"info-request": 15, "info-reply": 16, "address-mask-request": 17, "address-mask-reply": 18,
}

var icmpv6Types = map[string]uint8{
	"destination-unreachable": 1, "packet-too-big": 2, "time-exceeded": 3, "parameter-problem": 4, "echo-request": 128, "echo-reply": 129,
	"mld-listener-query": 130, "mld-listener-report": 131, "mld-listener-done": 132, "mld-listener-reduction": 132,
	"nd-router-solicit": 133, "nd-router-advert": 134, "nd-neighbor-solicit": 135, "nd-neighbor-advert": 136, "nd-redirect": 137,
	"router-renumbering": 138, "ind-neighbor-solicit": 141, "ind-neighbor-advert": 142, "mld2-listener-report": 143,
}

func icmpType(name, s string) (uint8, bool) {
	m := icmpTypes
	if name == "icmpv6" {
		m = icmpv6Types
	}
	if t, ok := m[s]; ok {
		return t, true
	}
	n, err := strconv.ParseUint(s, 0, 8)
	return uint8(n), err == nil
}

var icmpCodes = map[string]uint8{
	"net-unreachable": 0, "host-unreachable": 1, "prot-unreachable": 2, "port-unreachable": 3, "frag-needed": 4,
	"net-prohibited": 9, "host-prohibited": 10, "admin-prohibited": 13,
}

var icmpv6Codes = map[string]uint8{
	"no-route": 0, "admin-prohibited": 1, "addr-unreachable": 3, "port-unreachable": 4, "policy-fail": 5, "reject-route": 6,
}

func icmpCode(name, s string) uint8 {
	m := icmpCodes
	if name == "icmpv6" {
		m = icmpv6Codes
	}
	if c, ok := m[s]; ok {
		return c
	}
	n, err := strconv.ParseUint(s, 0, 8)
	if err != nil {
		return 0
	}
	return uint8(n)
}
