package nflog

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/pktrail/pktrail/internal/packet"
)

// Line is what one line of the kernel log says of a packet.
type Line struct {
	// Prefix is what the rule says: "TRACE: raw:PREROUTING:policy:2 " of TRACE,
	// anything of LOG.
	Prefix string
	// In and Out are devices, PhysIn and PhysOut the ports of a bridge; empty
	// for none.
	In, Out, PhysIn, PhysOut string
	// MAC is the link header as bytes in hexadecimal with colons, 14 of them for
	// Ethernet; empty if the line has none.
	MAC string
	// SrcMAC and DstMAC stand for it in logs with decoded ones, and in ARP.
	SrcMAC, DstMAC string
	// VLAN is the tag's id, valid iff HasVLAN.
	VLAN    uint16
	HasVLAN bool
	// UID and GID own the socket that sent it; valid iff HasOwner.
	UID, GID uint32
	HasOwner bool
	// Mark is the packet's fwmark.
	Mark uint32
	Headers
	// ARP is the packet of a line about ARP, which has no IP headers; nil for
	// others.
	ARP *ARP
}

// ARP is a packet of address resolution for Ethernet and IPv4.
type ARP struct {
	Op             uint16
	SrcMAC, DstMAC string
	Src, Dst       [4]byte
}

// ErrOther is said of text that is not about a packet.
var ErrOther = errors.New("not about a packet")

// errShort is a line that ends before its packet does.
var errShort = errors.New("cut short")

// Find returns where the words about a packet begin in a message, behind the
// rule's prefix, or -1.
func Find(s string) int {
	const out = "OUT="
	for from := 0; ; {
		at := strings.Index(s[from:], out)
		if at < 0 {
			return -1
		}
		at += from
		if at > 0 && s[at-1] == ' ' {
			at--
		}
		if in := strings.LastIndex(s[:at], "IN="); in >= 0 && s[at] == ' ' && strings.IndexByte(s[in:at], ' ') < 0 {
			return in
		}
		from = at + len(out)
	}
}

// Decode reads a message of net/netfilter/nf_log_syslog.c, from the rule's
// prefix on. Its strings are parts of s. The error is ErrOther for any other
// text.
func Decode(s string, l *Line) error {
	at := Find(s)
	if at < 0 {
		return ErrOther
	}
	*l = Line{Prefix: s[:at]}
	r := reader{rest: s[at:]}
	if err := r.line(l); err != nil {
		return err
	}
	switch {
	case r.bad != "":
		return fmt.Errorf("read %s", r.bad)
	case l.ARP != nil:
		return nil
	case !l.Src.IsValid() || !l.Dst.IsValid():
		return fmt.Errorf("find addresses: %w", errShort)
	case l.Src.Is4() != l.Dst.Is4():
		return errors.New("addresses of two versions")
	}
	return l.whole()
}

// DecodeHeaders reads words like those of a packet, without devices, as
// xtables-monitor has them too.
func DecodeHeaders(s string, l *Line) error {
	*l = Line{}
	r := reader{rest: s}
	if err := r.line(l); err != nil {
		return err
	}
	if r.bad != "" {
		return fmt.Errorf("read %s", r.bad)
	}
	return nil
}

// whole says whether all is there that the kernel writes.
func (l *Line) whole() error {
	h := &l.Headers
	switch {
	case h.Incomplete || h.Fragment&fragmentOffset != 0:
		return nil
	case !h.HasProto:
		return fmt.Errorf("find the protocol: %w", errShort)
	case h.Proto == packet.ProtoTCP && !h.hasUrgent:
		return fmt.Errorf("find the TCP header: %w", errShort)
	case (h.Proto == packet.ProtoUDP || h.Proto == udpLite) && (!h.HasPorts || h.UDPLen == 0):
		return fmt.Errorf("find the UDP header: %w", errShort)
	case (h.Proto == packet.ProtoICMP || h.Proto == packet.ProtoICMPv6) && !h.HasType:
		return fmt.Errorf("find the ICMP header: %w", errShort)
	}
	return nil
}

// number reads a decimal or 0x number of at most so many bits.
func number(s string, bits int) (uint64, bool) {
	if len(s) > 0 && len(s) <= 9 && (s[0] != '0' || len(s) == 1) {
		n := uint64(0)
		for i := range len(s) {
			c := s[i] - '0'
			if c > 9 {
				return 0, false
			}
			n = n*10 + uint64(c)
		}
		return n, n>>bits == 0
	}
	n, err := strconv.ParseUint(s, 0, bits)
	return n, err == nil
}
