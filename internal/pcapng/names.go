package pcapng

import (
	"bytes"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// Option codes of the NRB.
const (
	OptDNSName = 2
	OptDNSIPv4 = 3
	OptDNSIPv6 = 4
)

// Record types of the NRB.
const (
	recordEnd   = 0
	recordIPv4  = 1
	recordIPv6  = 2
	recordEUI48 = 3
	recordEUI64 = 4
)

// NameRecord gives the names of one address.
type NameRecord struct {
	// Addr is the IP address; valid iff MAC is nil.
	Addr netip.Addr
	// MAC is an EUI-48 (6 bytes) or EUI-64 (8 bytes).
	MAC []byte
	// Names, at least one, without NUL bytes.
	Names []string
}

// Names is a Name Resolution Block.
type Names struct {
	Records []NameRecord
	// DNSName is the server that gave the names, DNSAddr its addresses.
	DNSName string
	DNSAddr []netip.Addr
	Extra
}

// Names reads a Name Resolution Block. Records of unknown type are left out.
func (b *Block) Names() (Names, error) {
	o, rest := b.order(), b.Body()
	var n Names
	if b.Type != TypeNames {
		return n, b.bad("not a name resolution block")
	}
	for {
		if len(rest) < 4 {
			return n, b.bad("no end of the records")
		}
		kind, size := o.u16(rest), int(o.u16(rest[2:]))
		rest = rest[4:]
		if kind == recordEnd {
			break
		}
		if size > len(rest) {
			return n, b.bad("a record is longer than the block")
		}
		if rec, ok := nameRecord(kind, rest[:size]); ok {
			n.Records = append(n.Records, rec)
		}
		if len(n.Records) > MaxNames {
			return n, b.bad("more than %d names", MaxNames)
		}
		rest = rest[min(pad4(size), len(rest)):]
	}
	l := Options{rest, o}
	if err := l.check(b); err != nil {
		return n, err
	}
	for opt := range l.All() {
		switch {
		case opt.Code == OptDNSName:
			n.DNSName = string(opt.Value)
		case opt.Code == OptDNSIPv4 && len(opt.Value) == 4, opt.Code == OptDNSIPv6 && len(opt.Value) == 16:
			a, _ := netip.AddrFromSlice(opt.Value)
			n.DNSAddr = append(n.DNSAddr, a)
		default:
			n.take(l, opt)
		}
	}
	return n, nil
}

func nameRecord(kind uint16, v []byte) (NameRecord, bool) {
	size := map[uint16]int{recordIPv4: 4, recordIPv6: 16, recordEUI48: 6, recordEUI64: 8}[kind]
	if size == 0 || len(v) < size {
		return NameRecord{}, false
	}
	var rec NameRecord
	if kind == recordEUI48 || kind == recordEUI64 {
		rec.MAC = slices.Clone(v[:size])
	} else {
		rec.Addr, _ = netip.AddrFromSlice(v[:size])
	}
	for name := range bytes.SplitSeq(v[size:], []byte{0}) {
		if len(name) > 0 {
			rec.Names = append(rec.Names, string(name))
		}
	}
	return rec, len(rec.Names) > 0
}

// Append appends the names to dst as a block.
func (n *Names) Append(dst []byte) ([]byte, error) {
	b := build(dst, TypeNames)
	for i := range n.Records {
		b.nameRecord(&n.Records[i])
	}
	b.u32(recordEnd)
	b.text(OptDNSName, n.DNSName)
	for _, a := range n.DNSAddr {
		code := uint16(OptDNSIPv6)
		if a.Is4() {
			code = OptDNSIPv4
		}
		b.option(code, a.AsSlice())
	}
	b.extra(&n.Extra)
	return b.end()
}

func (b *builder) nameRecord(rec *NameRecord) {
	var kind uint16
	v := rec.MAC
	switch {
	case len(rec.MAC) == 6:
		kind = recordEUI48
	case len(rec.MAC) == 8:
		kind = recordEUI64
	case rec.Addr.Is4():
		kind, v = recordIPv4, rec.Addr.AsSlice()
	case rec.Addr.Is6():
		kind, v = recordIPv6, rec.Addr.WithZone("").AsSlice()
	}
	if kind == 0 || len(rec.Names) == 0 {
		b.err = fmt.Errorf("name record without an address or a name: not to be written")
		return
	}
	v = slices.Clone(v)
	for _, name := range rec.Names {
		if name == "" || strings.Contains(name, "\x00") {
			b.err = fmt.Errorf("name %q: not to be written", name)
			return
		}
		v = append(append(v, name...), 0)
	}
	if len(v) > MaxOption {
		b.err = fmt.Errorf("names of %d bytes: %w", len(v), ErrTooLong)
		return
	}
	b.u16(kind)
	b.u16(uint16(len(v)))
	b.padded(v)
}
