package nft

// reject writes how the sender is answered. Port unreachable is nft's default
// and not shown.
func (p *printer) reject(e *Reject) {
	n := p.names
	several := p.family != FamilyIP && p.family != FamilyIP6
	switch e.Type {
	case 1: // NFT_REJECT_TCP_RST
		if d := p.dep[baseTransport]; d != nil && !several {
			d.stmt.implied = true
		}
		p.say(n.rejection("tcp reset", "", false))
	case 2: // NFT_REJECT_ICMPX_UNREACH
		names := [...]string{"no-route", "port-unreachable", "host-unreachable", "admin-prohibited"}
		code := uintText(e.Code)
		if e.Code < uint32(len(names)) {
			code = n.word(names[e.Code])
		}
		p.say(n.rejection("icmpx", code, e.Code == 1))
	default: // NFT_REJECT_ICMP_UNREACH
		word, k, port := "icmp", kindICMPCode, uint32(3)
		if p.header[baseNetwork] == "ip6" {
			word, k, port = "icmpv6", kindICMPv6Code, 4
		}
		if several {
			p.used(baseNetwork)
		}
		p.say(n.rejection(word, k.writeNumber(uint64(e.Code), n), !several && e.Code == port))
	}
}

// rejection writes the statement; usual says that text need not say how.
func (n Names) rejection(kind, code string, usual bool) string {
	switch {
	case n.json:
		return object("reject", object("type", quoted(kind), "expr", code))
	case usual:
		return "reject"
	case code == "":
		return "reject with " + kind
	}
	return "reject with " + kind + " " + code
}
