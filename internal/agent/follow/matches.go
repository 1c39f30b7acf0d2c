package follow

import (
	"net/netip"

	"github.com/pktrail/pktrail/internal/filter"
	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/probe/nftrace"
)

// matches says which packets rules are traced for. A probe's port or
// identifier stays over NAT, its addresses do not.
func matches(sel Selection, expr *filter.Expr) []nftrace.Match {
	if f := sel.Probe; sel.HasProbe {
		m := nftrace.Match{Proto: uint8(f.Proto)}
		if f.Proto == packet.ProtoICMP || f.Proto == packet.ProtoICMPv6 {
			m.ICMPID, m.HasID = f.ID, true
		} else {
			m.Port = f.SrcPort
		}
		return []nftrace.Match{m}
	}
	clauses, _ := expr.Clauses()
	var out []nftrace.Match
	for _, c := range clauses {
		out = append(out, fromClause(c)...)
	}
	return out
}

// fromClause says a clause in matches. A range of ports is left out: more
// packets meet the match then, and the limit of the rate holds for them too.
func fromClause(c filter.Clause) []nftrace.Match {
	m := nftrace.Match{Version: c.Version, Src: c.Src, Dst: c.Dst}
	if c.HasProto {
		m.Proto = c.Proto
	}
	if !c.HasProto || hasPorts(c.Proto) {
		m.SrcPort, m.DstPort = single(c.SrcPort), single(c.DstPort)
		if m.SrcPort == 0 && m.DstPort == 0 {
			m.Port = single(c.EitherPort)
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

func hasPorts(proto uint8) bool {
	return proto == uint8(packet.ProtoTCP) || proto == uint8(packet.ProtoUDP) || proto == uint8(packet.ProtoSCTP)
}

func single(p filter.Ports) uint16 {
	if p.Valid && p.Low == p.High {
		return p.Low
	}
	return 0
}
