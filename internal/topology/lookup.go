package topology

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/pktrail/pktrail/internal/netstate"
)

// answer is what the routes say of a destination.
type answer struct {
	route *netstate.Route
	// link is the device; 0 for a route that ends packets.
	link int
	// rule is the rule whose table it was in; nil for the usual order.
	rule *netstate.Rule
}

// usual are the rules that every namespace begins with.
var usual = [...]uint32{tableLocal, tableMain, tableDefault}

// lookup gives the route that the namespace's own packets to dst take: rules by
// their priority, the longest prefix, the smallest metric. nil if there is none.
func (r *routing) lookup(dst netip.Addr) *answer {
	rules := r.rules4
	if dst.Is6() {
		rules = r.rules6
	}
	if len(rules) == 0 { // not read
		for _, table := range usual {
			if a := r.in(table, dst); a != nil && a.route.Type != throw {
				return a
			}
		}
		return nil
	}
	for i := 0; i < len(rules); i++ {
		rule := rules[i]
		if !matches(rule, dst) {
			continue
		}
		switch rule.Action {
		case ruleGoto:
			next := slices.IndexFunc(rules, func(x *netstate.Rule) bool { return x.Priority >= rule.Goto })
			if next <= i { // only forward, so that this ends
				return nil
			}
			i = next - 1
		case ruleNop:
		case ruleTable:
			a := r.in(rule.Table, dst)
			if a == nil || a.route.Type == throw || rule.SuppressPrefix != nil && a.route.Dst.Bits() <= int(*rule.SuppressPrefix) {
				continue
			}
			a.rule = rule
			return a
		default:
			return nil // the rule itself ends packets
		}
	}
	return nil
}

// matches reports whether a rule is one for packets of the namespace itself to
// dst, which have no mark and whose source is still open.
func matches(rule *netstate.Rule, dst netip.Addr) bool {
	if rule.L3MDev || rule.IPProto != 0 || rule.SrcPort != nil || rule.DstPort != nil || rule.Users != nil || rule.TOS != 0 || rule.TunID != 0 {
		return false
	}
	ok := (!rule.From.IsValid() || rule.From.Bits() == 0) &&
		(!rule.To.IsValid() || rule.To.Bits() == 0 || rule.To.Contains(dst)) &&
		(rule.Input == "" || rule.Input == "lo") && rule.Output == "" &&
		(!rule.HasMark || rule.Mark&rule.Mask == 0)
	if rule.Flags&ruleNot != 0 {
		return !ok
	}
	return ok
}

// in looks dst up in one table.
func (r *routing) in(table uint32, dst netip.Addr) *answer {
	byPrefix := r.tables[table]
	for _, bits := range r.lengths[table] {
		p, err := dst.Prefix(bits)
		if err != nil {
			continue // longer than this family has
		}
		var best *answer
		for _, route := range byPrefix[p] {
			if route.TOS != 0 || best != nil && route.Metric >= best.route.Metric {
				continue
			}
			hops := r.hops(route)
			i := slices.IndexFunc(hops, func(h netstate.Hop) bool { return h.Flags&hopDead == 0 })
			switch {
			case i >= 0:
				best = &answer{route: route, link: hops[i].Link}
			case len(hops) == 0:
				best = &answer{route: route}
			}
		}
		if best != nil {
			return best
		}
	}
	return nil
}

// describe writes a route as ip does, without what seldom matters.
func (sp *space) describe(route *netstate.Route) string {
	var b strings.Builder
	switch route.Type {
	case typeLocal:
		b.WriteString("local ")
	case typeBlackhole:
		b.WriteString("blackhole ")
	case typeUnreachable:
		b.WriteString("unreachable ")
	case typeProhibit:
		b.WriteString("prohibit ")
	}
	switch {
	case route.Dst.Bits() == 0:
		b.WriteString("default")
	case route.Dst.IsSingleIP():
		b.WriteString(route.Dst.Addr().String())
	default:
		b.WriteString(route.Dst.String())
	}
	hops := sp.table.hops(route)
	for i, hop := range hops {
		if i > 0 {
			fmt.Fprintf(&b, " and %d more ways", len(hops)-1)
			break
		}
		if hop.Gateway.IsValid() {
			b.WriteString(" via " + hop.Gateway.String())
		}
		if hop.Link != 0 {
			b.WriteString(" dev " + sp.nameOf(hop.Link))
		}
	}
	if len(hops) > 0 && !hops[0].Gateway.IsValid() && !route.Dst.Addr().Is6() {
		switch route.Scope {
		case 253:
			b.WriteString(" scope link")
		case 254:
			b.WriteString(" scope host")
		}
	}
	if route.Table != tableMain && route.Table != tableLocal {
		fmt.Fprintf(&b, " table %d", route.Table)
	}
	return b.String()
}

// nameOf is a link's name, or its index where it has gone.
func (sp *space) nameOf(index int) string {
	if l := sp.links[index]; l != nil {
		return l.Name
	}
	return fmt.Sprintf("if%d", index)
}
