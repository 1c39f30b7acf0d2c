package text

import "github.com/pktrail/pktrail/internal/packet"

// dnsOverTCP prints a message behind its length, where one segment holds it
// whole.
func (w *line) dnsOverTCP(b []byte, length int) {
	switch {
	case length < 2:
		num(w, " [DNS over TCP: length ", length)
		w.str(" < 2]")
		w.invalid()
	case len(b) < 2:
		w.cut("domain")
	case int(be16(b)) != length-2:
		num(w, " [prefix length(", be16(b))
		num(w, ") != length(", length-2)
		w.str(")]")
		w.invalid()
	default:
		w.str(" ")
		w.dns(b[2:], length-2, false)
	}
}

// dns prints a message of length bytes, of which b was captured.
func (w *line) dns(b []byte, length int, mdns bool) {
	if length < packet.DNSStart {
		num(w, "domain [length ", length)
		num(w, " < ", packet.DNSStart)
		w.str("]")
		w.invalid()
		return
	}
	if len(b) < packet.DNSStart {
		w.cut("domain")
		return
	}
	m := packet.DNS(b)
	ok := false
	if m.Flags()&packet.DNSResponse != 0 {
		ok = w.dnsAnswer(m, mdns)
	} else {
		ok = w.dnsQuery(m, mdns)
	}
	if !ok {
		w.cut("domain")
		return
	}
	num(w, " (", length)
	w.str(")")
}

func (w *line) dnsQuery(m packet.DNS, mdns bool) bool {
	f := m.Flags()
	num(w, "", m.ID())
	w.str(dnsOpcode(f.Opcode()))
	if f&packet.DNSRecursionDesired != 0 {
		w.str("+")
	}
	if f&packet.DNSCheckingDisabled != 0 {
		w.str("%")
	}
	// Bits that a query should not have: AA, TC, RA, Z and the code.
	if f&0x6cf != 0 {
		w.hex(" [b2&3=0x", uint32(f), 1)
		w.str("]")
	}
	qd, an, ns, ar := m.Counts()
	inverse := f.Opcode() == 1
	if inverse && qd != 0 {
		w.count(qd, "q")
	}
	if inverse && an != 1 || !inverse && an != 0 {
		w.count(an, "a")
	}
	if !inverse && qd != 1 {
		w.count(qd, "q")
	}
	if ns != 0 {
		w.count(ns, "n")
	}
	if ar != 0 {
		w.count(ar, "au")
	}
	at := packet.DNSStart
	for range qd {
		q, next, ok := m.Question(at)
		if !ok || w.full() {
			return false
		}
		w.dnsType(q.Type)
		class := q.Class
		if mdns {
			class &^= 0x8000
		}
		w.dnsClass(class)
		if mdns {
			w.str(either(q.Class&0x8000 != 0, " (QU)", " (QM)"))
		}
		w.str("? ")
		if !w.dnsName(m, q.Name) {
			return false
		}
		at = next
	}
	return true
}

// count prints how many entries a section has that should not have them.
func (w *line) count(n int, what string) {
	num(w, " [", n)
	w.str(what, "]")
}

func (w *line) dnsAnswer(m packet.DNS, mdns bool) bool {
	f := m.Flags()
	num(w, "", m.ID())
	w.str(dnsOpcode(f.Opcode()))
	w.dnsRcode(dnsExtendedRcode(m))
	for _, flag := range [...]struct {
		set  bool
		text string
	}{
		{f&packet.DNSAuthoritative != 0, "*"},
		{f&packet.DNSRecursionAvailable == 0, "-"},
		{f&packet.DNSTruncated != 0, "|"},
		{f&packet.DNSAuthentic != 0, "$"},
	} {
		if flag.set {
			w.str(flag.text)
		}
	}
	qd, an, ns, ar := m.Counts()
	if qd != 1 {
		w.count(qd, "q")
	}
	at := packet.DNSStart
	for i := range qd {
		if i > 0 && !w.full() {
			w.str(",")
		}
		next, ok := m.SkipName(at)
		if !ok {
			return false
		}
		at = next + 4
	}
	num(w, " ", an)
	num(w, "/", ns)
	num(w, "/", ar)
	for i := range an {
		if i > 0 {
			w.str(",")
		}
		next, ok := w.dnsRecord(m, at, mdns)
		if !ok || w.full() {
			return false
		}
		at = next
	}
	return true
}

// dnsRecord prints a record without its name, as tcpdump does without -v.
func (w *line) dnsRecord(m packet.DNS, at int, mdns bool) (next int, ok bool) {
	r, next, ok := m.Record(at)
	if !ok && r.Data == 0 {
		return at, false
	}
	class := r.Class
	if mdns {
		class &^= 0x8000
	}
	if r.Type != packet.DNSTypeOPT {
		w.dnsClass(class)
	}
	if mdns && r.Class&0x8000 != 0 {
		w.str(" (Cache flush)")
	}
	w.dnsType(r.Type)
	return next, ok && w.dnsData(m, r)
}

func (w *line) dnsData(m packet.DNS, r packet.DNSRecord) bool {
	b := m[r.Data : r.Data+r.Len]
	switch r.Type {
	case packet.DNSTypeA:
		if len(b) < 4 {
			return false
		}
		w.addr4(" ", b)
	case packet.DNSTypeAAAA:
		if len(b) < 16 {
			return false
		}
		w.addr6(" ", b)
	case packet.DNSTypeNS, packet.DNSTypeCNAME, packet.DNSTypePTR, dnsTypeDNAME:
		w.str(" ")
		return w.dnsName(m, r.Data)
	case packet.DNSTypeMX:
		w.str(" ")
		if len(b) < 2 || !w.dnsName(m, r.Data+2) {
			return false
		}
		num(w, " ", be16(b))
	case packet.DNSTypeSRV:
		w.str(" ")
		if len(b) < 6 || !w.dnsName(m, r.Data+6) {
			return false
		}
		num(w, ":", be16(b[4:]))
		num(w, " ", be16(b))
		num(w, " ", be16(b[2:]))
	case packet.DNSTypeTXT:
		for len(b) > 0 && !w.full() {
			n := int(b[0])
			if n > len(b)-1 {
				return false
			}
			w.str(` "`)
			w.text(b[1 : 1+n])
			w.str(`"`)
			b = b[1+n:]
		}
	case packet.DNSTypeOPT:
		num(w, " UDPsize=", r.Class)
		if r.TTL&0x8000 != 0 {
			w.str(" DO")
		}
	}
	return true
}

// text prints the bytes of a TXT record. A blank is nothing to escape there.
func (w *line) text(b []byte) {
	for i := range b {
		if b[i] == ' ' {
			w.str(" ")
		} else {
			w.b = packet.AppendDNSText(w.b, b[i:i+1], '"')
		}
	}
}

func (w *line) dnsName(m packet.DNS, at int) bool {
	var ok bool
	w.b, ok = m.AppendName(w.b, at)
	return ok
}

func (w *line) dnsClass(class uint16) {
	switch class {
	case 1:
	case 3:
		w.str(" CHAOS")
	case 4:
		w.str(" HS")
	case 255:
		w.str(" ANY")
	default:
		num(w, " (Class ", class)
		w.str(")")
	}
}
