package nftrace

import (
	"encoding/binary"
	"encoding/hex"
	"net/netip"
	"strconv"
	"strings"
)

// decodeRecord reads one record of /dev/kmsg
// (https://docs.kernel.org/admin-guide/abi-testing.html, dev-kmsg):
// "priority,sequence,µs,flags;text". It is false for what is no trace, and
// for what a program wrote, which says so by its facility.
func decodeRecord(b []byte) (line, bool) {
	head, text, ok := strings.Cut(string(b), ";")
	if !ok {
		return line{}, false
	}
	priority, _, _ := strings.Cut(head, ",")
	if p, err := strconv.ParseUint(priority, 10, 32); err != nil || p>>3 != 0 { // facility 0 is the kernel
		return line{}, false
	}
	text, _, _ = strings.Cut(text, "\n") // a dictionary follows
	return decodeText(text)
}

// decodeText reads the line of a TRACE in the kernel log
// (net/netfilter/nf_log_syslog.c).
func decodeText(s string) (line, bool) {
	prefix, rest, ok := strings.Cut(s, " IN=")
	l := line{hook: -1}
	if !ok || !decodePrefix(prefix, &l) {
		return line{}, false
	}
	var h loggedHeaders
	h.read("IN=" + rest)
	if !h.src.IsValid() || !h.dst.IsValid() || h.src.Is4() != h.dst.Is4() {
		return line{}, false
	}
	l.family, l.inName, l.outName, l.mark = nfprotoIPv4, h.in, h.out, h.mark
	if h.src.Is6() {
		l.family = nfprotoIPv6
	}
	l.data = h.bytes()
	return l, true
}

// loggedHeaders are a packet as the kernel log writes it.
type loggedHeaders struct {
	in, out      string
	mark         uint32
	src, dst     netip.Addr
	length       int
	tos, ttl     uint8
	label        uint32 // of IPv6
	id, fragment uint16 // of IPv4; the flags are in fragment
	options      []byte // of IPv4
	proto        uint8

	sport, dport   uint16
	seq, ack       uint32
	window, urgent uint16
	flags          uint8 // of TCP
	tcpOptions     []byte
	udpLen         uint16
	typ, code      uint8 // of ICMP
	echoID, echoN  uint16
	transport      bool // there are fields of a transport header
}

// read takes in the words of a line. The same name means another thing behind
// PROTO=.
func (h *loggedHeaders) read(s string) {
	upper := false
	for word := range strings.FieldsSeq(s) {
		if strings.HasPrefix(word, "[") {
			return // the packet that an ICMP error is about
		}
		name, value, isPair := strings.Cut(word, "=")
		switch {
		case name == "PROTO":
			h.proto, upper = protoNumber(value), true
		case name == "MARK":
			h.mark = uint32(number(value))
		case strings.HasPrefix(word, "("):
			h.option(strings.Trim(word, "()"), upper)
		case !upper && isPair:
			h.network(name, value)
		case !upper:
			h.networkFlag(word)
		case isPair:
			h.upper(name, value)
		default:
			h.flag(word)
		}
	}
}

func (h *loggedHeaders) option(digits string, upper bool) {
	b, err := hex.DecodeString(digits)
	if err != nil || len(b) > 40 {
		return
	}
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	if upper {
		h.tcpOptions = b
	} else {
		h.options = b
	}
}

func (h *loggedHeaders) network(name, value string) {
	n := number(value)
	switch name {
	case "IN":
		h.in = value
	case "OUT":
		h.out = value
	case "SRC":
		h.src, _ = netip.ParseAddr(value)
	case "DST":
		h.dst, _ = netip.ParseAddr(value)
	case "LEN":
		h.length = int(n & 0xfffff)
	case "TOS", "PREC", "TC":
		h.tos |= uint8(n)
	case "TTL", "HOPLIMIT":
		h.ttl = uint8(n)
	case "ID":
		h.id = uint16(n)
	case "FLOWLBL":
		h.label = uint32(n) & 0xfffff
	}
}

func (h *loggedHeaders) networkFlag(word string) {
	switch word {
	case "CE":
		h.fragment |= 0x8000
	case "DF":
		h.fragment |= 0x4000
	case "MF":
		h.fragment |= 0x2000
	default:
		if n, ok := strings.CutPrefix(word, "FRAG:"); ok {
			h.fragment |= uint16(number(n)) & 0x1fff
		}
	}
}

