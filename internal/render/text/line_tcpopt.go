package text

import "github.com/pktrail/pktrail/internal/packet"

// tcpOptions prints the options, n bytes of which b was captured. base is what
// the numbers in a SACK are relative to.
func (w *line) tcpOptions(b []byte, n int, base uint32) bool {
	for first := true; n > 0; first = false {
		if !first {
			w.str(",")
		}
		if len(b) == 0 || b[0] > packet.TCPOptNOP && len(b) < 2 {
			w.cut("tcp")
			return false
		}
		kind := b[0]
		if kind <= packet.TCPOptNOP {
			w.optionName(kind)
			if b, n = b[1:], n-1; kind == packet.TCPOptEnd {
				break
			}
			continue
		}
		size := int(b[1])
		if size < 2 || size > n {
			return w.badOption(first)
		}
		w.optionName(kind)
		// Like tcpdump, trust the kind more than the length.
		used := size
		if fixed := fixedOption(kind); fixed >= 0 {
			used = 2 + fixed
		}
		switch {
		case used > n:
			return w.badOption(first)
		case used > len(b):
			w.cut("tcp")
			if !first {
				w.str(">")
			}
			return false
		case !w.tcpOption(kind, b[2:used], base):
			return w.badOption(first)
		case used != size:
			num(w, "[len ", size)
			w.str("]")
		}
		b, n = b[used:], n-used
	}
	w.str("]")
	return true
}

func (w *line) badOption(first bool) bool {
	w.str("[bad opt]")
	if !first {
		w.str("]")
	}
	return false
}

func (w *line) optionName(kind byte) {
	switch kind {
	case packet.TCPOptEnd:
		w.str("eol")
	case packet.TCPOptNOP:
		w.str("nop")
	case packet.TCPOptMSS:
		w.str("mss")
	case packet.TCPOptWScale:
		w.str("wscale")
	case packet.TCPOptSACKOK:
		w.str("sackOK")
	case packet.TCPOptSACK:
		w.str("sack")
	case packet.TCPOptTimestamp:
		w.str("TS")
	case packet.TCPOptMD5:
		w.str("md5")
	case packet.TCPOptUTO:
		w.str("uto")
	case packet.TCPOptAO:
		w.str("tcp-ao")
	case packet.TCPOptMPTCP:
		w.str("mptcp")
	case packet.TCPOptFastOpen:
		w.str("tfo")
	case optExperiment:
		w.str("exp")
	default:
		num(w, "unknown-", kind)
	}
}

const optExperiment = 254 // RFC 6994

// fixedOption is the length in bytes of the body of a kind of option, -1 if it
// varies.
func fixedOption(kind byte) int {
	switch kind {
	case packet.TCPOptSACKOK:
		return 0
	case packet.TCPOptWScale:
		return 1
	case packet.TCPOptMSS, packet.TCPOptUTO:
		return 2
	case packet.TCPOptTimestamp:
		return 8
	case packet.TCPOptMD5:
		return 16
	}
	return -1
}

// tcpOption prints the body of an option behind its name. It returns false if
// the body is too short for its kind.
func (w *line) tcpOption(kind byte, b []byte, base uint32) bool {
	switch kind {
	case packet.TCPOptSACKOK:
	case packet.TCPOptMSS:
		num(w, " ", be16(b))
	case packet.TCPOptWScale:
		num(w, " ", b[0])
	case packet.TCPOptTimestamp:
		num(w, " val ", be32(b))
		num(w, " ecr ", be32(b[4:]))
	case packet.TCPOptMD5:
		w.str(" shared secret not supplied with -M, can't check - ")
		w.hexBytes(b)
	case packet.TCPOptUTO:
		v := uint32(be16(b))
		w.hex(" 0x", v, 1)
		if v >>= 1; b[1]&1 != 0 {
			v *= 60
		}
		num(w, " ", v)
	default:
		return w.longOption(kind, b, base)
	}
	return true
}

// longOption prints the body of an option of any length.
func (w *line) longOption(kind byte, b []byte, base uint32) bool {
	switch kind {
	case packet.TCPOptSACK:
		if len(b)%8 != 0 {
			w.str(" invalid sack")
			return true
		}
		num(w, " ", len(b)/8)
		w.str(" ")
		for ; len(b) >= 8; b = b[8:] {
			num(w, "{", be32(b)-base)
			num(w, ":", be32(b[4:])-base)
			w.str("}")
		}
	case packet.TCPOptAO:
		if len(b) < 2 {
			w.invalid()
			return true
		}
		num(w, " keyid ", b[0])
		num(w, " rnextkeyid ", b[1])
		if len(b) > 2 {
			w.str(" mac 0x")
			w.hexBytes(b[2:])
		}
	case packet.TCPOptMPTCP:
		num(w, " ", len(b)+2)
	case packet.TCPOptFastOpen:
		w.str(" ")
		w.fastOpen(b)
	case optExperiment:
		if len(b) < 2 {
			return false
		}
		w.str("-")
		if be16(b) == 0xf989 { // RFC 7413, before it had a number
			w.str("tfo")
			w.fastOpen(b[2:])
		} else {
			w.hex("", uint32(be16(b)), 4)
		}
	default:
		if len(b) > 0 {
			w.str(" 0x")
			w.hexBytes(b)
		}
	}
	return true
}

func (w *line) fastOpen(b []byte) {
	switch {
	case len(b) == 0:
		w.str(" cookiereq")
	case len(b)%2 != 0 || len(b) < 4 || len(b) > 16:
		w.invalid()
	default:
		w.str(" cookie ")
		w.hexBytes(b)
	}
}
