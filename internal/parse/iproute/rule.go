package iproute

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"github.com/pktrail/pktrail/internal/netstate"
)

// Flags of rules, FIB_RULE_* of linux/fib_rules.h, and actions, FR_ACT_*.
const (
	ruleNot        = 2
	ruleUnresolved = 4
	ruleNoInput    = 8
	ruleNoOutput   = 16

	actionTable = 1
	actionGoto  = 2
	actionNop   = 3

	allDSCP  = 0x3f
	allLabel = 0xfffff
)

// ruleForm is a rule while it is read.
type ruleForm struct {
	netstate.Rule
	from, to       string
	fromLen, toLen string
	action         string
}

// ruleText reads a line of `ip rule`.
func (x *space) ruleText(line, family string) (netstate.Rule, error) {
	priority, rest, _ := strings.Cut(line, ":")
	r := ruleForm{}
	if err := number(&r.Priority)(strings.TrimSpace(priority)); err != nil {
		return r.Rule, err
	}
	f := newForm(x.ruleFields(&r))
	f.text(scan(rest))
	return r.finish(f, family)
}

// ruleObject reads an entry of `ip -j rule`.
func (x *space) ruleObject(o object, family string) (netstate.Rule, error) {
	r := ruleForm{}
	f := newForm(x.ruleFields(&r))
	f.object(o)
	return r.finish(f, family)
}

func (x *space) ruleFields(r *ruleForm) []field {
	all := []field{
		word("", "priority", number(&r.Priority)),
		flag("not", "not", bit(&r.Flags, ruleNot)),
		word("from", "src", text(&r.from)),
		word("", "srclen", text(&r.fromLen)),
		word("to", "dst", text(&r.to)),
		word("", "dstlen", text(&r.toLen)),
		word("tos", "tos", named(&r.TOS, fields)),
		word("dsfield", "", named(&r.TOS, fields)),
		word("fwmark", "fwmark", r.fwmark),
		word("", "fwmask", number(&r.Mask)),
		{word: "iif", key: "iif", set: text(&r.Input), read: detached(&r.Input, &r.Flags, ruleNoInput)},
		flag("", "iif_detached", bit(&r.Flags, ruleNoInput)),
		{word: "oif", key: "oif", set: text(&r.Output), read: detached(&r.Output, &r.Flags, ruleNoOutput)},
		flag("", "oif_detached", bit(&r.Flags, ruleNoOutput)),
		flag("", "l3mdev", yes(&r.L3MDev)),
		{word: "uidrange", read: func(s *scanner) error { return r.users(s.next()) }},
		word("", "uid_start", r.user(true)),
		word("", "uid_end", r.user(false)),
		word("ipproto", "ipproto", ipProtocol(&r.IPProto)),
		word("tun_id", "tun_id", number(&r.TunID)),
		word("lookup", "table", x.lookup(r)),
		word("table", "", x.lookup(r)),
		word("suppress_prefixlength", "suppress_prefixlen", suppressed(&r.SuppressPrefix, number[int32])),
		word("suppress_prefixlen", "", suppressed(&r.SuppressPrefix, number[int32])),
		word("suppress_ifgroup", "suppress_ifgroup", suppressed(&r.SuppressGroup, group[int32])),
		word("realms", "", realms(&r.Realm)),
		word("", "flow_from", r.flow(16)),
		word("", "flow_to", r.flow(0)),
		{word: "goto", key: "goto", set: r.jump, read: func(s *scanner) error {
			err := r.jump(s.next())
			if s.skip("[unresolved]") {
				r.Flags |= ruleUnresolved
			}
			return err
		}},
		flag("", "unresolved", bit(&r.Flags, ruleUnresolved)),
		flag("nop", "nop", constant(&r.Action, actionNop)),
		word("", "action", text(&r.action)),
		word("proto", "protocol", protocol(&r.Protocol)),
		word("protocol", "", protocol(&r.Protocol)),
		word("dscp", "dscp", r.dscp),
		word("", "dscp_mask", number(&r.DSCPMask)),
		word("flowlabel", "flowlabel", r.label),
		word("", "flowlabel_mask", number(&r.FlowLabelMask)),
		{word: "[unknown", key: "unknown", read: unknownAttr(&r.Raw), value: unknownAttrs(&r.Raw)},
	}
	all = append(all, portFields("sport", &r.SrcPort, &r.SrcPortMask)...)
	all = append(all, portFields("dport", &r.DstPort, &r.DstPortMask)...)
	for _, name := range [...]string{"blackhole", "unreachable", "prohibit"} {
		all = append(all, flag(name, "", constant(&r.action, name)))
	}
	return all
}

