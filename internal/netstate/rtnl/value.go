package rtnl

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"net/netip"
)

// The functions get... put a value of an attribute where it belongs, and are
// false if there are too few bytes of it.

func get8(v []byte, p *uint8) bool {
	if len(v) < 1 {
		return false
	}
	*p = v[0]
	return true
}

func getBool(v []byte, p *bool) bool {
	if len(v) < 1 {
		return false
	}
	*p = v[0] != 0
	return true
}

func get16(v []byte, p *uint16) bool {
	if len(v) < 2 {
		return false
	}
	*p = binary.NativeEndian.Uint16(v)
	return true
}

func getBE16(v []byte, p *uint16) bool {
	if len(v) < 2 {
		return false
	}
	*p = binary.BigEndian.Uint16(v)
	return true
}

func get32(v []byte, p *uint32) bool {
	if len(v) < 4 {
		return false
	}
	*p = binary.NativeEndian.Uint32(v)
	return true
}

func getBE32(v []byte, p *uint32) bool {
	if len(v) < 4 {
		return false
	}
	*p = binary.BigEndian.Uint32(v)
	return true
}

func get64(v []byte, p *uint64) bool {
	if len(v) < 8 {
		return false
	}
	*p = binary.NativeEndian.Uint64(v)
	return true
}

// getUint reads a number that takes four bytes if it fits (NLA_UINT).
func getUint(v []byte, p *uint64) bool {
	var short uint32
	if get64(v, p) {
		return true
	}
	ok := get32(v, &short)
	*p = uint64(short)
	return ok
}

func getIndex(v []byte, p *int) bool {
	if len(v) < 4 {
		return false
	}
	*p = int(int32(binary.NativeEndian.Uint32(v)))
	return true
}

func getSigned(v []byte, p *int32) bool {
	if len(v) < 4 {
		return false
	}
	*p = int32(binary.NativeEndian.Uint32(v))
	return true
}

// getAddr reads 4 or 16 bytes. The unspecified address is none.
func getAddr(v []byte, p *netip.Addr) bool {
	a, ok := netip.AddrFromSlice(v)
	if ok && !a.IsUnspecified() {
		*p = a
	}
	return ok
}

func getText(v []byte, p *string) bool {
	v, _, _ = bytes.Cut(v, []byte{0})
	*p = word(v)
	return true
}

func getHex(v []byte, p *string) bool {
	*p = hex.EncodeToString(v)
	return true
}

func getMAC(v []byte, p *string) bool {
	if len(v) == 0 {
		return false
	}
	*p = colons(v)
	return true
}

// word makes a string; for the words that nearly all links have it needs no
// room.
func word(v []byte) string {
	switch string(v) {
	case "veth":
		return "veth"
	case "bridge":
		return "bridge"
	case "vxlan":
		return "vxlan"
	case "dummy":
		return "dummy"
	case "noqueue":
		return "noqueue"
	case "noop":
		return "noop"
	case "eth0":
		return "eth0"
	case "lo":
		return "lo"
	}
	return string(v)
}

// colons writes a hardware address.
func colons(v []byte) string {
	const digits = "0123456789abcdef"
	if len(v) == 6 && string(v) == "\xff\xff\xff\xff\xff\xff" {
		return "ff:ff:ff:ff:ff:ff"
	}
	var room [3 * 32]byte
	b := room[:0]
	for i, c := range v {
		if i > 0 {
			b = append(b, ':')
		}
		b = append(b, digits[c>>4], digits[c&15])
	}
	return string(b)
}

// hardware writes a link's address as ip does: those of tunnels are IP
// addresses (ARPHRD_* of linux/if_arp.h).
func hardware(v []byte, typ uint16) string {
	const tunnel, tunnel6, sit, ipgre, ip6gre = 768, 769, 776, 778, 823
	switch {
	case len(v) == 0:
		return ""
	case len(v) == 4 && (typ == tunnel || typ == sit || typ == ipgre),
		len(v) == 16 && (typ == tunnel6 || typ == ip6gre):
		a, _ := netip.AddrFromSlice(v)
		return a.String()
	}
	return colons(v)
}

// getFlag reads an attribute that is set by being there; some kernels put a
// byte into it.
func getFlag(v []byte, p *bool) bool {
	*p = len(v) == 0 || v[0] != 0
	return true
}

// getExact reads an address that may be the unspecified one.
func getExact(v []byte, p *netip.Addr) bool {
	a, ok := netip.AddrFromSlice(v)
	*p = a
	return ok
}
