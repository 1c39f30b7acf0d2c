package iproute

import (
	"errors"
	"fmt"
	"strings"

	"github.com/pktrail/pktrail/internal/netstate"
)

// endEntry ends a link or a route, whose lines follow each other.
func (p *reader) endEntry() {
	if k := p.link; k != nil {
		p.link = nil
		p.addLink(k, p.linkLine)
	}
	if r := p.route; r != nil {
		p.route = nil
		p.addRoute(r, p.routeLine)
	}
	p.set.set = nil
}

// endListing ends a listing: what all of its entries together say is known now.
func (p *reader) endListing() {
	p.endEntry()
	p.endRules()
	p.endRoutes()
}

func (p *reader) addLink(k *linkForm, at place) {
	for _, err := range k.finish() {
		p.wrong(at, err)
	}
	p.Passed += k.passed
	kind, part := KindLinks, netstate.PartLinks
	if k.addressed {
		kind = KindAddresses
		p.x.covers.part(netstate.PartAddresses)
	}
	p.found(kind)
	p.x.covers.part(part)
}

func (p *reader) addRoute(r *routeForm, at place) {
	if err := r.finish(); err != nil {
		p.wrong(at, err)
		if !r.Dst.IsValid() && r.dst != "default" && r.Labels == nil {
			return
		}
	}
	whole := *r
	p.routes = append(p.routes, &whole)
}

func (p *reader) addNexthop(n netstate.Nexthop, at place, err error) {
	if err != nil {
		p.wrong(at, err)
	}
	p.x.covers.part(netstate.PartNexthops)
	if n.ID != 0 {
		p.x.addNexthop(n)
	}
}

func (p *reader) addNeighbour(n netstate.Neighbour, at place, err error) {
	if err != nil {
		p.wrong(at, err)
	}
	p.x.covers.part(netstate.PartNeighbours)
	if n.IP.IsValid() {
		p.x.ns.Neighbours = append(p.x.ns.Neighbours, n)
	}
}

func (p *reader) addFDB(e netstate.FDBEntry, at place, err error) {
	if err != nil {
		p.wrong(at, err)
	}
	p.x.covers.part(netstate.PartFDB)
	p.x.ns.FDB = append(p.x.ns.FDB, e)
}

// addRule adds a rule to the listing. One with a lower priority than that
// before it begins the listing of another family.
func (p *reader) addRule(r netstate.Rule, at place, err error) {
	if err != nil {
		p.wrong(at, err)
	}
	if n := len(p.rules); n > 0 && r.Priority < p.rules[n-1].Priority {
		p.endRules()
	}
	if !r.From.IsValid() && !r.To.IsValid() {
		p.unsure = append(p.unsure, len(p.rules))
	}
	p.rules = append(p.rules, r)
}

// endRules finds out which family a listing of rules is of: `ip rule` and `ip
// -6 rule` write the same of rules without addresses.
func (p *reader) endRules() {
	if len(p.rules) == 0 {
		return
	}
	family := p.ruleFamily()
	for _, i := range p.unsure {
		p.rules[i].Family = family
	}
	p.x.covers.rulesOf(family)
	for i := range p.rules {
		p.x.addRule(p.rules[i])
	}
	p.rules, p.unsure = nil, nil
}

// ruleFamily goes by an address; by the command or the file's name; or by the
// rule for the table default, which IPv4 alone has.
func (p *reader) ruleFamily() string {
	const (
		priorityMain    = 32766
		priorityDefault = 32767
		tableDefault    = 253
	)
	isMain := false
	for i := range p.rules {
		switch r := &p.rules[i]; {
		case r.From.IsValid():
			return familyOf(r.From.Addr())
		case r.To.IsValid():
			return familyOf(r.To.Addr())
		case r.Priority == priorityDefault && r.Table == tableDefault && p.hint.family == "":
			return "inet"
		case r.Priority == priorityMain && r.Table == tableMain:
			isMain = true
		}
	}
	switch {
	case p.hint.family != "":
		return p.hint.family
	case isMain && p.x.covers.rules["inet"]:
		return "inet6"
	}
	return "inet"
}

