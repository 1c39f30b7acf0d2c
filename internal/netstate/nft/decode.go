package nft

import "github.com/pktrail/pktrail/internal/netstate/nlattr"

// decodeExpr reads one NFTA_LIST_ELEM of NFTA_RULE_EXPRESSIONS.
func decodeExpr(b []byte) Expr {
	name, data := nlattr.Text(attr(b, 1)), attr(b, 2) // NFTA_EXPR_NAME, NFTA_EXPR_DATA
	f := numbers(data)
	for _, decode := range [...]func(string, []byte, *fields) Expr{decodeLoad, decodeTest, decodeAction, decodeOther} {
		if e := decode(name, data, f); e != nil {
			return e
		}
	}
	return &Unknown{Name: name, Data: data}
}

// fields are the numbers in one expression, by attribute.
type fields struct {
	value [maxField + 1]uint64
	set   uint32
}

// maxField is the largest attribute that is read as a number.
const maxField = 15

func numbers(data []byte) *fields {
	f := &fields{}
	nlattr.Each(data, func(k uint16, v []byte) {
		if k <= maxField && len(v) <= 8 {
			f.value[k] = number(v)
			f.set |= 1 << k
		}
	})
	return f
}

func (f *fields) u32(k uint16) uint32 { return uint32(f.value[k]) }

func (f *fields) has(k uint16) bool { return f.set&(1<<k) != 0 }

// decodeLoad reads the expressions that fill a register. The numbers are those
// of enum nft_meta_attributes and so on, in the order of the header.
func decodeLoad(name string, _ []byte, f *fields) Expr {
	switch name {
	case "meta":
		return &Meta{Dreg: f.u32(1), Key: f.u32(2), Sreg: f.u32(3)}
	case "ct":
		c := &CT{Dreg: f.u32(1), Key: f.u32(2), Dir: -1, Sreg: f.u32(4)}
		if f.has(3) {
			c.Dir = int(f.u32(3))
		}
		return c
	case "rt":
		return &RT{Dreg: f.u32(1), Key: f.u32(2)}
	case "socket":
		return &Socket{Key: f.u32(1), Dreg: f.u32(2), Level: f.u32(3)}
	case "fib":
		return &FIB{Dreg: f.u32(1), Result: f.u32(2), Flags: f.u32(3)}
	case "payload":
		return &Payload{Dreg: f.u32(1), Base: f.u32(2), Offset: f.u32(3), Len: f.u32(4), Sreg: f.u32(5)}
	case "exthdr":
		return &Exthdr{Dreg: f.u32(1), Type: f.u32(2), Offset: f.u32(3), Len: f.u32(4), Present: f.u32(5)&1 != 0, Op: f.u32(6), Sreg: f.u32(7)}
	case "numgen":
		return &Numgen{Dreg: f.u32(1), Modulus: f.u32(2), Type: f.u32(3), Offset: f.u32(4)}
	case "hash":
		return &Hash{Sreg: f.u32(1), Dreg: f.u32(2), Len: f.u32(3), Modulus: f.u32(4), Seed: f.u32(5), HasSeed: f.has(5), Offset: f.u32(6), Type: f.u32(7)}
	case "osf":
		return &OSF{Dreg: f.u32(1), TTL: f.u32(2), Flags: f.u32(3)}
	case "xfrm":
		return &XFRM{Dreg: f.u32(1), Key: f.u32(2), Dir: f.u32(3), Num: f.u32(4)}
	}
	return nil
}

// decodeTest reads the expressions that work on registers.
func decodeTest(name string, data []byte, f *fields) Expr {
	bytesOf := func(k uint16) []byte { v, _ := decodeData(attr(data, k)); return v }
	switch name {
	case "cmp":
		return &Cmp{Sreg: f.u32(1), Op: f.u32(2), Data: bytesOf(3)}
	case "range":
		return &Range{Sreg: f.u32(1), Op: f.u32(2), From: bytesOf(3), To: bytesOf(4)}
	case "bitwise":
		if attr(data, 8) != nil { // NFTA_BITWISE_SREG2 of Linux 6.13
			return nil
		}
		return &Bitwise{Sreg: f.u32(1), Dreg: f.u32(2), Len: f.u32(3), Mask: bytesOf(4), Xor: bytesOf(5), Op: f.u32(6), Data: bytesOf(7)}
	case "byteorder":
		return &Byteorder{Sreg: f.u32(1), Dreg: f.u32(2), Op: f.u32(3), Len: f.u32(4), Size: f.u32(5)}
	case "immediate":
		i := &Immediate{Dreg: f.u32(1)}
		i.Data, i.Verdict = decodeData(attr(data, 2))
		return i
	case "lookup":
		return &Lookup{Set: nlattr.Text(attr(data, 1)), Sreg: f.u32(2), Dreg: f.u32(3), HasDreg: f.has(3), Invert: f.u32(5)&1 != 0}
	case "dynset":
		return decodeDynset(data, f)
	case "objref":
		return &Objref{Type: f.u32(1), Name: nlattr.Text(attr(data, 2)), Sreg: f.u32(3), Set: nlattr.Text(attr(data, 4))}
	}
	return nil
}

