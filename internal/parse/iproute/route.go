package iproute

import (
	"errors"
	"net/netip"
	"strings"

	"github.com/pktrail/pktrail/internal/netstate"
)

// Defaults that ip does not show.
const (
	tableMain    = 254
	tableLocal   = 255
	typeUnicast  = 1
	protocolBoot = 3
)

// routeForm is a route while it is read: its ways may follow in further lines.
type routeForm struct {
	netstate.Route
	hop   netstate.Hop
	dst   string
	realm uint32
	// tabled is true if the line itself names the table.
	tabled bool
	// family is what its addresses say; "" if they say nothing.
	family string
	form   *form
}

// routeText reads the first line of a route.
func (x *space) routeText(line string) *routeForm {
	s := scan(line)
	r := x.newRoute()
	if typ, ok := routeTypes[s.peek()]; ok {
		r.Type = typ
		s.next()
	}
	r.dst = s.next()
	r.form.text(s)
	return r
}

// routeObject reads an entry of `ip -j route`.
func (x *space) routeObject(o object) *routeForm {
	r := x.newRoute()
	r.form.object(o)
	return r
}

// newRoute begins a route, in the place of the one before: there may be a
// hundred thousand of them, and a form has a hundred fields.
func (x *space) newRoute() *routeForm {
	if x.route == nil {
		x.route = &routeForm{form: newForm(nil)}
		x.routeFieldsOf = append(x.routeFields(x.route), x.hopFields(&x.route.hop, x.route.form)...)
		x.route.form.groups[0] = make([]field, len(x.routeFieldsOf))
	}
	r := x.route
	*r = routeForm{Route: netstate.Route{Type: typeUnicast, Protocol: protocolBoot}, form: r.form}
	fields := r.form.groups[0]
	copy(fields, x.routeFieldsOf)
	*r.form = form{groups: [][]field{fields}}
	return r
}

func (x *space) routeFields(r *routeForm) []field {
	ignored := func(string) error { return nil }
	all := []field{
		word("", "type", named(&r.Type, routeTypes)),
		word("", "dst", text(&r.dst)),
		word("from", "from", func(s string) error {
			p, err := parsePrefix(s)
			r.Src = p
			return err
		}),
		word("nhid", "nhid", number(&r.NexthopID)),
		word("tos", "tos", named(&r.TOS, fields)),
		word("table", "table", func(s string) error {
			r.tabled = true
			return x.table(&r.Table)(s)
		}),
		word("proto", "protocol", protocol(&r.Protocol)),
		word("scope", "scope", named(&r.Scope, scopes)),
		word("src", "prefsrc", address(&r.PrefSrc)),
		word("metric", "metric", number(&r.Metric)),
		{word: "", key: "flags", value: list(r.flag)},
		word("mark", "mark", number(&r.Mark)),
		word("realm", "", realms(&r.realm)),
		{word: "realms", key: "flow", set: realms(&r.realm), value: flowOf(&r.realm)},
		word("expires", "expires", unit(&r.Expires, "sec")),
		word("error", "error", number(&r.Error)),
		{word: "", key: "metrics", value: metricsOf(&r.Route)},
		word("iif", "iif", x.device(&r.Input)),
		word("pref", "pref", r.preference),
		{word: "nexthop", key: "nexthops", read: func(s *scanner) error { return x.wayText(r, s) }, value: x.ways(r)},
		{word: "nh_info", key: "nh_info", read: x.nexthopInfo, value: x.nexthopInfoOf},
		// `ip -s` and `ip route get` say these.
		word("users", "users", ignored), word("used", "used", ignored), word("age", "age", ignored), word("uid", "uid", ignored),
		{word: "", key: "cache", value: func(any) error { return nil }},
	}
	const propagate = "ttl-propogate" //nolint:misspell // as ip spells it
	all = append(all, word(propagate, propagate, func(s string) error {
		on := s == "enabled" || s == "true"
		r.TTLPropagate = &on
		return nil
	}))
	for name := range routeFlags {
		all = append(all, flag(name, "", func(string) error { return r.flag(name) }))
	}
	return append(all, metricFields(&r.Route)...)
}

func (r *routeForm) flag(name string) error {
	bits, ok := routeFlags[name]
	if !ok {
		return errors.New("unknown flag " + cut(name))
	}
	r.Flags |= bits
	return nil
}

// preference is that of RFC 4191.
func (r *routeForm) preference(s string) error {
	p := new(uint8)
	r.Pref = p
	return named(p, map[string]uint8{"medium": 0, "high": 1, "low": 3})(s)
}

// flowOf takes a pair of realms from JSON.
func flowOf(p *uint32) func(any) error {
	return nested(func() *form {
		part := func(shift int) setter {
			return func(s string) error {
				v, err := parseRealm(s)
				*p |= v << shift
				return err
			}
		}
		return newForm([]field{word("", "from", part(16)), word("", "to", part(0))})
	})
}

// finish puts together what stands in several fields. It is called when the
// route's last line was read. The family is empty if nothing tells it.
func (r *routeForm) finish() error {
	f := r.form
	h := &r.hop
	several := len(r.Hops) > 0
	switch {
	case several:
		r.Realm = r.realm
	case h.Link != 0 || h.Gateway.IsValid() || h.Encap != nil || h.Labels != nil:
		h.Flags, h.Realm = uint8(r.Flags), r.realm
		r.Hops = []netstate.Hop{*h}
	default:
		r.Realm = r.realm
	}
	f.failed("destination", r.destination())
	for _, word := range f.unknown {
		r.Raw = append(r.Raw, netstate.Attr{Data: []byte(word)})
	}
	return f.problem()
}

// destination finds out where to, and which family the route is of.
func (r *routeForm) destination() error {
	family := familyOf(r.Src.Addr())
	if family == "" {
		family = familyOf(r.PrefSrc)
	}
	if family == "" && r.Pref != nil {
		family = "inet6"
	}
	if len(r.Hops) > 0 && family == "" && !r.form.crossed {
		family = familyOf(r.Hops[0].Gateway)
	}
	switch {
	case r.dst == "default":
		r.family = family
		return nil
	case isDigits(r.dst) || strings.Contains(r.dst, "/") && isDigits(strings.ReplaceAll(r.dst, "/", "")):
		r.family = "mpls"
		return labels(&r.Labels)(r.dst)
	}
	p, err := parsePrefix(r.dst)
	if err != nil && strings.HasPrefix(r.dst, "0/") {
		p, err = parsePrefix("0.0.0.0" + r.dst[1:])
	}
	r.Dst, r.family = p, familyOf(p.Addr())
	return err
}

// settle sets the family, and what depends on it.
func (r *routeForm) settle(family string) {
	r.Family = family
	if r.dst == "default" && family == "inet6" {
		r.Dst = netip.PrefixFrom(netip.IPv6Unspecified(), 0)
	} else if r.dst == "default" {
		r.Dst = netip.PrefixFrom(netip.IPv4Unspecified(), 0)
	}
}

func isDigits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// labels takes a stack of MPLS labels.
func labels(p *[]uint32) setter {
	return func(s string) error {
		*p = nil
		for one := range strings.SplitSeq(s, "/") {
			v, err := parseNumber[uint32](one)
			if err != nil {
				return err
			}
			*p = append(*p, v)
		}
		return nil
	}
}
