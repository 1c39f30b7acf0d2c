package nft

import "strings"

// translate writes the statements that send the packet elsewhere.
func (p *printer) translate(e Expr) {
	switch e := e.(type) {
	case *NAT:
		p.nat(e)
	case *Masq:
		p.say(p.statement("masquerade", "", p.destination(0, 0, 0, e.PortMin, e.PortMax, 0), e.Flags))
	case *Redir:
		p.say(p.statement("redirect", "", p.destination(0, 0, 0, e.PortMin, e.PortMax, 0), e.Flags))
	case *TProxy:
		family := ""
		if p.several() && (e.Family == FamilyIP || e.Family == FamilyIP6) {
			family = e.Family.String()
		}
		p.say(p.statement("tproxy", family, p.destination(e.Family, e.Addr, 0, e.Port, 0, 0), 0))
	case *Dup:
		p.say(p.copyTo("dup", "", p.family, e.Addr, e.Dev))
	case *Fwd:
		family := ""
		if e.Addr != 0 {
			family = e.Family.String()
		}
		p.say(p.copyTo("fwd", family, e.Family, e.Addr, e.Dev))
	}
}

// several says that the table is of several families.
func (p *printer) several() bool { return p.family == FamilyInet }

func (p *printer) nat(e *NAT) {
	word, family := [...]string{"snat", "dnat"}[e.Type&1], ""
	joint := p.joint(e)
	if joint != kindInteger || (p.several() && (e.Family == FamilyIP || e.Family == FamilyIP6)) {
		family = e.Family.String()
	}
	var to target
	if joint != kindInteger {
		to.addr = p.operand(e.AddrMin, joint, false)
		to.text = to.addr
	} else {
		to = p.destination(e.Family, e.AddrMin, e.AddrMax, e.PortMin, e.PortMax, e.Flags)
	}
	p.say(p.statement(word, family, to, e.Flags))
}

// target is where a translation leads: address and port, and both as text.
type target struct{ addr, port, text string }

// statement writes a translation.
func (p *printer) statement(word, family string, to target, flags uint32) string {
	words := natFlags(flags)
	if p.names.json {
		return statementJSON(word, family, to, words, flags&natNetmap != 0)
	}
	if family != "" {
		word += " " + family
	}
	if flags&natNetmap != 0 {
		word += " prefix"
	}
	if to.text != "" {
		word += " to " + to.text
	}
	if words != nil {
		word += " " + strings.Join(words, ",")
	}
	return word
}

func statementJSON(word, family string, to target, flags []string, netmap bool) string {
	if family != "" {
		family = quoted(family)
	}
	list, kinds := "", ""
	if netmap {
		flags, kinds = append(flags, "netmap"), `"prefix"`
	}
	if flags != nil {
		list = oneOrArray(quotedAll(flags))
	}
	all := object("family", family, "addr", to.addr, "port", to.port, "flags", list, "type_flags", kinds)
	if all == "{}" {
		all = "null"
	}
	return object(word, all)
}

// copyTo writes where a packet or its copy goes.
func (p *printer) copyTo(word, family string, f Family, addr, dev uint32) string {
	n := p.names
	var where, device string
	if addr != 0 {
		where = p.operand(addr, addressKind(f), false)
	}
	if dev != 0 {
		device = p.operand(dev, kindIfindex, true)
	}
	if n.json {
		if family != "" {
			family = quoted(family)
		}
		if word == "dup" && where == "" {
			where, device = device, ""
		}
		return object(word, object("family", family, "addr", where, "dev", device))
	}
	if family != "" {
		word += " " + family
	}
	switch {
	case where == "":
		return word + " to " + device
	case device == "":
		return word + " to " + where
	}
	return word + " to " + where + " device " + device
}

func addressKind(f Family) kind {
	if f == FamilyIP6 {
		return kindIPv6
	}
	return kindIPv4
}

// destination writes ADDRESS:PORT, each of them one value or a range, or a
// map.
func (p *printer) destination(f Family, amin, amax, pmin, pmax, flags uint32) target {
	n := p.names
	k := addressKind(f)
	var t target
	if amin != 0 {
		from := p.operand(amin, k, false)
		to := from
		if amax != 0 && amax != amin {
			to = p.operand(amax, k, false)
		}
		switch bracketed := k == kindIPv6 && pmin != 0 && !n.json; {
		case flags&natNetmap != 0 && from != to:
			t.addr = p.netmap(k, amin, amax)
		case from == to && bracketed:
			t.addr = "[" + from + "]"
		case from == to:
			t.addr = from
		case bracketed:
			t.addr = "[" + from + "]-[" + to + "]"
		default:
			t.addr = n.between(from, to)
		}
	}
	t.text = t.addr
	if pmin != 0 {
		t.port = p.operand(pmin, kindPort, false)
		if to := p.portEnd(pmin, pmax); to != "" && to != t.port {
			t.port = n.between(t.port, to)
		}
		t.text += ":" + t.port
	}
	return t
}

func (p *printer) portEnd(pmin, pmax uint32) string {
	if pmax == 0 || pmax == pmin {
		return ""
	}
	return p.operand(pmax, kindPort, false)
}

// netmap writes the two ends of a range as a prefix.
func (p *printer) netmap(k kind, amin, amax uint32) string {
	s := selector{kind: k}
	return s.span(p.get(amin).data, p.get(amax).data, p.names)
}

// joint is the type of what a map gives at once: address and port, or first
// and last address; kindInteger if it gives less.
func (p *printer) joint(e *NAT) kind {
	switch {
	case e.PortMin != 0 && p.sameMap(e.AddrMin, e.PortMin):
		return kindAddrPort
	case e.AddrMax != 0 && e.AddrMax != e.AddrMin && p.sameMap(e.AddrMin, e.AddrMax):
		return kindAddrRange
	}
	return kindInteger
}

// sameMap says that a map fills both registers.
func (p *printer) sameMap(addr, port uint32) bool {
	i, ok := slot(addr)
	j, ok2 := slot(port)
	if !ok || !ok2 || p.regs[i].setName == "" || j <= i {
		return false
	}
	return p.regs[j].setName == "" && p.regs[j].data == nil && p.regs[j].sel == nil
}

// The flags of NAT (linux/netfilter/nf_nat.h, NF_NAT_RANGE_*).
const (
	natRandom      = 1 << 2
	natPersistent  = 1 << 3
	natFullyRandom = 1 << 4
	natNetmap      = 1 << 6
)

func natFlags(f uint32) []string {
	var words []string
	for _, w := range [...]struct {
		bit  uint32
		name string
	}{{natRandom, "random"}, {natFullyRandom, "fully-random"}, {natPersistent, "persistent"}} {
		if f&w.bit != 0 {
			words = append(words, w.name)
		}
	}
	return words
}
