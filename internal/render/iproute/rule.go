package iproute

import (
	"net/netip"

	"github.com/pktrail/pktrail/internal/netstate"
)

// Flags of rules, FIB_RULE_* of linux/fib_rules.h.
const (
	ruleNot        = 2
	ruleUnresolved = 4
	ruleNoInput    = 8
	ruleNoOutput   = 16
)

// Actions of rules, FR_ACT_* of linux/fib_rules.h.
const (
	actionTable = 1
	actionGoto  = 2
	actionNop   = 3
)

// Rules lists the routing policy rules of one family, as `ip rule` and
// `ip -6 rule` do: "inet" if the options name none, as ip has it.
func Rules(ns *netstate.Namespace, o Options) []byte {
	if o.Family == "" {
		o.Family = "inet"
	}
	l := ruleListing{w: writer{json: o.JSON}, o: o}
	l.w.openArray("")
	for i := range ns.Rules {
		if ns.Rules[i].Family == o.Family {
			l.rule(&ns.Rules[i])
		}
	}
	l.w.closeArray()
	l.w.end()
	return l.w.b
}

type ruleListing struct {
	w writer
	o Options
}

func (l *ruleListing) rule(r *netstate.Rule) {
	w := &l.w
	w.open("")
	w.unum("priority", "", uint64(r.Priority), ":\t")
	if r.Flags&ruleNot != 0 {
		w.null("not", "not ")
	}
	if r.From.IsValid() {
		l.prefix("src", "from ", "srclen", r.From)
	} else {
		w.str("src", "from ", "all", "")
	}
	if r.To.IsValid() {
		l.prefix("dst", " to ", "dstlen", r.To)
	}
	if r.TOS != 0 {
		w.str("tos", " tos ", fieldName(r.TOS), "")
	}
	if r.HasMark {
		w.hex("fwmark", " fwmark ", uint64(r.Mark), "")
		if r.Mask != 1<<32-1 {
			w.hex("fwmask", "/", uint64(r.Mask), "")
		}
	}
	l.devices(r)
	l.upper(r)
	l.table(r)
	l.action(r)
	if r.Protocol != protocolNone && r.Protocol != protocolKernel || l.o.Details {
		w.str("protocol", " proto ", protocolName(r.Protocol), "")
	}
	l.newer(r)
	l.unknown(r)
	w.text("\n")
	w.close()
}

// protocolKernel made what was always there (RTPROT_KERNEL).
const protocolKernel = 2

func (l *ruleListing) prefix(key, pre, length string, p netip.Prefix) {
	text := hostText(p.Addr())
	if p.Bits() == 0 {
		text = "0"
	}
	l.w.str(key, pre, text, "")
	if !p.IsSingleIP() {
		l.w.num(length, "/", int64(p.Bits()), "")
	}
}

// devices writes the interfaces that a rule names, and who sends.
func (l *ruleListing) devices(r *netstate.Rule) {
	w := &l.w
	if r.Input != "" {
		w.str("iif", " iif ", r.Input, "")
		if r.Flags&ruleNoInput != 0 {
			w.null("iif_detached", " [detached]")
		}
	}
	if r.Output != "" {
		w.str("oif", " oif ", r.Output, "")
		if r.Flags&ruleNoOutput != 0 {
			w.null("oif_detached", " [detached]")
		}
	}
	if r.L3MDev {
		w.null("l3mdev", " lookup [l3mdev-table]")
	}
	if r.Users != nil {
		w.unum("uid_start", " uidrange ", uint64(r.Users.First), "")
		w.unum("uid_end", "-", uint64(r.Users.Last), "")
	}
}

// upper writes what a rule compares above IP.
func (l *ruleListing) upper(r *netstate.Rule) {
	if r.IPProto != 0 {
		l.w.str("ipproto", " ipproto ", ipProtoName(r.IPProto), "")
	}
	l.ports("sport", r.SrcPort, r.SrcPortMask)
	l.ports("dport", r.DstPort, r.DstPortMask)
	if r.TunID != 0 {
		l.w.unum("tun_id", " tun_id ", r.TunID, "")
	}
}