// endRoutes finds out the family and the table of routes that do not say them.
func (p *reader) endRoutes() {
	if len(p.routes) == 0 {
		return
	}
	tabled, onlyLocal, only6 := false, true, true
	for _, r := range p.routes {
		tabled = tabled || r.tabled
		onlyLocal = onlyLocal && r.Type >= 2 && r.Type <= 5 // local, broadcast, anycast, multicast
		only6 = only6 && (r.family == "inet6" || r.family == "")
	}
	family := p.hint.family
	if family == "" {
		family = "inet"
		if only6 && p.anyRoute("inet6") {
			family = "inet6"
		}
	}
	table := uint32(tableMain)
	if named := p.hint.table; named != "" && named != "all" && p.hint.kind != KindIPTables {
		if err := p.x.table(&table)(named); err != nil {
			table = tableMain
		}
	} else if onlyLocal && !tabled {
		table = tableLocal
	}
	seen := map[string]bool{}
	for _, r := range p.routes {
		if r.family == "" {
			r.family = family
		}
		if !r.tabled {
			r.Table = table
		}
		r.settle(r.family)
		seen[r.family] = true
		p.x.addRoute(r.Route)
	}
	p.cover(seen, tabled, table)
	p.routes = nil
}

func (p *reader) anyRoute(family string) bool {
	for _, r := range p.routes {
		if r.family == family {
			return true
		}
	}
	return false
}

// cover notes which tables of which families were listed.
func (p *reader) cover(seen map[string]bool, tabled bool, table uint32) {
	all := tabled || p.hint.table == "all"
	if all && p.hint.family == "" && p.hint.table == "all" {
		seen["inet"], seen["inet6"] = true, true
	}
	for family := range seen {
		if all {
			p.x.covers.allRoutesOf(family)
		} else {
			p.x.covers.routesOf(family, table)
		}
	}
}

// json reads a value of JSON and what stands in it.
func (p *reader) json() {
	p.start(kindJSON)
	at := p.number
	v, n, err := leadingJSON(p.text)
	if err != nil || n == 0 {
		line, rest, _ := strings.Cut(p.text, "\n")
		p.text = rest
		p.wrong(place{at, line}, fmt.Errorf("decode JSON: %w", err))
		return
	}
	p.number += strings.Count(p.text[:n], "\n")
	p.text = p.text[n:]
	if len(p.text) > 0 && p.text[0] == '\n' {
		p.text = p.text[1:]
	} else {
		p.number-- // more on the same line
	}
	all, ok := v.([]any)
	if !ok {
		p.wrong(place{at, ""}, errors.New("no listing of ip -j"))
		return
	}
	if len(all) == 0 {
		p.empty()
	}
	for i, one := range all {
		o, ok := one.(object)
		if !ok {
			p.wrong(place{at, fmt.Sprintf("element %d", i)}, errors.New("it is no object"))
			continue
		}
		if len(o) > 0 { // one that was filtered out has nothing
			p.object(o, place{at, fmt.Sprintf("element %d", i)})
		}
	}
	p.endListing()
}

// empty notes that a listing has no entries, if the command says what it is of.
func (p *reader) empty() {
	switch p.hint.kind {
	case KindNeighbours:
		p.x.covers.part(netstate.PartNeighbours)
	case KindFDB:
		p.x.covers.part(netstate.PartFDB)
	case KindNexthops:
		p.x.covers.part(netstate.PartNexthops)
	}
}

// object reads one element of a listing of ip -j.
func (p *reader) object(o object, at place) {
	switch {
	case o.has("ifindex"):
		k, err := p.x.linkObject(o)
		if err != nil {
			p.wrong(at, err)
			return
		}
		p.addLink(k, at)
	case o.has("priority"):
		p.found(KindRules)
		r, err := p.x.ruleObject(o, p.hint.family)
		p.addRule(r, at, err)
	case o.has("mac"):
		p.found(KindFDB)
		e, err := p.x.fdbObject(o)
		p.addFDB(e, at, err)
	case o.has("dst") && (o.has("state") || o.has("lladdr") || o.has("proxy")):
		p.found(KindNeighbours)
		n, err := p.x.neighObject(o)
		p.addNeighbour(n, at, err)
	case o.has("dst"):
		p.found(KindRoutes)
		p.addRoute(p.x.routeObject(o), at)
	case o.has("id"):
		p.found(KindNexthops)
		n, err := p.x.nexthopObject(o)
		p.addNexthop(n, at, err)
	default:
		p.wrong(at, errors.New("no entry of ip -j"))
	}
}
