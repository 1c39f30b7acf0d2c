package nflog

import (
	"encoding/binary"
	"strings"
)

// EtherLen is the length of an Ethernet header without tags.
const EtherLen = 14

// AppendLink makes the Ethernet header again, with its tag. It adds nothing
// where the line has none, or one without addresses.
func (l *Line) AppendLink(b []byte) []byte {
	var h [EtherLen]byte
	switch {
	case l.ARP != nil:
		if !readMAC(h[:6], or(l.DstMAC, l.ARP.DstMAC)) || !readMAC(h[6:12], or(l.SrcMAC, l.ARP.SrcMAC)) {
			return b
		}
		h[12], h[13] = 0x08, 0x06
	case l.MAC != "":
		if !readMAC(h[:], l.MAC) {
			return b
		}
		if typ := binary.BigEndian.Uint16(h[12:]); typ != 0x0800 && typ != 0x86dd {
			return b
		}
	default:
		if !readMAC(h[:6], l.DstMAC) || !readMAC(h[6:12], l.SrcMAC) {
			return b
		}
		h[12], h[13] = 0x08, 0x00
		if l.Src.Is6() {
			h[12], h[13] = 0x86, 0xdd
		}
	}
	if [12]byte(h[:12]) == [12]byte{} { // the loopback device
		return b
	}
	b = append(b, h[:12]...)
	if l.HasVLAN {
		b = append(b, 0x81, 0x00, byte(l.VLAN>>8), byte(l.VLAN))
	}
	return append(b, h[12:]...)
}

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// readMAC fills b with bytes written as "02:42:..", or with spaces; false if s
// has others or not as many.
func readMAC(b []byte, s string) bool {
	if len(s) != 3*len(b)-1 {
		return false
	}
	for i := range b {
		hi, lo := nibble(s[3*i]), nibble(s[3*i+1])
		if hi > 15 || lo > 15 || i > 0 && !strings.ContainsRune(": ", rune(s[3*i-1])) {
			return false
		}
		b[i] = hi<<4 | lo
	}
	return true
}

// AppendFrame makes the packet again, with the link header if the line has one,
// and says whether it has.
func (l *Line) AppendFrame(b []byte) (frame []byte, ethernet bool) {
	from := len(b)
	b = l.AppendLink(b)
	ethernet = len(b) > from
	if a := l.ARP; a != nil {
		b = append(b, 0, 1, 8, 0, 6, 4)
		b = binary.BigEndian.AppendUint16(b, a.Op)
		var mac [6]byte
		readMAC(mac[:], a.SrcMAC)
		b = append(append(b, mac[:]...), a.Src[:]...)
		mac = [6]byte{}
		readMAC(mac[:], a.DstMAC)
		return append(append(b, mac[:]...), a.Dst[:]...), ethernet
	}
	return l.Append(b), ethernet
}
