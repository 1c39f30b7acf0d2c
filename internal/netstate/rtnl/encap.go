package rtnl

import (
	"encoding/binary"
	"net/netip"

	"github.com/pktrail/pktrail/internal/netstate"
	"github.com/pktrail/pktrail/internal/netstate/nlattr"
)

// Lightweight tunnels, LWTUNNEL_ENCAP_* of linux/lwtunnel.h.
const (
	encapMPLS      = 1
	encapIP        = 2
	encapIP6       = 4
	encapSeg6      = 5
	encapBPF       = 6
	encapSeg6Local = 7
	encapXfrm      = 10
)

// encap decodes RTA_ENCAP by RTA_ENCAP_TYPE. What it does not know is in Raw.
func encap(typ uint16, b []byte) *netstate.Encap {
	e := &netstate.Encap{Type: typ}
	var take func(*netstate.Encap, uint16, []byte) bool
	switch typ {
	case encapMPLS:
		take = takeMPLS
	case encapIP, encapIP6:
		take = takeTunnel
	case encapSeg6:
		take = takeSeg6
	case encapBPF:
		take = takeBPF
	case encapSeg6Local:
		e.Local = &netstate.Seg6Local{}
		take = takeSeg6Local
	case encapXfrm:
		take = takeXfrm
	default:
		take = func(*netstate.Encap, uint16, []byte) bool { return false }
	}
	for t, v := range nlattr.All(b) {
		if !take(e, t, v) {
			e.Raw = keep(e.Raw, t, v)
		}
	}
	return e
}

// takeMPLS reads MPLS_IPTUNNEL_* of linux/mpls_iptunnel.h.
func takeMPLS(e *netstate.Encap, typ uint16, v []byte) bool {
	switch typ {
	case 1:
		e.Labels = labelsOf(v)
		return e.Labels != nil
	case 2:
		return takeTTL(e, v)
	}
	return false
}

func takeTTL(e *netstate.Encap, v []byte) bool {
	if len(v) == 0 {
		return false
	}
	ttl := v[0]
	e.TTL = &ttl
	return true
}

// takeTunnel reads LWTUNNEL_IP_* and LWTUNNEL_IP6_*, which have the same
// numbers. Options of Geneve, VXLAN and ERSPAN stay raw.
func takeTunnel(e *netstate.Encap, typ uint16, v []byte) bool {
	switch typ {
	case 1:
		e.ID = nlattr.BE64(v)
		return len(v) >= 8
	case 2:
		e.Dst = ipOf(v)
		return e.Dst.IsValid()
	case 3:
		e.Src = ipOf(v)
		return e.Src.IsValid()
	case 4:
		return takeTTL(e, v)
	case 5:
		e.TOS = u8(v)
		return len(v) >= 1
	case 6:
		e.Flags = nlattr.BE16(v)
		return len(v) >= 2
	case 7: // padding
		return true
	}
	return typ == 8 && len(v) == 0 // no options at all
}

// takeSeg6 reads SEG6_IPTUNNEL_SRH of linux/seg6_iptunnel.h: a mode and a
// segment routing header.
func takeSeg6(e *netstate.Encap, typ uint16, v []byte) bool {
	if typ != 1 || len(v) < 4 || !takeSRH(e, v[4:]) {
		return false
	}
	e.Mode = int32(u32(v))
	return true
}

// takeSRH reads a segment routing header (RFC 8754, linux/seg6.h): its list
// begins with the last segment.
func takeSRH(e *netstate.Encap, v []byte) bool {
	const head, segment, signature = 8, 16, 40
	if len(v) < head {
		return false
	}
	last := int(v[4])
	if len(v) < head+(last+1)*segment {
		return false
	}
	if v[5]&8 != 0 { // SR6_FLAG1_HMAC: a TLV at the end
		at := (int(v[1])+1)*8 - signature
		if at < head || len(v) < at+signature {
			return false
		}
		e.HMACKey = binary.BigEndian.Uint32(v[at+4:])
	}
	for i := last; i >= 0; i-- {
		e.Segments = append(e.Segments, netip.AddrFrom16([16]byte(v[head+i*segment:])))
	}
	return true
}

// takeBPF reads LWT_BPF_*.
func takeBPF(e *netstate.Encap, typ uint16, v []byte) bool {
	switch typ {
	case 1:
		e.In = programName(v)
	case 2:
		e.Out = programName(v)
	case 3:
		e.Xmit = programName(v)
	case 4:
		e.Headroom = u32(v)
		return len(v) >= 4
	default:
		return false
	}
	return true
}

// programName reads LWT_BPF_PROG_NAME, and SEG6_LOCAL_BPF_PROG_NAME which has
// the same number.
func programName(b []byte) *string {
	name := ""
	for typ, v := range nlattr.All(b) {
		if typ == 2 {
			name = nlattr.Text(v)
		}
	}
	return &name
}

// takeXfrm reads LWT_XFRM_*.
func takeXfrm(e *netstate.Encap, typ uint16, v []byte) bool {
	switch typ {
	case 1:
		e.IfID = u32(v)
	case 2:
		e.Underlay = int(u32(v))
	default:
		return false
	}
	return len(v) >= 4
}

// takeSeg6Local reads SEG6_LOCAL_* of linux/seg6_local.h.
func takeSeg6Local(e *netstate.Encap, typ uint16, v []byte) bool {
	l := e.Local
	switch typ {
	case 1, 3, 6, 7, 9:
		return takeNumber(l, typ, v)
	case 2:
		return takeSRH(e, v)
	case 4:
		l.Next4 = ipOf(v)
		return l.Next4.IsValid()
	case 5:
		l.Next6 = ipOf(v)
		return l.Next6.IsValid()
	case 8:
		l.Program = programName(v)
	case 10: // how much it has counted changes all the time
		l.Counters = true
	case 11:
		takeFlavors(l, v)
	default:
		return false
	}
	return true
}

// takeNumber reads those that are a number.
func takeNumber(l *netstate.Seg6Local, typ uint16, v []byte) bool {
	switch n := u32(v); typ {
	case 1:
		l.Action = n
	case 3:
		l.Table = n
	case 6:
		l.Input = int(n)
	case 7:
		l.Output = int(n)
	case 9:
		l.VRFTable = n
	}
	return len(v) >= 4
}

// takeFlavors reads SEG6_LOCAL_FLV_*.
func takeFlavors(l *netstate.Seg6Local, b []byte) {
	for typ, v := range nlattr.All(b) {
		switch typ {
		case 1:
			bits := u32(v)
			l.Flavors = &bits
		case 2:
			l.BlockBits = u8(v)
		case 3:
			l.NodeBits = u8(v)
		default:
			l.Raw = keep(l.Raw, typ, v)
		}
	}
}
