package ask

import (
	"encoding/binary"
	"fmt"
	"net/netip"

	"github.com/pktrail/pktrail/internal/netstate/nlattr"
	"github.com/pktrail/pktrail/internal/packet"
)

// ruleHeaderLen is the length of struct fib_rule_hdr (linux/fib_rules.h).
const ruleHeaderLen = 12

// Flags of a rule, linux/fib_rules.h.
const (
	ruleInvert     = 2
	ruleUnresolved = 4
	ruleNoIn       = 8
	ruleNoOut      = 16
)

// decodeRule reads the payload of an RTM_NEWRULE.
func decodeRule(b []byte) (Rule, error) {
	if len(b) < ruleHeaderLen {
		return Rule{}, fmt.Errorf("decode rule: %w", errCut)
	}
	flags := binary.NativeEndian.Uint32(b[8:])
	r := Rule{
		TOS: b[3], Table: uint32(b[4]), Action: Action(b[7]), isIPv6: b[0] == familyIPv6,
		Not: flags&ruleInvert != 0, Nowhere: flags&ruleUnresolved != 0,
		NoIn: flags&ruleNoIn != 0, NoOut: flags&ruleNoOut != 0,
		SuppressPrefix: -1, SuppressGroup: -1,
	}
	dst, src := netip.IPv4Unspecified(), netip.IPv4Unspecified()
	if r.isIPv6 {
		dst, src = netip.IPv6Unspecified(), netip.IPv6Unspecified()
	} else if b[0] != familyIPv4 {
		return Rule{}, fmt.Errorf("decode rule: family %d is neither IPv4 nor IPv6", b[0])
	}
	for typ, v := range nlattr.All(b[ruleHeaderLen:]) {
		switch typ {
		case 1:
			dst = addrOf(v)
		case 2:
			src = addrOf(v)
		default:
			r.take(typ, v)
		}
	}
	if r.DSCPMask == 0 && r.DSCP != 0 {
		r.DSCPMask = 0x3f // kernels that know no mask compare all of it
	}
	if r.Mark != 0 && r.Mask == 0 {
		r.Mask = 1<<32 - 1
	}
	for _, p := range []struct {
		addr netip.Addr
		bits uint8
		to   *netip.Prefix
	}{{dst, b[1], &r.Dst}, {src, b[2], &r.Src}} {
		if p.bits == 0 {
			continue
		}
		prefix, err := prefixOf(p.addr, p.bits, r.isIPv6)
		if err != nil {
			return Rule{}, fmt.Errorf("decode rule: %w", err)
		}
		*p.to = prefix
	}
	return r, nil
}

// take reads one attribute: FRA_ of linux/fib_rules.h.
func (r *Rule) take(typ uint16, v []byte) {
	switch typ {
	case 3:
		r.In = nlattr.Text(v)
	case 4:
		r.Goto = u32(v)
	case 6:
		r.Priority = u32(v)
	case 10:
		r.Mark = u32(v)
	case 11:
		r.realms = u32(v)
	case 12:
		r.TunnelID = nlattr.BE64(v)
	case 13:
		r.SuppressGroup = int(int32(u32(v)))
	case 14:
		r.SuppressPrefix = int(int32(u32(v)))
	case 15:
		r.Table = u32(v)
	case 16:
		r.Mask = u32(v)
	case 17:
		r.Out = nlattr.Text(v)
	case 18: // padding
	case 19:
		r.L3mdev = u8(v) != 0
	case 20:
		if len(v) >= 8 {
			r.UIDFirst, r.UIDLast, r.HasUID = u32(v), u32(v[4:]), true
		}
	default:
		r.takeNewer(typ, v)
	}
}

// takeNewer reads the attributes that came with Linux 4.17 and later.
func (r *Rule) takeNewer(typ uint16, v []byte) {
	switch typ {
	case 21:
		r.Protocol = u8(v)
	case 22:
		r.Proto = packet.Proto(u8(v))
	case 23:
		r.SrcPorts.take(v)
	case 24:
		r.DstPorts.take(v)
	case 25:
		r.DSCP = u8(v)
	case 26:
		r.FlowLabel = nlattr.BE32(v)
	case 27:
		r.FlowLabelMask = nlattr.BE32(v)
	case 28:
		r.SrcPorts.Mask = u16(v)
	case 29:
		r.DstPorts.Mask = u16(v)
	case 30:
		r.DSCPMask = u8(v)
	default:
		r.Unknown = append(r.Unknown, typ)
	}
}

// take reads struct fib_rule_port_range.
func (p *Ports) take(v []byte) {
	if len(v) >= 4 {
		p.First, p.Last = u16(v), u16(v[2:])
	}
}
