package filter

import "strings"

// exprFailed stands where an error was found.
type exprFailed struct{}

func (exprFailed) resolve(*resolver) cond { return condConst(false) }

// refuse reports a word of the language that has no meaning here.
func (p *parser) refuse(t token) {
	p.fail(t, "", "%s %s", t.raw, refused[t.text])
}

// unexpected reports a word that cannot stand where it does.
func (p *parser) unexpected() {
	t := p.tok
	switch {
	case p.err != nil:
	case t.kind == tokenEnd && p.last.kind == tokenEnd:
		p.fail(t, "", "expression is empty")
	case t.kind == tokenEnd:
		p.fail(t, "", "expression is incomplete: something is missing behind %q", p.last.raw)
	case t.is(")"):
		if p.last.is("(") {
			p.fail(t, "", "nothing in these parentheses")
			return
		}
		if p.last.is("and", "or", "not") {
			p.fail(t, "", "something is missing behind %q", p.last.raw)
			return
		}
		p.fail(t, "", "no parenthesis is open here")
	case t.kind >= tokenNumber && t.kind != tokenSymbol:
		p.bare(t)
	case p.last.kind == tokenKeyword && protocols[p.last.text] && t.kind == tokenKeyword && protocols[t.text]:
		p.fail(t, "join two conditions with and/or: "+p.last.raw+" and "+t.raw, "unexpected word")
	case refused[t.text] != "":
		p.refuse(t)
	case p.endsTerm() && t.kind == tokenKeyword:
		p.fail(t, "join two conditions with and/or", "unexpected word")
	default:
		p.fail(t, p.symbolHint(t), "unexpected word")
	}
}

func (p *parser) endsTerm() bool {
	return p.last.kind >= tokenNumber || p.last.is(")") || p.last.kind == tokenKeyword && protocols[p.last.text]
}

func (p *parser) symbolHint(t token) string {
	switch {
	case p.last.kind == tokenName && t.is("=", "!=", ">", "<", ">=", "<="):
		return displayFilterHint(p.last.raw)
	case t.is("/") && p.last.kind == tokenNumber:
		return "a net with a prefix length has at least two numbers: net " + p.last.raw + ".0.0.0/8"
	case t.is(":") && p.last.kind != tokenEnd:
		return "an address and its port are two conditions: host 10.1.2.3 and port 80"
	case t.is("=", "!=", ">", "<", ">=", "<="):
		return "a comparison has numbers on both sides: tcp[tcpflags] & tcp-syn != 0, len > 100"
	}
	return ""
}

// bare reports an address, name or number that stands where a condition
// should start.
func (p *parser) bare(t token) {
	switch {
	case p.endsTerm():
		p.fail(t, joinHint(p.last, t), "unexpected word")
	default:
		p.fail(t, bareHint(t), "nothing says what this is")
	}
}

func joinHint(last, t token) string {
	if last.kind == tokenName && looksLikeField(last.raw) {
		return displayFilterHint(last.raw)
	}
	if last.kind == tokenKeyword && t.kind == tokenNumber && last.is("tcp", "udp", "sctp") {
		return "write: " + last.raw + " port " + t.raw
	}
	if last.kind == tokenKeyword && (t.kind == tokenIPv4 || t.kind == tokenIPv6) {
		return "write: " + last.raw + " host " + t.raw
	}
	return "join two conditions with and/or"
}

func (p *parser) bareNumber(it item) {
	p.fail(it.tok, bareHint(it.tok), "nothing says what this number is")
}

func (p *parser) missingComparison(it item) {
	t := p.tok
	if t.kind == tokenEnd || t.is(")", "and", "or") {
		p.fail(it.at, "compare it, such as: tcp[tcpflags] & tcp-syn != 0", "this is a number, not a condition")
		return
	}
	p.unexpected()
}

func (p *parser) notANumber() {
	t := p.tok
	switch t.kind {
	case tokenEnd:
		p.unexpected()
	case tokenIPv4, tokenIPv6, tokenMAC:
		p.fail(t, "compare addresses with host, net or ether host", "an address is no number")
	default:
		p.fail(t, "", "expected a number")
	}
}

