package rtnl

import (
	"fmt"
	"net/netip"

	"github.com/pktrail/pktrail/internal/netstate"
	"github.com/pktrail/pktrail/internal/netstate/nlattr"
)

// ruleLen is the length of struct fib_rule_hdr (linux/fib_rules.h).
const ruleLen = 12

// allDSCP is the mask that compares all of a DSCP.
const allDSCP = 0x3f

// Rule decodes the body of an RTM_NEWRULE. An error means that the message is
// not whole, or that a prefix does not fit its family.
func Rule(b []byte) (netstate.Rule, error) {
	if len(b) < ruleLen {
		return netstate.Rule{}, fmt.Errorf("decode rule: %w", errCut)
	}
	r := netstate.Rule{
		Family: routeFamily(b[0]), TOS: b[3], Table: uint32(b[4]), Action: b[7], Flags: u32(b[8:]), Mask: 1<<32 - 1,
	}
	known := addrFamily(b[0]) != 0
	var dst, src netip.Addr
	whole := nlattr.Each(b[ruleLen:], func(typ uint16, v []byte) {
		switch {
		case !known || len(v) < ruleAttrLen(typ):
			r.Raw = keep(r.Raw, typ, v)
		case typ == 1 && ipOf(v).IsValid(): // FRA_DST
			dst = ipOf(v)
		case typ == 2 && ipOf(v).IsValid(): // FRA_SRC
			src = ipOf(v)
		case !selector(&r, typ, v) && !newerSelector(&r, typ, v) && !outcome(&r, typ, v):
			r.Raw = keep(r.Raw, typ, v)
		}
	})
	if !whole {
		return netstate.Rule{}, fmt.Errorf("decode rule: %w", errCut)
	}
	if !r.HasMark {
		r.Mask = 0
	}
	if !known {
		return r, nil
	}
	var err error
	if dst.IsValid() || b[1] != 0 {
		r.To, err = prefixOf(dst, b[1], b[0])
	}
	if err == nil && (src.IsValid() || b[2] != 0) {
		r.From, err = prefixOf(src, b[2], b[0])
	}
	if err != nil {
		return netstate.Rule{}, fmt.Errorf("decode rule: %w", err)
	}
	return r, nil
}

// ruleAttrLen is how long an attribute of a rule has to be at least.
func ruleAttrLen(typ uint16) int {
	switch typ {
	case 19, 21, 22, 25, 30:
		return 1
	case 28, 29:
		return 2
	case 4, 6, 10, 11, 13, 14, 15, 16, 23, 24, 26, 27:
		return 4
	case 12, 20:
		return 8
	}
	return 0
}

// selector reads what a rule compares (FRA_* of linux/fib_rules.h); false for
// another attribute.
func selector(r *netstate.Rule, typ uint16, v []byte) bool {
	switch typ {
	case 3: // FRA_IIFNAME
		r.Input = nlattr.Text(v)
	case 10: // FRA_FWMARK
		r.Mark, r.HasMark = u32(v), true
	case 12: // FRA_TUN_ID
		r.TunID = nlattr.BE64(v)
	case 16: // FRA_FWMASK
		r.Mask, r.HasMark = u32(v), true
	case 17: // FRA_OIFNAME
		r.Output = nlattr.Text(v)
	case 19: // FRA_L3MDEV
		r.L3MDev = u8(v) != 0
	case 20: // FRA_UID_RANGE: struct fib_rule_uid_range
		r.Users = &netstate.UserRange{First: u32(v), Last: u32(v[4:])}
	default:
		return false
	}
	return true
}

// newerSelector reads those that Linux 4.17 and later have.
func newerSelector(r *netstate.Rule, typ uint16, v []byte) bool {
	switch typ {
	case 22: // FRA_IP_PROTO
		r.IPProto = u8(v)
	case 23, 24: // FRA_SPORT_RANGE, FRA_DPORT_RANGE: struct fib_rule_port_range
		ports := &netstate.PortRange{First: u16(v), Last: u16(v[2:])}
		if typ == 23 {
			r.SrcPort = ports
		} else {
			r.DstPort = ports
		}
	case 25: // FRA_DSCP
		r.DSCP = u8(v)
		if r.DSCPMask == 0 {
			r.DSCPMask = allDSCP // unless the kernel names a mask (Linux 6.16)
		}
	case 26: // FRA_FLOWLABEL
		r.FlowLabel = nlattr.BE32(v)
	case 27: // FRA_FLOWLABEL_MASK
		r.FlowLabelMask = nlattr.BE32(v)
	case 28: // FRA_SPORT_MASK
		r.SrcPortMask = u16(v)
	case 29: // FRA_DPORT_MASK
		r.DstPortMask = u16(v)
	case 30: // FRA_DSCP_MASK
		r.DSCPMask = u8(v)
	default:
		return false
	}
	return true
}

// outcome reads what a rule does, and where it stands.
func outcome(r *netstate.Rule, typ uint16, v []byte) bool {
	const none = -1 // of what is suppressed
	switch typ {
	case 4: // FRA_GOTO
		r.Goto = u32(v)
	case 6: // FRA_PRIORITY
		r.Priority = u32(v)
	case 11: // FRA_FLOW
		r.Realm = u32(v)
	case 13: // FRA_SUPPRESS_IFGROUP
		if group := int32(u32(v)); group != none {
			r.SuppressGroup = &group
		}
	case 14: // FRA_SUPPRESS_PREFIXLEN
		if bits := int32(u32(v)); bits != none {
			r.SuppressPrefix = &bits
		}
	case 15: // FRA_TABLE
		r.Table = u32(v)
	case 18: // FRA_PAD
	case 21: // FRA_PROTOCOL
		r.Protocol = u8(v)
	default:
		return false
	}
	return true
}
