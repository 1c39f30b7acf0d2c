package nftrace

import (
	"net/netip"
	"slices"
)

// Numbers of linux/netfilter/nf_tables.h.
const (
	nftaListElem = 1

	nftaExprName = 1
	nftaExprData = 2

	nftaDataValue   = 1
	nftaDataVerdict = 2
	nftaVerdictCode = 1
	nftaVerdictTo   = 2

	regVerdict = 0
	regData    = 1

	baseNetwork   = 1 // NFT_PAYLOAD_NETWORK_HEADER
	baseTransport = 2 // NFT_PAYLOAD_TRANSPORT_HEADER

	metaTrace   = 12 // NFT_META_NFTRACE
	metaNFProto = 15 // NFT_META_NFPROTO
	metaL4Proto = 16 // NFT_META_L4PROTO
)

// exprs are a rule's expressions; each method appends one or more.
type exprs attrs

func (x exprs) add(name string, data attrs) exprs {
	e := attrs(nil).text(nftaExprName, name).nest(nftaExprData, data)
	return exprs(attrs(slices.Clip(x)).nest(nftaListElem, e)) // clipped: one beginning serves several rules
}

// equal compares the register with a value.
func (x exprs) equal(v []byte) exprs {
	const same = 0 // NFT_CMP_EQ
	return x.compare(same, v)
}

// compare is NFTA_CMP_SREG, OP, DATA.
func (x exprs) compare(op uint32, v []byte) exprs {
	return x.add("cmp", attrs(nil).u32(1, regData).u32(2, op).nest(3, attrs(nil).bytes(nftaDataValue, v)))
}

// lookup finds the register in a set, or does what a map says for it:
// NFTA_LOOKUP_SET, SREG, DREG, SET_ID.
func (x exprs) lookup(set uint32, isMap bool) exprs {
	a := attrs(nil).text(1, setName(isMap)).u32(2, regData).u32(4, set)
	if isMap {
		a = a.u32(3, regVerdict)
	}
	return x.add("lookup", a)
}

// setName is what nft takes for the name of one that has none; the kernel puts
// a number in.
func setName(isMap bool) string {
	if isMap {
		return "__map%d"
	}
	return "__set%d"
}

// loadMeta loads what the kernel knows beside the bytes: NFTA_META_DREG, KEY.
func (x exprs) loadMeta(key uint32) exprs {
	return x.add("meta", attrs(nil).u32(1, regData).u32(2, key))
}

// field is where a value stands in a packet.
type field struct {
	base uint32 // baseNetwork or baseTransport
	off  int    // bytes from there
}

// at moves a field.
func (f field) at(off int) field { return field{f.base, f.off + off} }

// bytes matches bytes of the packet: NFTA_PAYLOAD_DREG, BASE, OFFSET, LEN.
func (x exprs) bytes(f field, v ...byte) exprs {
	return x.load(f, len(v)).equal(v)
}

func (x exprs) load(f field, n int) exprs {
	return x.add("payload", attrs(nil).u32(1, regData).u32(2, f.base).u32(3, uint32(f.off)).u32(4, uint32(n)))
}

// masked matches some bits of the packet.
func (x exprs) masked(f field, mask, v []byte) exprs {
	return x.bits(f, mask).equal(v)
}

// without matches unless all of some bits are 0.
func (x exprs) without(f field, mask []byte) exprs {
	const differs = 1 // NFT_CMP_NEQ
	return x.bits(f, mask).compare(differs, make([]byte, len(mask)))
}

// bits loads some bits of the packet: NFTA_BITWISE_SREG, DREG, LEN, MASK, XOR.
func (x exprs) bits(f field, mask []byte) exprs {
	value := func(b []byte) attrs { return attrs(nil).bytes(nftaDataValue, b) }
	return x.load(f, len(mask)).add("bitwise", attrs(nil).u32(1, regData).u32(2, regData).u32(3, uint32(len(mask))).
		nest(4, value(mask)).nest(5, value(make([]byte, len(mask)))))
}

// prefix matches an address.
func (x exprs) prefix(f field, p netip.Prefix) exprs {
	v := p.Addr().AsSlice()
	if p.Bits() == 0 {
		return x
	}
	if p.IsSingleIP() {
		return x.bytes(f, v...)
	}
	mask := make([]byte, len(v))
	for i := range p.Bits() {
		mask[i/8] |= 0x80 >> (i % 8)
	}
	return x.masked(f, mask, v)
}

func (x exprs) port(f field, port uint16) exprs {
	if port == 0 {
		return x
	}
	return x.bytes(f, byte(port>>8), byte(port))
}

// limit lets rate packets pass per unit (s), burst at once: NFTA_LIMIT_RATE,
// UNIT, BURST, TYPE (NFT_LIMIT_PKTS), FLAGS.
func (x exprs) limit(rate, unit uint64, burst uint32) exprs {
	return x.add("limit", attrs(nil).u64(1, rate).u64(2, unit).u32(3, burst).u32(4, 0).u32(5, 0))
}

// trace sets the trace bit: an immediate 1 (NFTA_IMMEDIATE_DREG, DATA) into
// the key (NFTA_META_KEY, SREG).
func (x exprs) trace() exprs {
	return x.add("immediate", attrs(nil).u32(1, regData).nest(2, attrs(nil).bytes(nftaDataValue, []byte{1}))).
		add("meta", attrs(nil).u32(2, metaTrace).u32(3, regData))
}

// verdict ends a rule.
func (x exprs) verdict(code int32, to string) exprs {
	return x.add("immediate", attrs(nil).u32(1, regVerdict).nest(2, attrs(nil).nest(nftaDataVerdict, verdict(code, to))))
}

// verdict is one of the codes in names.go, with the chain of a jump.
func verdict(code int32, to string) attrs {
	v := attrs(nil).u32(nftaVerdictCode, uint32(code))
	if to != "" {
		v = v.text(nftaVerdictTo, to)
	}
	return v
}
