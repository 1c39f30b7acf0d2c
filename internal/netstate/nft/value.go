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
		return n.name(nameText(v))
	case kindIPv4, kindIPv6:
		if a, ok := netip.AddrFromSlice(v); ok {
			return n.word(a.String())
		}
	case kindEther:
		return n.word(colons(v))
	case kindHex:
		return hexNumber(v, n)
	case kindCTLabel:
		return n.flagList(labels(v))
	}
	if len(v) > 8 {
		if n.json {
			return hexNumber(v, n)
		}
		return "0x" + hex.EncodeToString(v)
	}
	return k.writeNumber(number(v), n)
}

// writeNumber writes a value of at most 64 bits.
func (k kind) writeNumber(u uint64, n Names) string {
	if name, ok := k.name(u); ok {
		return k.writeName(name, n)
	}
	if k.bitmask() && u != 0 {
		return n.flagSum(k.flags(u, n))
	}
	if k == kindIfindex {
		if n.Interface != nil {
			if name := n.Interface(uint32(u)); name != "" {
				return n.name(name)
			}
		}
		return n.word(uintText(u))
	}
	switch words, ok := k.phrase(u); {
	case ok && (k == kindTime || k == kindHour):
		return n.name(words)
	case ok:
		return n.word(words)
	case k == kindDuration && n.json:
		return uintText(u / 1000)
	case n.json:
		return uintText(u)
	}
	return k.numberText(u)
}

// writeName writes the name that a number of the type has.
func (k kind) writeName(name string, n Names) string {
	switch k {
	case kindBoolean:
		if n.json {
			return map[string]string{"exists": "true", "missing": "false"}[name]
		}
		return name
	case kindDay, kindRealm, kindDevGroup:
		return n.name(name)
	}
	return n.word(name)
}

// phrase writes the numbers that are words in JSON too.
func (k kind) phrase(u uint64) (string, bool) {
	switch k {
	case kindProto:
		name := xt.ProtocolName(uint16(u))
		return name, name[0] < '0' || name[0] > '9'
	case kindRealm:
		return uintText(u), true
	case kindClassid:
		return classid(u), true
	case kindTime:
		return time.Unix(0, int64(u)).UTC().Format(time.DateTime), true
	case kindHour:
		return hour(u), true
	}
	return "", false
}

// numberText writes a number without a name.
func (k kind) numberText(u uint64) string {
	switch k {
	case kindMark:
		return fmt.Sprintf("0x%08x", u)
	case kindEthertype:
		return fmt.Sprintf("0x%04x", u)
	case kindDSCP:
		return fmt.Sprintf("0x%02x", u)
	case kindDuration:
		return duration(u)
	}
	if k.bitmask() {
		return fmt.Sprintf("0x%x", u)
	}
	return uintText(u)
}

// classid writes a class of traffic control.
func classid(u uint64) string {
	switch u {
	case 0:
		return "none"
	case 0xffffffff:
		return "root"
	}
	return fmt.Sprintf("%x:%x", u>>16, u&0xffff)
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
func (k kind) flags(u uint64, n Names) []string {
	var names []string
	for _, s := range symbols[k] {
		if u&s.n != 0 {
			names = append(names, n.word(s.name))
			u &^= s.n
		}
	}
	if u != 0 && n.json {
		names = append(names, uintText(u))
	} else if u != 0 {
		names = append(names, fmt.Sprintf("0x%x", u))
	}
	return names
}

// labels are the numbers of the connection labels that are set.
func labels(v []byte) []string {
	var all []string
	for i := range len(v) * 8 {
		if v[len(v)-1-i/8]&(1<<(i%8)) != 0 {
			all = append(all, strconv.Itoa(i))
		}
	}
	return all
}

// hexNumber writes raw bytes as one number.
func hexNumber(v []byte, n Names) string {
	s := strings.TrimLeft(hex.EncodeToString(v), "0")
	if s == "" {
		s = "0"
	}
	if !n.json {
		return "0x" + s
	}
	if len(s) <= 16 {
		return uintText(number(v[max(len(v)-8, 0):]))
	}
	return quoted("0x" + s)
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
		return fmt.Sprintf(`%02d:%02d:%02d`, s/3600, s/60%60, s%60)
	}
	return fmt.Sprintf(`%02d:%02d`, s/3600, s/60%60)
}
