package follow

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"strings"

	"github.com/pktrail/pktrail/internal/packet"
)

// Selection is what chooses packets: the two ends, or the one conversation
// of a probe.
type Selection struct {
	// Src and Dst are the ends' addresses; empty is any.
	Src, Dst []netip.Addr
	// SrcPort and DstPort belong to the ends; 0 is any.
	SrcPort, DstPort uint16
	// Probe is the flow of the probe's first packet; valid iff HasProbe.
	Probe    packet.Flow
	HasProbe bool
	// Back are ways by which packets come back.
	Back []Detour
	// Filter is the user's own expression; may be empty.
	Filter string
}

// Expression writes the selection in the language of pcap-filter(7), for both
// directions and with the ICMP errors that are answers to it.
func (s Selection) Expression() string { return s.expression(true) }

// expression can leave out the fragments that have no ports: where those
// cannot be told, all packets between the ends would be meant.
func (s Selection) expression(fragments bool) string {
	var parts []string
	if s.HasProbe {
		parts = s.probe()
	} else {
		parts = s.ends()
	}
	for _, d := range s.back() {
		parts = append(parts, d.ends()...)
	}
	if fragments {
		for _, p := range s.fragments() {
			parts = append(parts, fmt.Sprintf("(host %s and host %s and ip[6:2] & 0x1fff != 0)", p[0], p[1]))
		}
	}
	expr := strings.Join(parts, " or ")
	switch {
	case s.Filter == "":
		return expr
	case expr == "":
		return s.Filter
	}
	return "(" + expr + ") and (" + s.Filter + ")"
}

// back are the ways back as selections of their own.
func (s Selection) back() []Selection {
	out := make([]Selection, len(s.Back))
	for i, d := range s.Back {
		out[i] = Selection{Src: d.From, Dst: []netip.Addr{d.To.Addr()}, DstPort: d.To.Port()}
	}
	return out
}

// probe names one conversation. Its source port or ICMP identifier is ours
// alone, so the destination, which may be translated, is left out.
func (s Selection) probe() []string {
	f := s.Probe
	if !f.Src.IsValid() { // no route: there will be no packet, only lookups
		return []string{"host " + f.Dst.String()}
	}
	host := "host " + f.Src.String()
	var text string
	switch f.Proto {
	case packet.ProtoICMP:
		text = fmt.Sprintf("(%s and icmp[4:2] = %d and (icmp[0] = 8 or icmp[0] = 0))", host, f.ID)
	case packet.ProtoICMPv6:
		text = fmt.Sprintf("(%s and icmp6[4:2] = %d and (icmp6[0] = 128 or icmp6[0] = 129))", host, f.ID)
	default:
		text = fmt.Sprintf("(%s and %s port %d)", host, f.Proto, f.SrcPort)
	}
	return []string{text, s.errors(f.Src, f.Dst)}
}

// ends names both directions between any two addresses of one family.
func (s Selection) ends() []string {
	var parts []string
	switch {
	case len(s.Src) == 0 && len(s.Dst) == 0:
		return s.ports()
	case len(s.Src) == 0 || len(s.Dst) == 0:
		for _, a := range append(s.Src, s.Dst...) {
			parts = append(parts, s.one(a))
		}
		return parts
	}
	for _, a := range s.Src {
		for _, b := range s.Dst {
			if a.Is4() == b.Is4() {
				parts = append(parts, s.pair(a, b), s.errors(a, b), s.errors(b, a))
			}
		}
	}
	return parts
}

func (s Selection) ports() []string {
	for _, p := range []uint16{s.DstPort, s.SrcPort} {
		if p != 0 {
			return []string{fmt.Sprintf("port %d", p)}
		}
	}
	return nil
}

func (s Selection) one(a netip.Addr) string {
	text := "(host " + a.String()
	if p := s.ports(); p != nil {
		text += " and " + p[0]
	}
	return text + ")"
}

func (s Selection) pair(a, b netip.Addr) string {
	there, back := "", ""
	if s.SrcPort != 0 {
		there += fmt.Sprintf(" and src port %d", s.SrcPort)
		back += fmt.Sprintf(" and dst port %d", s.SrcPort)
	}
	if s.DstPort != 0 {
		there += fmt.Sprintf(" and dst port %d", s.DstPort)
		back += fmt.Sprintf(" and src port %d", s.DstPort)
	}
	if there == "" {
		return fmt.Sprintf("(host %s and host %s)", a, b)
	}
	return fmt.Sprintf("(src host %s and dst host %s%s) or (src host %s and dst host %s%s)", a, b, there, b, a, back)
}

// errors are the ICMP errors to a about its packets to b: the quoted header
// stands 8 bytes behind the ICMP header (RFC 792, RFC 4443).
func (s Selection) errors(a, b netip.Addr) string {
	if a.Is4() {
		return fmt.Sprintf("(dst host %s and (icmp[0] = 3 or icmp[0] = 11 or icmp[0] = 12 or icmp[0] = 5) and icmp[20:4] = %#x and icmp[24:4] = %#x)",
			a, word(a, 0), word(b, 0))
	}
	var quoted []string
	for i := range 4 {
		quoted = append(quoted, fmt.Sprintf("icmp6[%d:4] = %#x", 16+4*i, word(a, i)))
	}
	for i := range 4 {
		quoted = append(quoted, fmt.Sprintf("icmp6[%d:4] = %#x", 32+4*i, word(b, i)))
	}
	return fmt.Sprintf("(dst host %s and icmp6[0] <= 4 and %s)", a, strings.Join(quoted, " and "))
}

// fragments are the ends of IPv4 fragments that are followed though they have no
// ports any more.
func (s Selection) fragments() [][2]netip.Addr {
	switch {
	case s.HasProbe && s.Probe.Src.Is4():
		return [][2]netip.Addr{{s.Probe.Src, s.Probe.Dst}}
	case s.HasProbe || s.SrcPort == 0 && s.DstPort == 0:
		return nil
	}
	var all [][2]netip.Addr
	for _, a := range s.Src {
		for _, b := range s.Dst {
			if a.Is4() && b.Is4() {
				all = append(all, [2]netip.Addr{a, b})
			}
		}
	}
	return all
}

// word is four bytes of an address.
func word(a netip.Addr, i int) uint32 {
	b := a.AsSlice()
	return binary.BigEndian.Uint32(b[4*i:])
}
