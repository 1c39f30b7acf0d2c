package xt

import "fmt"

// Native forms: what iptables-nft writes as nf_tables expressions instead of a
// match with a structure.

// Limit is `-m limit`.
func Limit(rate uint64, unit string, burst uint32) Match {
	m := Match{Name: "limit", Words: fmt.Sprintf("-m limit --limit %d/%s", rate, unit)}
	if burst != 5 {
		m.Words += fmt.Sprintf(" --limit-burst %d", burst)
	}
	return m
}

// Mark is `-m mark`.
func Mark(value, mask uint32, not bool) Match {
	var l line
	l.words("-m", "mark")
	l.not(not)
	l.words("--mark", masked(value, mask))
	return Match{Name: "mark", Words: l.String()}
}

// PortSpan is a range of ports, both ends included.
type PortSpan struct {
	From, To uint16
	Not      bool
}

// AllPorts is no condition.
func AllPorts() PortSpan { return PortSpan{To: 0xffff} }

// Ports are the conditions of `-m tcp` or `-m udp`.
type Ports struct {
	Src, Dst PortSpan
	// Flags must be as said under FlagsMask; no condition if that is 0.
	Flags, FlagsMask uint8
	NotFlags         bool
}

// Match writes the conditions for a protocol.
func (p *Ports) Match(proto uint16) Match {
	m := Match{Name: ProtocolName(proto)}
	var l line
	l.words("-m", m.Name)
	l.ports("--sport", p.Src.From, p.Src.To, p.Src.Not)
	l.ports("--dport", p.Dst.From, p.Dst.To, p.Dst.Not)
	if p.FlagsMask != 0 {
		l.not(p.NotFlags)
		l.add("--tcp-flags %s %s", TCPFlags(p.FlagsMask), TCPFlags(p.Flags))
	}
	m.Words = l.String()
	return m
}
