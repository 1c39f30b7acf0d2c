package nflog

import "encoding/binary"

// loose is what of a packet no translation changes: version, protocol,
// length, identification, fragment, and behind them TCP's numbers and flags or type and
// sequence of ICMP.
type loose struct {
	version, proto byte
	len, id, part  uint16
	upper          uint64
}

// ident tells a packet within one table, where nothing of this changes but by
// the last rule.
type ident struct {
	loose
	src, dst [16]byte
	ports    uint32
}

func identify(b []byte) ident {
	var id ident
	switch {
	case len(b) >= 20 && b[0]>>4 == 4:
		id.version, id.proto = 4, b[9]
		copy(id.src[:], b[12:16])
		copy(id.dst[:], b[16:20])
		id.len, id.id = binary.BigEndian.Uint16(b[2:]), binary.BigEndian.Uint16(b[4:])
		id.part = binary.BigEndian.Uint16(b[6:]) & (fragmentMore | fragmentOffset)
		b = b[min(max(int(b[0]&0xf)*4, 20), len(b)):]
	case len(b) >= 40 && b[0]>>4 == 6:
		id.version, id.proto = 6, b[6]
		copy(id.src[:], b[8:24])
		copy(id.dst[:], b[24:40])
		id.len = binary.BigEndian.Uint16(b[4:])
		b = b[40:]
	default:
		return id
	}
	if len(b) < 8 {
		return id
	}
	switch id.proto {
	case 6:
		id.ports = binary.BigEndian.Uint32(b)
		id.upper = uint64(binary.BigEndian.Uint32(b[4:])) << 32
		if len(b) >= 14 {
			id.upper |= uint64(binary.BigEndian.Uint32(b[8:])^uint32(b[13])<<24) & 0xffffffff
		}
	case 1, 58:
		id.upper = uint64(binary.BigEndian.Uint16(b))<<32 | uint64(binary.BigEndian.Uint16(b[6:]))
		id.ports = uint32(binary.BigEndian.Uint16(b[4:]))
	default:
		id.ports = binary.BigEndian.Uint32(b)
	}
	return id
}

// becomes reports whether a packet may be another one that is alike but for
// addresses and ports, translated: that leaves one end as it is.
func (id *ident) becomes(o *ident) bool {
	if id.proto == 1 || id.proto == 58 {
		return (id.src == o.src || id.dst == o.dst) && (id.ports == o.ports || id.id != 0)
	}
	return id.src == o.src && id.ports>>16 == o.ports>>16 || id.dst == o.dst && id.ports&0xffff == o.ports&0xffff
}