// unexpectedID reports what stands where qualifiers need an address, a name
// or a number.
func (p *parser) unexpectedID(q qualifiers) {
	t := p.tok
	what := map[string]string{"port": "a port", "portrange": "ports such as 80-90", "proto": "a protocol", "net": "a net"}[q.typ]
	if what == "" {
		what = "an address"
	}
	switch {
	case t.kind == tokenEnd:
		p.fail(t, "", "expected %s behind %q", what, p.last.raw)
	case t.kind == tokenKeyword && q.typ == "proto":
		p.fail(t, `a name that is also a keyword is written with a backslash: proto \`+t.raw, "expected %s", what)
	case t.kind == tokenKeyword && (q.typ == "port" || q.typ == "portrange") && protocols[t.text]:
		p.fail(t, "the protocol comes first: "+t.raw+" "+q.typ+" ...", "expected %s", what)
	default:
		p.fail(t, "", "expected %s", what)
	}
}

// bareHint says what to put in front of a word.
func bareHint(t token) string {
	switch t.kind {
	case tokenNumber:
		return "write: port " + t.raw + ", or net " + t.raw
	case tokenIPv4, tokenIPv6:
		return "write: host " + t.raw
	case tokenMAC:
		return "write: ether host " + t.raw
	}
	lower := strings.ToLower(t.raw)
	if _, ok := keywords[lower]; ok && lower != t.raw {
		return "keywords are lower case: " + lower
	}
	if looksLikeField(t.raw) {
		return displayFilterHint(t.raw)
	}
	if _, ok := services[lower]; ok {
		return "write: port " + lower
	}
	return "names are never looked up: write host and an address, port and a service, or see pcap-filter(7)"
}

// fieldStarts are the beginnings of Wireshark field names.
var fieldStarts = set("ip ipv6 tcp udp eth icmp icmpv6 arp dns http http2 tls ssl frame vlan sctp vxlan geneve")

// looksLikeField recognises such as tcp.port.
func looksLikeField(word string) bool {
	start, rest, ok := strings.Cut(word, ".")
	return ok && fieldStarts[start] && rest != "" && rest[0] >= 'a' && rest[0] <= 'z'
}

// displayFilterHint gives the pcap-filter form of a Wireshark field.
func displayFilterHint(name string) string {
	if !looksLikeField(name) {
		return "a comparison has numbers on both sides: tcp[tcpflags] & tcp-syn != 0, len > 100"
	}
	forms := map[string]string{
		"ip.addr": "host 10.1.2.3", "ip.src": "src host 10.1.2.3", "ip.dst": "dst host 10.1.2.3", "ip.host": "host 10.1.2.3",
		"ipv6.addr": "host 2001:db8::1", "ipv6.src": "src host 2001:db8::1", "ipv6.dst": "dst host 2001:db8::1",
		"tcp.port": "tcp port 80", "tcp.srcport": "tcp src port 80", "tcp.dstport": "tcp dst port 80",
		"udp.port": "udp port 53", "udp.srcport": "udp src port 53", "udp.dstport": "udp dst port 53",
		"sctp.port": "sctp port 38412", "eth.addr": "ether host 02:00:00:00:00:01", "eth.src": "ether src 02:00:00:00:00:01",
		"eth.dst": "ether dst 02:00:00:00:00:01", "eth.type": "ether proto 0x800", "ip.proto": "ip proto 6", "ip.ttl": "ip[8] = 64",
		"tcp.flags.syn": "tcp[tcpflags] & tcp-syn != 0", "tcp.flags.reset": "tcp[tcpflags] & tcp-rst != 0",
		"tcp.flags.fin": "tcp[tcpflags] & tcp-fin != 0", "tcp.flags.ack": "tcp[tcpflags] & tcp-ack != 0",
		"tcp.flags": "tcp[tcpflags] = tcp-syn", "icmp.type": "icmp[icmptype] = icmp-echo", "icmpv6.type": "icmp6[icmp6type] = icmp6-echo",
		"vlan.id": "vlan 5", "frame.len": "len > 100", "dns.qry.name": "port 53", "arp.opcode": "arp[6:2] = 1",
		"vxlan.vni": "vxlan 5", "geneve.vni": "geneve 5",
	}
	if form := forms[name]; form != "" {
		return "this is Wireshark's display filter language; a capture filter says: " + form
	}
	return "this is Wireshark's display filter language; see pcap-filter(7) for capture filters"
}

// strangerHint explains a character that the language does not have.
func strangerHint(expr string, pos int, r rune) string {
	switch r {
	case ',':
		before := words(expr[:pos])
		after := words(strings.ReplaceAll(expr[pos+1:], ",", " "))
		if len(before) >= 2 && len(after) >= 1 {
			return "write: " + before[len(before)-2] + " " + before[len(before)-1] + " or " + after[0]
		}
		return "lists are written with or"
	case '{', '}':
		return "group with ( and )"
	case '"', '\'', '`', '‘', '’', '“', '”':
		return "the expression itself has no quotes"
	case '~':
		return "there is no bitwise not: use ^ 0xffffffff"
	}
	return ""
}
