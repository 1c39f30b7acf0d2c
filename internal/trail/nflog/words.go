package nflog

import (
	"net/netip"
	"strconv"
	"strings"
)

// reader reads the words of a line. The same name means another thing behind
// PROTO=, and another packet stands in brackets.
type reader struct {
	rest string
	bad  string // the first word that is not understood
}

func (r *reader) next() (string, bool) {
	for len(r.rest) > 0 && r.rest[0] == ' ' {
		r.rest = r.rest[1:]
	}
	if r.rest == "" {
		return "", false
	}
	word := r.rest
	if at := strings.IndexByte(r.rest, ' '); at >= 0 {
		word, r.rest = r.rest[:at], r.rest[at+1:]
	} else {
		r.rest = ""
	}
	return word, true
}

// number reads a value and notes a word that is none.
func (r *reader) number(word, value string, bits int) uint64 {
	n, ok := number(value, bits)
	if !ok {
		r.wrong(word)
	}
	return n
}

func (r *reader) wrong(word string) {
	if r.bad == "" {
		r.bad = word
	}
}

// line reads all words.
func (r *reader) line(l *Line) error {
	for {
		word, ok := r.next()
		if !ok {
			return nil
		}
		if word == "ARP" && !l.Src.IsValid() {
			return r.arp(l)
		}
		name, value, isPair := strings.Cut(word, "=")
		if isPair && r.outside(l, name, value, word) {
			continue
		}
		if err := r.packet(&l.Headers, word, name, value, isPair, 0); err != nil {
			return err
		}
	}
}

// outside takes a word that is not of the packet's headers.
func (r *reader) outside(l *Line, name, value, word string) bool {
	switch name {
	case "IN":
		l.In = value
	case "OUT":
		l.Out = value
	case "PHYSIN":
		l.PhysIn = value
	case "PHYSOUT":
		l.PhysOut = value
	case "MAC":
		l.MAC = value
	case "MACSRC":
		l.SrcMAC = value
	case "MACDST":
		l.DstMAC = value
	case "MACPROTO", "VPROTO", "TUNNEL":
	case "VID":
		l.VLAN, l.HasVLAN = uint16(r.number(word, value, 12)), true
	case "MARK":
		l.Mark = uint32(r.number(word, value, 32))
	case "UID":
		l.UID, l.HasOwner = uint32(r.number(word, value, 32)), true
	case "GID":
		l.GID = uint32(r.number(word, value, 32))
	default:
		return false
	}
	return true
}

// packet takes a word of a packet's headers.
func (r *reader) packet(h *Headers, word, name, value string, isPair bool, depth int) error {
	switch {
	case word[0] == '[':
		return r.quote(h, word[1:], depth)
	case name == "PROTO" && isPair:
		h.Proto, h.HasProto = r.protocol(word, value), true
	case word[0] == '(':
		r.options(h, word)
	case name == "INCOMPLETE" && !isPair:
		r.incomplete(h)
	case !h.HasProto && isPair:
		r.network(h, word, name, value)
	case !h.HasProto:
		r.networkFlag(h, word)
	case isPair:
		r.upper(h, word, name, value)
	default:
		h.flag(word)
	}
	return nil
}

// quote reads the packet that an ICMP error is about, up to its bracket.
func (r *reader) quote(h *Headers, word string, depth int) error {
	q := &Headers{}
	if depth < maxDepth {
		h.Quote = q
	}
	for word != "]" {
		if word != "" {
			name, value, isPair := strings.Cut(word, "=")
			if depth > maxDepth {
				r.wrong(word)
				return nil
			}
			if err := r.packet(q, word, name, value, isPair, depth+1); err != nil {
				return err
			}
		}
		var ok bool
		if word, ok = r.next(); !ok {
			return errShort
		}
	}
	if !q.Src.IsValid() || !q.Dst.IsValid() || q.Src.Is4() != q.Dst.Is4() {
		h.Quote = nil
	}
	return nil
}

// incomplete reads "INCOMPLETE [8 bytes]"; between IPv6 headers it says that
// more fragments follow.
func (r *reader) incomplete(h *Headers) {
	rest := strings.TrimLeft(r.rest, " ")
	if h.Src.Is6() && !h.HasProto && !strings.HasPrefix(rest, "[") {
		h.Fragment |= fragmentMore
		return
	}
	h.Incomplete = true
	if at := strings.Index(rest, " bytes]"); strings.HasPrefix(rest, "[") && at > 0 && at < 12 {
		r.rest = rest[at+len(" bytes]"):]
	}
}

// options reads "(0204FFD7...)", and what IPv6 has between "(" and ")".
func (r *reader) options(h *Headers, word string) {
	digits := strings.Trim(word, "()")
	if digits == "" {
		return
	}
	for i := range len(digits) {
		if nibble(digits[i]) > 15 {
			r.wrong(word)
			return
		}
	}
	if h.HasProto {
		h.TCPOptions = digits
	} else {
		h.Options = digits
	}
}

func (r *reader) network(h *Headers, word, name, value string) {
	switch name {
	case "SRC":
		h.Src = r.addr(word, value)
	case "DST":
		h.Dst = r.addr(word, value)
	case "LEN":
		h.Len = int(r.number(word, value, 20))
	case "TOS", "PREC", "TC":
		h.TOS |= uint8(r.number(word, value, 8))
	case "TTL", "HOPLIMIT":
		h.TTL = uint8(r.number(word, value, 8))
	case "ID":
		h.ID = uint32(r.number(word, value, 32))
	case "FLOWLBL":
		h.Label = uint32(r.number(word, value, 20))
	case "SPORT": // xtables-monitor, which does not name the protocol
		h.SrcPort = uint16(r.number(word, value, 16))
	case "DPORT":
		h.DstPort, h.HasPorts = uint16(r.number(word, value, 16)), true
	}
}

func (r *reader) addr(word, value string) netip.Addr {
	a, err := netip.ParseAddr(value)
	if err != nil || a.Zone() != "" {
		r.wrong(word)
		return netip.Addr{}
	}
	return a
}

func (r *reader) networkFlag(h *Headers, word string) {
	switch word {
	case "CE":
		h.Fragment |= 0x8000
	case "DF":
		h.Fragment |= 0x4000
	case "MF":
		h.Fragment |= fragmentMore
	default:
		if n, ok := strings.CutPrefix(word, "FRAG:"); ok {
			h.Fragment |= uint16(r.number(word, n, 16)) & fragmentOffset
		} else if n, ok := strings.CutPrefix(word, "ID:"); ok {
			id, err := strconv.ParseUint(n, 16, 32)
			if err != nil {
				r.wrong(word)
			}
			h.ID = uint32(id)
		} else {
			h.flag(word)
		}
	}
}
