package nflog

import "strings"

// arp reads "ARP HTYPE=1 PTYPE=0x0800 OPCODE=1 MACSRC=.. IPSRC=.. MACDST=.. IPDST=..".
func (r *reader) arp(l *Line) error {
	a := &ARP{}
	seen := 0
	for word, ok := r.next(); ok; word, ok = r.next() {
		name, value, _ := strings.Cut(word, "=")
		switch name {
		case "OPCODE":
			a.Op = uint16(r.number(word, value, 16))
			seen |= 1
		case "MACSRC":
			a.SrcMAC = value
		case "MACDST":
			a.DstMAC = value
		case "IPSRC", "IPDST":
			ip := r.addr(word, value)
			if !ip.Is4() {
				r.wrong(word)
				return nil
			}
			if name == "IPSRC" {
				a.Src = ip.As4()
				seen |= 2
			} else {
				a.Dst = ip.As4()
				seen |= 4
			}
		}
	}
	if seen != 7 {
		return errShort
	}
	l.ARP = a
	return nil
}