func (x *space) lookup(r *ruleForm) setter {
	return func(s string) error {
		if s == "[l3mdev-table]" {
			r.L3MDev = true
			return nil
		}
		return x.table(&r.Table)(s)
	}
}

func (r *ruleForm) fwmark(s string) error {
	mark, mask, masked := strings.Cut(s, "/")
	r.HasMark = true
	if r.Mask == 0 {
		r.Mask = 1<<32 - 1
	}
	err := number(&r.Mark)(mark)
	if err == nil && masked {
		err = number(&r.Mask)(mask)
	}
	return err
}

func (r *ruleForm) jump(s string) error {
	r.Action = actionGoto
	return number(&r.Goto)(s)
}

func (r *ruleForm) users(s string) error {
	first, last, ok := strings.Cut(s, "-")
	if !ok {
		return fmt.Errorf("%q is no range", cut(s))
	}
	return errors.Join(r.user(true)(first), r.user(false)(last))
}

func (r *ruleForm) user(first bool) setter {
	return func(s string) error {
		if r.Users == nil {
			r.Users = &netstate.UserRange{}
		}
		if first {
			return number(&r.Users.First)(s)
		}
		return number(&r.Users.Last)(s)
	}
}

// flow takes one realm of the two.
func (r *ruleForm) flow(shift int) setter {
	return func(s string) error {
		v, err := parseRealm(s)
		r.Realm |= v << shift
		return err
	}
}

func (r *ruleForm) dscp(s string) error {
	if value, mask, ok := strings.Cut(s, "/"); ok {
		return errors.Join(number(&r.DSCP)(value), number(&r.DSCPMask)(mask))
	}
	r.DSCPMask = allDSCP
	if tos, ok := fields[s]; ok {
		r.DSCP = tos >> 2
		return nil
	}
	return number(&r.DSCP)(s)
}

func (r *ruleForm) label(s string) error {
	value, mask, ok := strings.Cut(s, "/")
	r.FlowLabelMask = allLabel
	err := number(&r.FlowLabel)(value)
	if ok && err == nil {
		err = number(&r.FlowLabelMask)(mask)
	}
	return err
}

// detached takes an interface's name, and whether there is none of that name.
func detached(name *string, flags *uint32, flag uint32) func(*scanner) error {
	return func(s *scanner) error {
		*name = s.next()
		if s.skip("[detached]") {
			*flags |= flag
		}
		return nil
	}
}

func suppressed(p **int32, take func(*int32) setter) setter {
	return func(s string) error {
		v := new(int32)
		*p = v
		return take(v)(s)
	}
}

// finish puts together what stands in several fields. Family is the one that
// it is if no address says so.
func (r *ruleForm) finish(f *form, family string) (netstate.Rule, error) {
	f.failed("action", func() error {
		if r.action == "" {
			return nil
		}
		return named(&r.Action, routeTypes)(r.action)
	}())
	if r.Action == 0 {
		r.Action = actionTable
	}
	r.Family = family
	for _, end := range [...]struct {
		name, text, length string
		to                 *netip.Prefix
	}{{"from", r.from, r.fromLen, &r.From}, {"to", r.to, r.toLen, &r.To}} {
		if end.text == "" || end.text == "all" {
			continue
		}
		if end.length != "" {
			end.text += "/" + end.length
		}
		p, err := rulePrefix(end.text, family)
		if err != nil {
			f.failed(end.name, err)
			continue
		}
		*end.to, r.Family = p, familyOf(p.Addr())
	}
	for _, word := range f.unknown {
		r.Raw = append(r.Raw, netstate.Attr{Data: []byte(word)})
	}
	return r.Rule, f.problem()
}

// rulePrefix reads a prefix of a rule; "0/0" is that of either family.
func rulePrefix(s, family string) (netip.Prefix, error) {
	host, length, _ := strings.Cut(s, "/")
	if host != "0" {
		return parsePrefix(s)
	}
	if family == "inet6" {
		return parsePrefix("::/" + length)
	}
	return parsePrefix("0.0.0.0/" + length)
}
