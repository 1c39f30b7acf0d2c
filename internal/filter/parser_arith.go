package filter

// The precedence of arithmetic operators. libpcap's grammar gives none to %
// and ^: they take all that stands to their right, whatever stands to their
// left.
func precedence(t token) (o op, prec int, ok bool) {
	if t.kind != tokenSymbol {
		return 0, 0, false
	}
	switch t.text {
	case "|":
		return opOr, 1, true
	case "&":
		return opAnd, 2, true
	case "<<":
		return opLsh, 3, true
	case ">>":
		return opRsh, 3, true
	case "+":
		return opAdd, 4, true
	case "-":
		return opSub, 4, true
	case "*":
		return opMul, 5, true
	case "/":
		return opDiv, 5, true
	case "%":
		return opMod, greedy, true
	case "^":
		return opXor, greedy, true
	}
	return 0, 0, false
}

const (
	greedy     = 100 // binds to any left side
	unaryMinus = 6
)

// relation reads on after a first number: more arithmetic, and a comparison
// if there is one.
func (p *parser) relation(it item) item {
	before := p.tok
	left := p.binary(it.num, 0)
	t := p.tok
	e := &exprRelation{a: left}
	switch {
	case t.is(">", "<="):
		e.cmp, e.negated = isGreater, t.text == "<="
	case t.is(">=", "<"):
		e.cmp, e.negated = isAtLeast, t.text == "<"
	case t.is("=", "!="):
		e.cmp, e.negated = isEqual, t.text == "!="
	default:
		if before != p.tok {
			it.found, it.num = foundArith, left
		}
		return it
	}
	p.advance()
	if p.tok.is("=", ">", "<") && p.last.pos+len(p.last.raw) == p.tok.pos {
		p.fail(t, "the operators are > < >= <= = == !=", "%q is no comparison", t.raw+p.tok.raw)
	}
	e.b = p.arith(0)
	return item{cond: e}
}

// arith reads arithmetic of operators that bind at least as tightly as least.
func (p *parser) arith(least int) arith { return p.binary(p.primary(), least) }

func (p *parser) binary(left arith, least int) arith {
	for p.err == nil {
		t := p.tok
		o, prec, ok := precedence(t)
		if !ok || prec < least {
			break
		}
		p.advance()
		right := 0
		if prec != greedy {
			right = prec + 1
		}
		if !p.enter() {
			break
		}
		left = &arithBinary{op: o, at: t, a: left, b: p.arith(right)}
		p.depth--
	}
	return left
}

// primary reads a number, len, proto[...], -x or a parenthesis.
func (p *parser) primary() arith {
	t := p.tok
	if !p.enter() {
		return arithNumber{}
	}
	defer func() { p.depth-- }()
	switch {
	case t.kind == tokenNumber:
		p.advance()
		return arithNumber{t.num}
	case t.is("len"):
		p.advance()
		return arithLength{}
	case t.is("-"):
		p.advance()
		return &arithNegate{p.arith(unaryMinus)}
	case t.is("("):
		p.advance()
		a := p.arith(0)
		p.close(t)
		return a
	case t.kind == tokenKeyword && protocols[t.text]:
		p.advance()
		if !p.tok.is("[") {
			p.fail(t, "bytes of a header are written as "+t.text+"[offset:size]", "expected a number")
			return arithNumber{}
		}
		return p.load(t)
	}
	p.notANumber()
	return arithNumber{}
}

// load reads [index:size] behind a protocol.
func (p *parser) load(proto token) arith {
	open := p.tok
	p.advance()
	a := &arithLoad{proto: proto, index: p.arith(0)}
	if _, ok := p.accept(":"); ok {
		if a.size = p.tok; a.size.kind != tokenNumber {
			p.fail(p.tok, "the size is 1, 2 or 4", "expected a size")
		}
		p.advance()
	}
	if p.tok.kind == tokenEnd && p.err == nil {
		p.fail(open, "", "bracket is not closed")
	}
	p.expect("]")
	return a
}
