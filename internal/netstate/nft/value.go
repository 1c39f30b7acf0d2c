package nft

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pktrail/pktrail/internal/netstate/nlattr"
	"github.com/pktrail/pktrail/internal/netstate/xt"
)

// big returns data most significant byte first. Host is true where it lies
// in a register in this machine's order.
func big(data []byte, host bool) []byte {
	data = slices.Clone(data)
	if host && binary.NativeEndian.Uint16([]byte{1, 0}) == 1 {
		slices.Reverse(data)
	}
	return data
}

// write writes a value, most significant byte first, as nft does for its type.
func (k kind) write(v []byte, n Names) string {
	switch k {
	case kindString, kindIfname:
		return quoteName(v)
	case kindIPv4, kindIPv6:
		if a, ok := netip.AddrFromSlice(v); ok {
			return a.String()
		}
	case kindEther:
		return colons(v)
	case kindHex, kindCTLabel:
		return k.writeWide(v)
	}
	if len(v) > 8 {
		return "0x" + hex.EncodeToString(v)
	}
	return k.writeNumber(number(v), n)
}

// writeNumber writes a value of at most 64 bits.
func (k kind) writeNumber(u uint64, n Names) string {
	if name, ok := k.name(u); ok {
		return name
	}
	switch k {
	case kindIfindex:
		if n.Interface != nil {
			if name := n.Interface(uint32(u)); name != "" {
				return strconv.Quote(name)
			}
		}
	case kindMark:
		return fmt.Sprintf("0x%08x", u)
	case kindProto:
		return xt.ProtocolName(uint16(u))
	case kindEthertype:
		return fmt.Sprintf("0x%04x", u)
	case kindDSCP:
		return fmt.Sprintf("0x%02x", u)
	case kindClassid:
		switch u {
		case 0:
			return "none"
		case 0xffffffff:
			return "root"
		}
		return fmt.Sprintf("%x:%x", u>>16, u&0xffff)
	case kindDuration:
		return duration(u)
	case kindTime:
		return strconv.Quote(time.Unix(0, int64(u)).UTC().Format(time.DateTime))
	case kindHour:
		return hour(u)
	}
	if k.bitmask() && u != 0 {
		return strings.Join(k.flags(u), " | ")
	}
	if k.bitmask() {
		return fmt.Sprintf("0x%x", u)
	}
	return strconv.FormatUint(u, 10)
}

// name looks a number up in the names of its type.
func (k kind) name(u uint64) (string, bool) {
	for _, s := range symbols[k] {
		if s.n == u {
			return s.name, true
		}
	}
	return "", false
}

// flags names the bits of a bit mask; bits without a name come as a number.
func (k kind) flags(u uint64) []string {
	var names []string
	for _, s := range symbols[k] {
		if u&s.n != 0 {
			names = append(names, s.name)
			u &^= s.n
		}
	}
	if u != 0 {
		names = append(names, fmt.Sprintf("0x%x", u))
	}
	return names
}

// writeWide writes raw bytes and the 128 connection labels.
func (k kind) writeWide(v []byte) string {
	if k == kindCTLabel {
		var names []string
		for i := range len(v) * 8 {
			if v[len(v)-1-i/8]&(1<<(i%8)) != 0 {
				names = append(names, strconv.Itoa(i))
			}
		}
		return strings.Join(names, ",")
	}
	s := strings.TrimLeft(hex.EncodeToString(v), "0")
	if s == "" {
		s = "0"
	}
	return "0x" + s
}

// quoteName writes an interface's name or another string. A name without a
// NUL at the end is the beginning of many.
func quoteName(v []byte) string {
	s := nlattr.Text(v)
	if len(s) == len(v) && len(v) < ifnameLen {
		s += "*"
	}
	return `"` + s + `"`
}

const ifnameLen = 16 // IFNAMSIZ of linux/if.h

func colons(v []byte) string {
	parts := make([]string, len(v))
	for i, b := range v {
		parts[i] = fmt.Sprintf("%02x", b)
	}
	return strings.Join(parts, ":")
}

// duration writes milliseconds as nft does: 1d2h3m4s5ms.
func duration(ms uint64) string {
	var b strings.Builder
	for _, u := range [...]struct {
		ms   uint64
		name string
	}{{86400000, "d"}, {3600000, "h"}, {60000, "m"}, {1000, "s"}, {1, "ms"}} {
		if n := ms / u.ms; n > 0 {
			fmt.Fprintf(&b, "%d%s", n, u.name)
			ms -= n * u.ms
		}
	}
	if b.Len() == 0 {
		return "0s"
	}
	return b.String()
}

// hour writes seconds since midnight (UTC, as the kernel counts them).
func hour(s uint64) string {
	s %= 86400
	if s%60 != 0 {
		return fmt.Sprintf(`"%02d:%02d:%02d"`, s/3600, s/60%60, s%60)
	}
	return fmt.Sprintf(`"%02d:%02d"`, s/3600, s/60%60)
}
