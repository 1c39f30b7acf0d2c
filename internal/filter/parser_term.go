package filter

// term reads a primitive.
func (p *parser) term() item {
	t := p.tok
	switch {
	case t.is("len", "-"):
		return p.relation(item{found: foundArith, num: p.primary(), at: t})
	case t.is("src", "dst") || isWLANAddress(t) || isType(t):
		return p.head(token{})
	case t.kind == tokenKeyword && protocols[t.text]:
		p.advance()
		return p.protocol(t)
	case t.kind == tokenKeyword:
		if it, ok := p.word(t); ok {
			return it
		}
	}
	p.unexpected()
	return item{cond: exprFailed{}}
}

// protocol reads what stands behind a protocol's name.
func (p *parser) protocol(proto token) item {
	t := p.tok
	switch {
	case t.is("["):
		return p.relation(item{found: foundArith, num: p.load(proto), at: proto})
	case t.is("broadcast", "multicast"):
		p.advance()
		return item{cond: &exprWord{word: t, proto: proto}}
	case t.is("type", "subtype", "dir"):
		p.refuse(t)
		return item{cond: exprFailed{}}
	case t.is("src", "dst") || isWLANAddress(t) || isType(t):
		return p.head(proto)
	}
	return item{cond: &exprWord{word: proto}}
}

func isType(t token) bool {
	return t.is("host", "net", "port", "portrange", "proto", "protochain", "gateway")
}

func isWLANAddress(t token) bool {
	return t.is("addr1", "addr2", "addr3", "addr4", "ra", "ta")
}

// head reads qualifiers and the identifiers behind them.
func (p *parser) head(proto token) item {
	q := qualifiers{defined: true, proto: proto.text, protoAt: proto}
	if t := p.tok; t.is("src", "dst") || isWLANAddress(t) {
		p.advance()
		q.dir, q.dirAt = t.text, t
		if word := p.tok; t.is("src", "dst") && word.is("and", "or") {
			p.advance()
			if !p.tok.is("src", "dst") || p.tok.is(t.text) {
				p.fail(p.tok, "write: src or dst host 10.1.2.3", "expected the other direction")
			}
			p.advance()
			q.dir = word.text
		}
	}
	if t := p.tok; isType(t) {
		if q.dir != "" && t.is("proto", "protochain", "gateway") {
			p.fail(t, "", "%s has no direction", t.text)
		}
		p.advance()
		q.typ, q.typAt = t.text, t
	}
	it := p.complete(p.item(q, onlyIDs), q, onlyIDs)
	it.found = foundTerm
	return it
}

// word reads a primitive that starts with any other keyword.
func (p *parser) word(t token) (item, bool) {
	w := &exprWord{word: t}
	switch t.text {
	case "broadcast", "multicast", "inbound", "outbound", "pppoed":
		p.advance()
	case "less", "greater", "ifindex":
		p.advance()
		if w.arg = p.tok; w.arg.kind != tokenNumber {
			p.fail(w.arg, "", "%s needs a number", t.text)
		}
		p.advance()
	case "vlan", "mpls", "pppoes", "geneve", "vxlan":
		p.advance()
		w.arg = p.optionalNumber()
	case "llc":
		p.advance()
		if p.tok.kind == tokenName || p.tok.is("rnr") {
			w.arg = p.tok
			p.advance()
		}
	case "byte":
		p.byteTest(w)
	default:
		if refused[t.text] != "" {
			p.refuse(t)
			return item{cond: exprFailed{}}, true
		}
		return item{}, false
	}
	return item{cond: w}, true
}

// optionalNumber reads a number, also in parentheses, if there is one.
func (p *parser) optionalNumber() token {
	n := 0
	for p.tok.is("(") && n < maxDepth {
		p.advance()
		n++
	}
	t := p.tok
	if t.kind != tokenNumber {
		if n > 0 {
			p.fail(t, "", "expected a number")
		}
		return token{}
	}
	p.advance()
	for range n {
		p.expect(")")
	}
	return t
}

func (p *parser) byteTest(w *exprWord) {
	p.advance()
	if w.arg = p.tok; w.arg.kind != tokenNumber {
		p.fail(p.tok, "write: ether[0] = 5", "byte needs an offset")
	}
	p.advance()
	if w.op = p.tok; !w.op.is("=", "<", ">", "&", "|") {
		p.fail(p.tok, "write: ether[0] = 5", "expected one of = < > & |")
	}
	p.advance()
	if w.arg2 = p.tok; w.arg2.kind != tokenNumber {
		p.fail(p.tok, "", "expected a number")
	}
	p.advance()
}
