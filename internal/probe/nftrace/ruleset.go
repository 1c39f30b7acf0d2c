package nftrace

import (
	"fmt"
	"math"
	"net/netip"
	"slices"
)

// Chains of our table. Every packet of the namespace comes by the two base
// chains, so what is not wanted leaves them after few expressions: a map of
// destinations leads to the rules of each, maps of protocols and of ports to
// the chains of tunnels, where a map of the inner destinations does the same.
// What is wanted ends in a mark chain.
//
// Both base chains look into tunnels: a packet loses its bit where it is
// wrapped up, as where it is unwrapped (net/core/skbuff.c, skb_scrub_packet).
const (
	preroutingChain = "prerouting"
	outputChain     = "output"
	markChain       = "mark-packet"
	insideChain     = "mark-inside"
)

// ruleset is what a table of ours holds.
type ruleset struct {
	chains []string // without the base chains
	sets   []valueSet
	rules  []rule
}

// rule is a rule of a chain.
type rule struct {
	chain string
	exprs exprs
}

// valueSet holds values; a map says a verdict for each. It is of the rule that
// looks up in it alone, and has no name: nft writes it in its place.
type valueSet struct {
	typ, len uint32 // of the values: nft's number, bytes
	values   []value
}

// value is an element of a set. to is the chain of a map's verdict; empty in a
// set that is no map.
type value struct {
	key  []byte
	code int32
	to   string
}

func (s valueSet) isMap() bool { return s.values[0].to != "" }

// add takes a set up, for lookup.
func (r *ruleset) add(s valueSet) (id uint32) {
	r.sets = append(r.sets, s)
	return uint32(len(r.sets))
}

// Types of nft's own (its enum datatypes), by which it prints a set.
const (
	typeInteger = 4
	typeProto   = 12
	typePort    = 13
)

// limits say how many packets a table marks.
type limits struct {
	rate   int  // per second, and at once
	total  int  // ever; 0 is no limit
	shared bool // those inside of tunnels are not counted apart
}

// withPorts are the protocols that have ports.
func withPorts(typ uint32) valueSet {
	return valueSet{typ, 1, []value{{key: []byte{protoTCP}}, {key: []byte{protoUDP}}, {key: []byte{protoSCTP}}}}
}

// newRuleset says which packets are marked; ports are those of UDP on which
// tunnels may be that carry Ethernet.
func newRuleset(matches []Match, l limits, ports []uint16) ruleset {
	var r ruleset
	r.addMarks(l)
	var all []plain
	for _, m := range matches {
		all = append(all, m.expand()...)
	}
	r.addPlace([]string{preroutingChain, outputChain}, outside(), all)
	r.addTunnels(all, ports)
	return r
}

// addMarks adds the chains that mark, within limits.
func (r *ruleset) addMarks(l limits) {
	r.chains = append(r.chains, markChain, insideChain)
	for _, c := range []string{markChain, insideChain} {
		if c == insideChain && l.shared {
			r.rules = append(r.rules, rule{c, exprs(nil).verdict(verdictJump, markChain)})
			continue
		}
		x := exprs(nil).limit(uint64(l.rate), 1, uint32(l.rate))
		if l.total > 0 {
			// A bucket that holds that many and that nobody refills: one
			// packet per year, or in as long as 64 bits of nanoseconds allow.
			unit := min(uint64(365*24*3600), math.MaxInt64/1_000_000_000/uint64(l.total))
			x = x.limit(1, unit, uint32(l.total))
		}
		r.rules = append(r.rules,
			rule{c, x.trace().verdict(verdictAccept, "")},
			rule{c, exprs(nil).verdict(verdictAccept, "")})
	}
}

// addPlace adds the rules for headers at one place to chains: first maps from
// the last four bytes of the destination to the rules of each (IPv6 addresses
// may share them, so those rules look at all of it), then the rules of what may
// go to many.
func (r *ruleset) addPlace(chains []string, p place, all []plain) {
	var gates [2]gate // of IPv4, IPv6
	type one struct {
		plain
		version uint8
	}
	var direct []one
	for _, m := range all {
		for _, version := range p.versionsOf(m) {
			if !m.dst.IsSingleIP() {
				direct = append(direct, one{m, version})
				continue
			}
			is6 := 0
			if version == 6 {
				is6 = 1
			}
			leaf, isNew := gates[is6].leaf(m.dst, fmt.Sprintf("%sdst-%d", p.prefix, version))
			if isNew {
				r.chains = append(r.chains, leaf)
			}
			r.addMatch(leaf, p, m, version)
		}
	}
	for _, c := range chains {
		for i, version := range [...]uint8{4, 6} {
			if g := gates[i]; len(g.values) > 0 {
				at := p.ip.at(dstOf(version) + addrLen(version) - gateLen)
				r.rules = append(r.rules, rule{c, exprs(nil).load(at, gateLen).lookup(r.add(valueSet(g)), true)})
			}
		}
		for _, m := range direct {
			r.addMatch(c, p, m.plain, m.version)
		}
	}
}

func (r *ruleset) addMatch(chain string, p place, m plain, version uint8) {
	r.rules = append(r.rules, rule{chain, r.match(p, m, version).verdict(verdictJump, p.mark)})
}

// gateLen is how much of an address a gate looks at: for four bytes nft has a
// faster load and a faster hash.
const gateLen = 4

// gate is the map of an IP version's destinations.
type gate valueSet

// leaf gives the chain for a destination.
func (g *gate) leaf(dst netip.Prefix, prefix string) (chain string, isNew bool) {
	addr := dst.Addr().AsSlice()
	key := addr[len(addr)-gateLen:]
	for _, v := range g.values {
		if string(v.key) == string(key) {
			return v.to, false
		}
	}
	chain = fmt.Sprintf("%s-%d", prefix, len(g.values))
	g.typ, g.len = typeInteger, gateLen
	g.values = append(g.values, value{key, verdictJump, chain})
	return chain, true
}

// addTunnels adds the ways into tunnels, and the rules for what is there. A
// port of UDP is looked at before the protocol is: that it is UDP is asked where
// all else is right.
func (r *ruleset) addTunnels(all []plain, ports []uint16) {
	byPort, byProto := valueSet{typ: typePort, len: 2}, valueSet{typ: typeProto, len: 1}
	for _, t := range tunnels() {
		if !slices.ContainsFunc(all, func(m plain) bool { return len(t.versionsOf(m)) > 0 }) {
			continue
		}
		r.chains = append(r.chains, t.chain)
		r.addPlace([]string{t.chain}, t.place, all)
		if t.proto != protoUDP {
			byProto.values = append(byProto.values, value{[]byte{t.proto}, verdictGoto, t.chain})
			continue
		}
		for _, port := range ports {
			byPort.values = append(byPort.values, value{[]byte{byte(port >> 8), byte(port)}, verdictGoto, t.chain})
		}
	}
	if len(byProto.values) == 0 {
		return
	}
	for _, c := range []string{preroutingChain, outputChain} {
		r.rules = append(r.rules,
			rule{c, exprs(nil).load(field{baseTransport, 2}, 2).lookup(r.add(byPort), true)},
			rule{c, exprs(nil).loadMeta(metaL4Proto).lookup(r.add(byProto), true)})
	}
}
