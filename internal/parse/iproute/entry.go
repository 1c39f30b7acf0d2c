package iproute

import (
	"errors"
	"strings"
)

// line reads a line of text.
func (p *reader) line(line string) {
	blank := strings.TrimSpace(line) == ""
	switch {
	case p.hint.foreign:
		p.Passed++
	case p.nft.open():
		p.failedAt(line, p.nft.line(line))
	case p.save.table != nil && p.kind != kindList:
		p.failedAt(line, p.save.line(line))
	case p.set.open():
		p.failedAt(line, p.set.line(line))
	case blank:
	case p.save.generated(line), p.nft.warned(line):
		p.start(map[bool]Kind{true: KindNFT, false: KindIPTables}[p.nft.iptables != "" && !strings.HasPrefix(line, "# Gen")])
	case line[0] == '#':
		p.Passed++
	case line[0] == ' ' || line[0] == '\t':
		p.indented(line)
	default:
		p.entry(line)
	}
}

// indented reads a line that goes on with the one before.
func (p *reader) indented(line string) {
	s := scan(line)
	switch {
	case p.link != nil:
		p.link.more(line)
	case p.route != nil && s.skip("nexthop"):
		p.failedAt(line, p.x.wayText(p.route, s))
	case p.route != nil && s.skip("nh_info"):
		p.failedAt(line, p.x.nexthopInfo(s))
	case p.route != nil && s.peek() == "cache":
		p.Passed++
	default:
		p.unknown(line)
	}
}

// entry reads a line that begins something.
func (p *reader) entry(line string) {
	kind := classify(line)
	if kind == "" {
		p.endEntry()
		p.unknown(line)
		return
	}
	p.start(kind)
	here := place{p.number, line}
	switch kind {
	case KindRules:
		rule, err := p.x.ruleText(line, p.hint.family)
		p.addRule(rule, here, err)
	case KindRoutes:
		p.route, p.routeLine = p.x.routeText(line), here
	case KindNexthops:
		n, err := p.x.nexthopText(scan(line))
		p.addNexthop(n, here, err)
	case KindLinks:
		k, err := p.x.linkText(line)
		if err != nil {
			p.wrong(here, err)
			return
		}
		p.link, p.linkLine = k, here
	case kindOneLine:
		p.oneLine(line)
	case KindNeighbours:
		n, err := p.x.neighText(line)
		p.addNeighbour(n, here, err)
	case KindFDB:
		e, err := p.x.fdbText(line)
		p.addFDB(e, here, err)
	case KindIPTables:
		p.iptables(line)
	case KindNFT:
		p.failedAt(line, p.nft.line(line))
	case KindIPSets:
		if strings.HasPrefix(line, "Name:") {
			p.failedAt(line, p.set.line(line))
		} else {
			p.failedAt(line, p.set.save(line))
		}
	case KindSysctls:
		p.sysctl(line)
	}
}

func (p *reader) iptables(line string) {
	if line[0] == '*' {
		p.failedAt(line, p.save.line(line))
		return
	}
	if p.save.table == nil {
		name := p.hint.table
		if name == "" || p.hint.kind != KindIPTables {
			name = "filter"
		}
		p.save.begin(name)
		p.kind = kindList
	}
	p.failedAt(line, p.save.list(line))
}

func (p *reader) sysctl(line string) {
	key, value, ok := sysctlText(line)
	if !ok { // "sysctl: permission denied on key ..."
		p.Passed++
		return
	}
	p.failedAt(line, p.x.sysctl(key, value))
}

// oneLine reads a line of `ip -o addr`: "2: eth0    inet 10.0.0.1/8 ...".
func (p *reader) oneLine(line string) {
	number, rest, _ := strings.Cut(line, ":")
	s := scan(rest)
	name, _, _ := strings.Cut(s.next(), "@")
	index, err := parseNumber[int32](number)
	if err != nil || index <= 0 {
		p.wrong(place{p.number, line}, errors.New("no number of a link"))
		return
	}
	p.link, p.linkLine = &linkForm{Link: p.x.link(int(index), name), x: p.x, form: newForm(nil), addressed: true}, place{p.number, line}
	p.link.more(strings.Join(s.words, " "))
}
