package follow

import (
	"fmt"
	"net/netip"

	"github.com/pktrail/pktrail/internal/filter"
	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/probe/nftrace"
)

// matches says which packets rules are traced for. A probe's port or
// identifier stays over NAT, its addresses do not.
func matches(sel Selection) ([]nftrace.Match, error) {
	if f := sel.Probe; sel.HasProbe {
		m := nftrace.Match{Proto: uint8(f.Proto), Version: 4}
		if f.Dst.Is6() {
			m.Version = 6
		}
		if f.Proto == packet.ProtoICMP || f.Proto == packet.ProtoICMPv6 {
			m.ICMPID, m.HasID = f.ID, true
		} else {
			m.Port = f.SrcPort
		}
		out := []nftrace.Match{m}
		for _, d := range sel.back() {
			more, err := matches(d)
			if err != nil {
				return nil, err
			}
			out = append(out, more...)
		}
		return out, nil
	}
	expr, err := filter.Parse(sel.expression(false))
	if err != nil {
		return nil, fmt.Errorf("compile what rules are traced for: %w", err)
	}
	clauses, _ := expr.Clauses()
	var out []nftrace.Match
	for _, c := range clauses {
		out = append(out, fromClause(c)...)
	}
	for _, p := range sel.fragments() {
		m := nftrace.Match{Src: single(p[0]), Dst: single(p[1]), Fragment: true}
		out = append(out, m, m.Reverse())
	}
	return out, nil
}

// fromClause says a clause in matches. A range of ports is left out: more
// packets meet the match then, and the limit of the rate holds for them too.
func fromClause(c filter.Clause) []nftrace.Match {
	m := nftrace.Match{Version: c.Version, Src: c.Src, Dst: c.Dst}
	if c.HasProto {
		m.Proto = c.Proto
	}
	if !c.HasProto || (packet.Flow{Proto: packet.Proto(c.Proto)}).HasPorts() {
		m.SrcPort, m.DstPort = onePort(c.SrcPort), onePort(c.DstPort)
		if m.SrcPort == 0 && m.DstPort == 0 {
			m.Port = onePort(c.EitherPort)
		}
	}
	return either(m, c.Either)
}

// either puts an address that one end has into a match for each end.
func either(m nftrace.Match, p netip.Prefix) []nftrace.Match {
	if !p.IsValid() {
		return []nftrace.Match{m}
	}
	var out []nftrace.Match
	if !m.Src.IsValid() {
		src := m
		src.Src = p
		out = append(out, src)
	}
	if !m.Dst.IsValid() {
		m.Dst = p
		out = append(out, m)
	}
	if len(out) == 0 {
		out = append(out, m)
	}
	return out
}

func single(a netip.Addr) netip.Prefix { return netip.PrefixFrom(a, a.BitLen()) }

func onePort(p filter.Ports) uint16 {
	if p.Valid && p.Low == p.High {
		return p.Low
	}
	return 0
}