// ports writes a range of ports, or one port and which of its bits count.
func (l *ruleListing) ports(key string, p *netstate.PortRange, mask uint16) {
	w := &l.w
	switch {
	case p == nil:
	case p.First != p.Last:
		w.num(key+"_start", " "+key+" ", int64(p.First), "")
		w.num(key+"_end", "-", int64(p.Last), "")
	case mask == 0 || mask == 1<<16-1:
		w.num(key, " "+key+" ", int64(p.First), "")
	case l.o.JSON:
		w.num(key, "", int64(p.First), "")
		w.hex(key+"_mask", "", uint64(mask), "")
	default:
		w.hex("", " "+key+" ", uint64(p.First), "/"+hexText(uint64(mask)))
	}
}

func (l *ruleListing) table(r *netstate.Rule) {
	w := &l.w
	if r.Table == 0 {
		return
	}
	w.str("table", " lookup ", tableName(r.Table), "")
	if r.SuppressPrefix != nil {
		w.num("suppress_prefixlen", " suppress_prefixlength ", int64(*r.SuppressPrefix), "")
	}
	if r.SuppressGroup != nil {
		w.str("suppress_ifgroup", " suppress_ifgroup ", groupName(*r.SuppressGroup), "")
	}
}

func (l *ruleListing) action(r *netstate.Rule) {
	w := &l.w
	if r.Realm != 0 {
		if from := r.Realm >> 16; from != 0 {
			w.str("flow_from", " realms ", realmName(from), "/")
		} else {
			w.text(" realms ")
		}
		w.str("flow_to", "", realmName(r.Realm&0xffff), "")
	}
	switch r.Action {
	case actionTable:
	case actionGoto:
		w.unum("goto", " goto ", uint64(r.Goto), "")
		if r.Flags&ruleUnresolved != 0 {
			w.null("unresolved", " [unresolved]")
		}
	case actionNop:
		w.null("nop", " nop")
	default:
		w.str("action", " ", typeName(r.Action), "")
	}
}

// newer writes selectors that ip shows since its version 6.13.
func (l *ruleListing) newer(r *netstate.Rule) {
	const allDSCP, allLabel = 0x3f, 0xfffff
	w := &l.w
	switch {
	case r.DSCPMask == 0:
	case r.DSCPMask == allDSCP:
		w.str("dscp", " dscp ", dscpName(r.DSCP), "")
	case l.o.JSON:
		w.str("dscp", "", dscpName(r.DSCP), "")
		w.hex("dscp_mask", "", uint64(r.DSCPMask), "")
	default:
		w.hex("", " dscp ", uint64(r.DSCP), "/"+hexText(uint64(r.DSCPMask)))
	}
	if r.FlowLabelMask == 0 {
		return
	}
	w.hex("flowlabel", " flowlabel ", uint64(r.FlowLabel), "")
	if l.o.JSON || r.FlowLabelMask != allLabel {
		w.hex("flowlabel_mask", "/", uint64(r.FlowLabelMask), "")
	}
}

// dscpName names a DSCP as ip does: by the type of service that it is the upper
// six bits of.
func dscpName(dscp uint8) string {
	if dscp == 0 {
		return "default"
	}
	if name := fieldName(dscp << 2); name[0] != '0' {
		return name
	}
	return number(uint32(dscp))
}

// unknown names selectors that are not understood: whether the rule matches is
// not certain.
func (l *ruleListing) unknown(r *netstate.Rule) {
	if len(r.Raw) == 0 {
		return
	}
	l.w.openArray("unknown")
	for _, a := range r.Raw {
		l.w.num("", " [unknown attribute ", int64(a.Type), "]")
	}
	l.w.closeArray()
}
