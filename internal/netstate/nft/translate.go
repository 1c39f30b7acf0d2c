package nft

import (
	"fmt"
	"strings"
)

// translate writes the statements that send the packet elsewhere.
func (p *printer) translate(e Expr) {
	switch e := e.(type) {
	case *NAT:
		word := [...]string{"snat", "dnat"}[e.Type&1]
		if p.familyWord(e.Family) != "" || p.joint(e) != kindInteger {
			word += " " + e.Family.String()
		}
		if e.Flags&natNetmap != 0 {
			word += " prefix"
		}
		if k := p.joint(e); k != kindInteger {
			p.say(word + " to " + p.operand(e.AddrMin, k, false) + natFlags(e.Flags))
			return
		}
		p.say(word + p.destination(e.Family, e.AddrMin, e.AddrMax, e.PortMin, e.PortMax, e.Flags) + natFlags(e.Flags))
	case *Masq:
		p.say("masquerade" + p.destination(0, 0, 0, e.PortMin, e.PortMax, 0) + natFlags(e.Flags))
	case *Redir:
		p.say("redirect" + p.destination(0, 0, 0, e.PortMin, e.PortMax, 0) + natFlags(e.Flags))
	case *TProxy:
		word := "tproxy" + p.familyWord(e.Family)
		p.say(word + p.destination(e.Family, e.Addr, 0, e.Port, 0, 0))
	case *Dup:
		p.say(p.copyTo("dup to ", p.family, e.Addr, e.Dev))
	case *Fwd:
		word := "fwd "
		if e.Addr != 0 {
			word += e.Family.String() + " "
		}
		p.say(p.copyTo(word+"to ", e.Family, e.Addr, e.Dev))
	}
}

// familyWord stands in tables of several families.
func (p *printer) familyWord(f Family) string {
	if p.family == FamilyInet && (f == FamilyIP || f == FamilyIP6) {
		return " " + f.String()
	}
	return ""
}

func (p *printer) copyTo(word string, f Family, addr, dev uint32) string {
	if addr == 0 {
		return word + p.operand(dev, kindIfindex, true)
	}
	word += p.operand(addr, addressKind(f), false)
	if dev != 0 {
		word += " device " + p.operand(dev, kindIfindex, true)
	}
	return word
}

func addressKind(f Family) kind {
	if f == FamilyIP6 {
		return kindIPv6
	}
	return kindIPv4
}

// destination writes " to ADDRESS:PORT", each of them one value or a range,
// or a map.
func (p *printer) destination(f Family, amin, amax, pmin, pmax, flags uint32) string {
	if amin == 0 && pmin == 0 {
		return ""
	}
	k := addressKind(f)
	var b strings.Builder
	if amin != 0 {
		addr := p.operand(amin, k, false)
		to := addr
		if amax != 0 && amax != amin {
			to = p.operand(amax, k, false)
		}
		switch bare := k == kindIPv4 || pmin == 0; {
		case flags&natNetmap != 0 && addr != to:
			b.WriteString(p.netmap(k, amin, amax))
		case addr == to && bare:
			b.WriteString(addr)
		case addr == to:
			b.WriteString("[" + addr + "]")
		case bare:
			b.WriteString(addr + "-" + to)
		default:
			b.WriteString("[" + addr + "]-[" + to + "]")
		}
	}
	if pmin != 0 {
		from := p.operand(pmin, kindPort, false)
		b.WriteString(":" + from)
		if to := p.portEnd(pmin, pmax); to != "" && to != from {
			b.WriteString("-" + to)
		}
	}
	return " to " + b.String()
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

func natFlags(f uint32) string {
	var words []string
	for _, w := range [...]struct {
		bit  uint32
		name string
	}{{natRandom, "random"}, {natFullyRandom, "fully-random"}, {natPersistent, "persistent"}} {
		if f&w.bit != 0 {
			words = append(words, w.name)
		}
	}
	if words == nil {
		return ""
	}
	return " " + strings.Join(words, ",")
}

// reject writes how the sender is answered. Port unreachable is nft's default
// and not shown.
func (p *printer) reject(e *Reject) {
	several := p.family != FamilyIP && p.family != FamilyIP6
	switch e.Type {
	case 1: // NFT_REJECT_TCP_RST
		if d := p.dep[baseTransport]; d != nil && !several {
			d.stmt.implied = true
		}
		p.say("reject with tcp reset")
	case 2: // NFT_REJECT_ICMPX_UNREACH
		names := [...]string{"no-route", "port-unreachable", "host-unreachable", "admin-prohibited"}
		switch {
		case e.Code == 1:
			p.say("reject")
		case e.Code < uint32(len(names)):
			p.say("reject with icmpx " + names[e.Code])
		default:
			p.say(fmt.Sprintf("reject with icmpx %d", e.Code))
		}
	default: // NFT_REJECT_ICMP_UNREACH
		word, k, port := "icmp ", kindICMPCode, uint32(3)
		if p.header[baseNetwork] == "ip6" {
			word, k, port = "icmpv6 ", kindICMPv6Code, 4
		}
		if several {
			p.used(baseNetwork)
		} else if e.Code == port {
			p.say("reject")
			return
		}
		p.say("reject with " + word + k.writeNumber(uint64(e.Code), p.names))
	}
}