func (h *loggedHeaders) upper(name, value string) {
	n := number(value)
	h.transport = true
	switch name {
	case "SPT":
		h.sport = uint16(n)
	case "DPT":
		h.dport = uint16(n)
	case "LEN":
		h.udpLen = uint16(n)
	case "SEQ":
		h.seq, h.echoN = uint32(n), uint16(n)
	case "ACK":
		h.ack = uint32(n)
	case "WINDOW":
		h.window = uint16(n)
	case "URGP":
		h.urgent = uint16(n)
	case "TYPE":
		h.typ = uint8(n)
	case "CODE":
		h.code = uint8(n)
	case "ID":
		h.echoID = uint16(n)
	}
}

func (h *loggedHeaders) flag(word string) {
	for i, name := range []string{"FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR"} {
		if word == name {
			h.flags |= 1 << i
		}
	}
}

// number reads a decimal or 0x number; 0 if it is none.
func number(s string) uint64 {
	n, err := strconv.ParseUint(s, 0, 64)
	if err != nil {
		return 0
	}
	return n
}

func protoNumber(s string) uint8 {
	switch s {
	case "TCP":
		return protoTCP
	case "UDP":
		return protoUDP
	case "UDPLITE":
		return 136
	case "ICMP":
		return protoICMP
	case "ICMPv6":
		return protoICMPv6
	case "AH":
		return 51
	case "ESP":
		return 50
	}
	return uint8(number(s))
}

// bytes makes the headers again. The transport's checksum is 0, since the log
// does not have it.
func (h *loggedHeaders) bytes() []byte {
	var b []byte
	if h.src.Is4() {
		b = append(b, 0x40|byte(5+len(h.options)/4), h.tos)
		b = binary.BigEndian.AppendUint16(b, uint16(h.length))
		b = binary.BigEndian.AppendUint16(b, h.id)
		b = binary.BigEndian.AppendUint16(b, h.fragment)
		b = append(b, h.ttl, h.proto, 0, 0)
		b = append(append(b, h.src.AsSlice()...), h.dst.AsSlice()...)
		b = append(b, h.options...)
		binary.BigEndian.PutUint16(b[10:], checksum(b))
	} else {
		b = binary.BigEndian.AppendUint32(b, 6<<28|uint32(h.tos)<<20|h.label)
		b = binary.BigEndian.AppendUint16(b, uint16(max(h.length-40, 0)))
		b = append(b, h.proto, h.ttl)
		b = append(append(b, h.src.AsSlice()...), h.dst.AsSlice()...)
	}
	if !h.transport || h.fragment&0x1fff != 0 {
		return b
	}
	return h.upperBytes(b)
}

func (h *loggedHeaders) upperBytes(b []byte) []byte {
	switch h.proto {
	case protoTCP:
		b = binary.BigEndian.AppendUint16(b, h.sport)
		b = binary.BigEndian.AppendUint16(b, h.dport)
		b = binary.BigEndian.AppendUint32(b, h.seq)
		b = binary.BigEndian.AppendUint32(b, h.ack)
		b = append(b, byte(5+len(h.tcpOptions)/4)<<4, h.flags)
		b = binary.BigEndian.AppendUint16(b, h.window)
		b = append(b, 0, 0)
		b = binary.BigEndian.AppendUint16(b, h.urgent)
		b = append(b, h.tcpOptions...)
	case protoUDP, 136:
		b = binary.BigEndian.AppendUint16(b, h.sport)
		b = binary.BigEndian.AppendUint16(b, h.dport)
		b = binary.BigEndian.AppendUint16(b, h.udpLen)
		b = append(b, 0, 0)
	case protoICMP, protoICMPv6:
		b = append(b, h.typ, h.code, 0, 0)
		b = binary.BigEndian.AppendUint16(b, h.echoID)
		b = binary.BigEndian.AppendUint16(b, h.echoN)
	}
	return b
}

// checksum of an IPv4 header (RFC 1071).
func checksum(b []byte) uint16 {
	var sum uint32
	for i := 0; i+1 < len(b); i += 2 {
		sum += uint32(binary.BigEndian.Uint16(b[i:]))
	}
	for sum > 0xffff {
		sum = sum&0xffff + sum>>16
	}
	return ^uint16(sum)
}
