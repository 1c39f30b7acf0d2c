package text

import "github.com/pktrail/pktrail/internal/packet"

// tunnel prints a tunnel's header, up to the colon before what it carries.
func (w *line) tunnel(l packet.Layer, b []byte) {
	length := w.length
	w.length -= l.Len
	switch l.Kind {
	case packet.KindVXLAN:
		w.hex("VXLAN, flags [I] (0x", uint32(b[0]), 2)
		num(w, "), vni ", packet.VXLAN(b).VNI())
		w.str(": ")
	case packet.KindGeneve:
		h := packet.Geneve(b)
		w.str("Geneve, Flags [")
		w.geneveFlags(b[1])
		w.hex("], vni 0x", h.VNI(), 1)
		if b[7] != 0 {
			w.hex(", rsvd 0x", uint32(b[7]), 1)
		}
		if n := len(h.Options()); n > 0 {
			num(w, ", options [", n)
			w.str(" bytes]")
		}
		w.str(": ")
	case packet.KindGRE:
		h := packet.GRE(b)
		num(w, "GREv", h.Version())
		if h.HasChecksum() {
			w.hex(", off 0x", uint32(be16(b[6:])), 1)
		}
		if key, ok := h.Key(); ok {
			w.hex(", key=0x", key, 1)
		}
		if seq, ok := h.Seq(); ok {
			num(w, ", seq ", seq)
		}
		num(w, ", length ", length)
		w.str(": ")
	}
}

func (w *line) geneveFlags(f byte) {
	if f == 0 {
		w.str("none")
	}
	for i, name := range [...]string{"O", "C", "R1", "R2", "R3", "R4", "R5", "R6"} {
		if f&(0x80>>i) != 0 {
			w.str(name)
		}
	}
}

// igmp prints an IGMP message of which b was captured (RFC 2236, RFC 3376).
func (w *line) igmp(b []byte) {
	if len(b) < 8 {
		w.cut("igmp")
		return
	}
	switch b[0] {
	case 0x11:
		w.igmpQuery(b)
	case 0x12:
		w.addr4("igmp v1 report ", b[4:])
		w.unusual(8)
	case 0x16:
		w.addr4("igmp v2 report ", b[4:])
	case 0x17:
		w.addr4("igmp leave ", b[4:])
	case 0x22:
		w.str("igmp v3 report")
		if w.length < 16 || w.length%4 != 0 {
			num(w, " [invalid len ", w.length)
			w.str("]")
			return
		}
		num(w, ", ", be16(b[6:]))
		w.str(" group record(s)")
	default:
		num(w, "igmp-", b[0])
	}
}

// unusual prints the length if it is not the one that belongs to the type.
func (w *line) unusual(n int) {
	if w.length != n {
		num(w, " [len ", w.length)
		w.str("]")
	}
}

func (w *line) igmpQuery(b []byte) {
	w.str("igmp query")
	if w.length >= 12 {
		w.igmpQuery3(b)
		return
	}
	switch b[1] {
	case 0:
		w.str(" v1")
	case 100:
		w.str(" v2")
	default:
		num(w, " v2 [max resp time ", b[1])
		w.str("]")
	}
	if be32(b[4:]) != 0 {
		w.addr4(" [gaddr ", b[4:])
		w.str("]")
	}
	w.unusual(8)
}

func (w *line) igmpQuery3(b []byte) {
	w.str(" v3")
	if w.length%4 != 0 {
		num(w, " [invalid len ", w.length)
		w.str("]")
		return
	}
	tenths := int(b[1])
	if tenths >= 128 {
		tenths = (tenths&15 | 16) << (tenths>>4&7 + 3)
	}
	if b[1] != 100 {
		w.str(" [max resp time ")
		if tenths < 600 {
			num(w, "", tenths/10)
			num(w, ".", tenths%10)
			w.str("s")
		} else {
			w.span(tenths / 10)
		}
		w.str("]")
	}
	if be32(b[4:]) == 0 {
		return
	}
	w.addr4(" [gaddr ", b[4:])
	if len(b) < 12 {
		w.cut("igmp")
		return
	}
	if n := int(be16(b[10:])); n > 0 {
		if w.length < 12+4*n {
			w.str(" [invalid number of sources]")
		} else {
			num(w, ", ", n)
			w.str(" source(s)")
		}
	}
	w.str("]")
}

// span prints seconds as "1h2m3s".
func (w *line) span(seconds int) {
	if seconds == 0 {
		w.str("0s")
	}
	for _, u := range [...]struct {
		name string
		n    int
	}{{"h", 3600}, {"m", 60}, {"s", 1}} {
		if seconds >= u.n {
			num(w, "", seconds/u.n)
			w.str(u.name)
			seconds %= u.n
		}
	}
}