func limitOf(f *fields) *Limit {
	return &Limit{Rate: f.value[1], Unit: f.value[2], Burst: f.u32(3), Type: f.u32(4), Invert: f.u32(5)&1 != 0}
}

func decodeDynset(data []byte, f *fields) Expr {
	d := &Dynset{Set: nlattr.Text(attr(data, 1)), Op: f.u32(3), Sreg: f.u32(4), SregData: f.u32(5), Timeout: f.value[6]}
	if e := attr(data, 7); e != nil { // NFTA_DYNSET_EXPR
		d.Exprs = append(d.Exprs, decodeShallow(e))
	}
	for _, e := range list(attr(data, 10)) { // NFTA_DYNSET_EXPRESSIONS
		d.Exprs = append(d.Exprs, decodeShallow(e))
	}
	return d
}

// decodeShallow reads an expression inside of another one, where only
// stateful ones stand.
func decodeShallow(b []byte) Expr {
	name, data := nlattr.Text(attr(b, 1)), attr(b, 2)
	if e := decodeOther(name, data, numbers(data)); e != nil {
		return e
	}
	return &Unknown{Name: name, Data: data}
}

// decodeAction reads the expressions that do something to the packet.
func decodeAction(name string, data []byte, f *fields) Expr {
	switch name {
	case "nat":
		return &NAT{Type: f.u32(1), Family: Family(f.value[2]), AddrMin: f.u32(3), AddrMax: f.u32(4), PortMin: f.u32(5), PortMax: f.u32(6), Flags: f.u32(7)}
	case "masq":
		return &Masq{Flags: f.u32(1), PortMin: f.u32(2), PortMax: f.u32(3)}
	case "redir":
		return &Redir{PortMin: f.u32(1), PortMax: f.u32(2), Flags: f.u32(3)}
	case "tproxy":
		return &TProxy{Family: Family(f.value[1]), Addr: f.u32(2), Port: f.u32(3)}
	case "dup":
		return &Dup{Addr: f.u32(1), Dev: f.u32(2)}
	case "fwd":
		return &Fwd{Dev: f.u32(1), Addr: f.u32(2), Family: Family(f.value[3])}
	case "reject":
		return &Reject{Type: f.u32(1), Code: f.u32(2)}
	case "log":
		return &Log{
			Group: f.u32(1), HasGroup: f.has(1), Prefix: nlattr.Text(attr(data, 2)), Snaplen: f.u32(3), Threshold: f.u32(4),
			Level: f.u32(5), HasLevel: f.has(5), Flags: f.u32(6),
		}
	case "queue":
		return &Queue{Num: f.u32(1), Total: f.u32(2), Flags: f.u32(3), Sreg: f.u32(4)}
	case "synproxy":
		return &Synproxy{MSS: f.u32(1), Wscale: f.u32(2), Flags: f.u32(3)}
	case "flow_offload":
		return &Flow{Table: nlattr.Text(attr(data, 1))}
	case "notrack":
		return &Notrack{}
	}
	return nil
}

// decodeOther reads the expressions with a state of their own, and xtables.
func decodeOther(name string, data []byte, f *fields) Expr {
	switch name {
	case "counter":
		return &Counter{Bytes: f.value[1], Packets: f.value[2]}
	case "limit":
		return limitOf(f)
	case "quota":
		return &Quota{Bytes: f.value[1], Invert: f.u32(2)&1 != 0, Used: f.value[4]}
	case "connlimit":
		return &Connlimit{Count: f.u32(1), Invert: f.u32(2)&1 != 0}
	case "last":
		return &Last{}
	case "match": // enum nft_match_attributes of nf_tables_compat.h
		return &Match{Name: nlattr.Text(attr(data, 1)), Rev: f.u32(2), Info: attr(data, 3)}
	case "target":
		return &Target{Name: nlattr.Text(attr(data, 1)), Rev: f.u32(2), Info: attr(data, 3)}
	}
	return nil
}
