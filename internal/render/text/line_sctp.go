package text

import "github.com/pktrail/pktrail/internal/packet"

// sctp prints a common header and the chunks, of which b was captured.
func (w *line) sctp(head, b []byte) {
	h := packet.SCTP(head)
	w.ports(h.SrcPort(), h.DstPort(), true)
	w.str(": sctp")
	w.length -= 12
	for i := 1; w.length > 0 && !w.full(); i++ {
		sep := either(i == 1, " (", ", (")
		if w.length < 4 {
			num(w, sep, i)
			w.str(") [chunk descriptor cut off at end of packet]")
			return
		}
		if len(b) < 4 {
			w.cut("sctp")
			return
		}
		n := packet.SCTPChunk(b).Length()
		pad := (4 - n%4) % 4
		if n < 4 {
			num(w, sep, i)
			num(w, ") [Bad chunk length ", n)
			w.str(", < size of chunk descriptor]")
			return
		}
		if len(b) < n {
			w.cut("sctp")
			return
		}
		num(w, sep, i)
		w.str(") [")
		if !w.chunk(packet.SCTPChunk(b[:n])) {
			return
		}
		w.length -= n
		if b = b[n:]; pad > 0 && w.length > 0 {
			if len(b) < pad {
				w.cut("sctp")
				return
			}
			b, w.length = b[pad:], w.length-pad
		}
	}
}

// chunk prints one whole chunk. It returns false if the line ends there.
func (w *line) chunk(c packet.SCTPChunk) bool {
	w.chunkName(c.Type())
	w.str("] ")
	b := c[4:]
	switch c.Type() {
	case packet.SCTPData:
		return w.chunkData(c.Flags(), b, c.Length())
	case packet.SCTPInit, packet.SCTPInitAck:
		if len(b) < 16 {
			return w.bogusChunk(c.Length())
		}
		num(w, "[init tag: ", be32(b))
		num(w, "] [rwnd: ", be32(b[4:]))
		num(w, "] [OS: ", be16(b[8:]))
		num(w, "] [MIS: ", be16(b[10:]))
		num(w, "] [init TSN: ", be32(b[12:]))
		w.str("] ")
	case packet.SCTPSack:
		if len(b) < 12 {
			return w.bogusChunk(c.Length())
		}
		num(w, "[cum ack ", be32(b))
		num(w, "] [a_rwnd ", be32(b[4:]))
		num(w, "] [#gap acks ", be16(b[8:]))
		num(w, "] [#dup tsns ", be16(b[10:]))
		w.str("] ")
		w.gaps(b)
	}
	return true
}

// gaps prints what a SACK chunk with the body b lists.
func (w *line) gaps(b []byte) {
	cum, gaps, dups := be32(b), int(be16(b[8:])), int(be16(b[10:]))
	b = b[12:]
	for i := 1; i <= gaps && len(b) >= 4 && !w.full(); i++ {
		num(w, "[gap ack block #", i)
		num(w, ": start = ", cum+uint32(be16(b)))
		num(w, ", end = ", cum+uint32(be16(b[2:])))
		w.str("] ")
		b = b[4:]
	}
	for i := 1; i <= dups && len(b) >= 4 && !w.full(); i++ {
		num(w, "[dup TSN #", i)
		num(w, ": ", be32(b))
		w.str("] ")
		b = b[4:]
	}
}

func (w *line) bogusChunk(n int) bool {
	num(w, "bogus chunk length ", n)
	w.str("]")
	return false
}

func (w *line) chunkData(flags uint8, b []byte, n int) bool {
	for i, name := range [...]string{"(U)", "(B)", "(E)"} {
		if flags&(4>>i) != 0 {
			w.str(name)
		}
	}
	if flags&7 != 0 {
		w.str(" ")
	}
	if len(b) < 12 {
		return w.bogusChunk(n)
	}
	num(w, "[TSN: ", be32(b))
	num(w, "] [SID: ", be16(b[4:]))
	num(w, "] [SSEQ ", be16(b[6:]))
	w.str("] [PPID ")
	w.chunkPayload(be32(b[8:]))
	w.str("] ")
	if len(b) == 12 {
		return w.bogusChunk(n)
	}
	return true
}

// chunkPayload names a payload protocol (IANA, SCTP payload protocol
// identifiers).
func (w *line) chunkPayload(id uint32) {
	names := [...]string{
		1: "ISDN Q.921", "M2UA", "M3UA", "SUA", "M2PA", "V5.2", "H.248", "BICC", "TALI", "DUA", "ASAP", "ENRP", "H.323",
		"Q.IPC", "SIMCO", "DDPSC", "DDPSSC", "S1AP", "RUA", "HNBAP", "ForCES HP", "ForCES MP", "ForCES LP", "SBc-AP", "NBAP", "", "X2AP",
	}
	if id < uint32(len(names)) && names[id] != "" {
		w.str(names[id])
		return
	}
	w.hex("0x", id, 1)
}

func (w *line) chunkName(t uint8) {
	names := [...]string{
		"DATA", "INIT", "INIT ACK", "SACK", "HB REQ", "HB ACK", "ABORT", "SHUTDOWN", "SHUTDOWN ACK", "OP ERR", "COOKIE ECHO",
		"COOKIE ACK", "ECN ECHO", "ECN CWR", "SHUTDOWN COMPLETE",
	}
	switch {
	case int(t) < len(names):
		w.str(names[t])
	case t == 0xc0:
		w.str("FOR CUM TSN")
	default:
		w.hex("Unknown chunk type: 0x", uint32(t), 1)
	}
}
