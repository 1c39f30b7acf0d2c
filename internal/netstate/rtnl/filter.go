package rtnl

import (
	"encoding/binary"
	"encoding/hex"

	"github.com/pktrail/pktrail/internal/netstate"
	"github.com/pktrail/pktrail/internal/netstate/nlattr"
)

// Filter decodes the body of RTM_NEWTFILTER: struct tcmsg and attributes. It
// is false for a head of filters, which is not one itself. Where is for the
// caller to know.
func Filter(body []byte) (netstate.Program, bool) {
	const header = 20
	const kind, options, chain = 1, 2, 11 // TCA_* of linux/rtnetlink.h
	if len(body) < header {
		return netstate.Program{}, false
	}
	info := binary.NativeEndian.Uint32(body[16:])
	// the protocol is in network byte order
	protocol := binary.BigEndian.Uint16(binary.NativeEndian.AppendUint16(nil, uint16(info)))
	p := netstate.Program{
		Link:     int(int32(binary.NativeEndian.Uint32(body[4:]))),
		Handle:   binary.NativeEndian.Uint32(body[8:]),
		Priority: uint16(info >> 16),
		Protocol: protocol,
	}
	var data []byte
	has := false
	for typ, v := range nlattr.All(body[header:]) {
		switch typ {
		case kind:
			p.Kind = nlattr.Text(v)
		case options:
			data, has = v, true
		case chain:
			get32(v, &p.Chain)
		}
	}
	if p.Handle == 0 && !has {
		return p, false
	}
	if p.Kind == "bpf" {
		bpfFilter(&p, data)
	}
	return p, true
}

// bpfFilter reads the options of a filter of kind bpf (TCA_BPF_* of
// linux/pkt_cls.h).
func bpfFilter(p *netstate.Program, v []byte) {
	const name, flags, tag, id = 7, 8, 10, 11
	const direct = 1 // TCA_BPF_FLAG_ACT_DIRECT
	for typ, v := range nlattr.All(v) {
		switch typ {
		case name:
			p.Name = nlattr.Text(v)
		case flags:
			p.Direct = u32(v)&direct != 0
		case tag:
			p.Tag = hex.EncodeToString(v)
		case id:
			get32(v, &p.ID)
		}
	}
}
