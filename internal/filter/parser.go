package filter

// The limits of an expression, far above what anybody writes by hand.
const (
	maxLength = 16 << 10 // bytes
	maxDepth  = 200      // parentheses, "not" and minus signs inside one another
)

// Parse reads an expression. The empty expression matches every packet. The
// error, if any, is an *Error.
//
// What a link type cannot tell (there are no VLANs in LINUX_SLL2, say) is
// found by Compile; what no link type can tell is found here.
func Parse(text string) (*Expr, error) {
	if len(text) > maxLength {
		return nil, &Error{Column: 1, Word: text[:20], Msg: "expression is longer than 16384 bytes", expr: text[:maxLength]}
	}
	p := &parser{lexer: lexer{expr: text}}
	p.advance()
	e := &Expr{text: text}
	if p.tok.kind != tokenEnd || p.err != nil {
		root, _ := p.expression(qualifiers{}, onlyTerms)
		e.root = root
		if p.err == nil && p.tok.kind != tokenEnd {
			p.unexpected()
		}
	}
	if p.err != nil {
		return nil, p.err
	}
	if err := e.check(); err != nil {
		return nil, err
	}
	return e, nil
}

// check resolves the expression for each link type until one has no
// objection.
func (e *Expr) check() error {
	var first *Error
	for _, o := range []Options{{Link: Ethernet, Live: true}, {Link: LinuxSLL2}, {Link: Raw}} {
		r := newResolver(e, newGraph(), o, o.Link, nil)
		if r.resolve(e); r.err == nil {
			return nil
		}
		if first == nil {
			first = r.err
		}
	}
	return first
}

// parser reads the grammar of libpcap's grammar.y by recursive descent. An
// expression is a list of terms, "and" and "or" between them with equal
// precedence, from left to right. Behind "and" and "or" may also stand a bare
// identifier (80, 10.1.2.3), which takes the qualifiers of what stands before.
type parser struct {
	lexer
	tok   token
	err   *Error
	depth int
	// last is the token before tok.
	last token
}

func (p *parser) advance() {
	p.last = p.tok
	if p.err != nil {
		return
	}
	t, err := p.next()
	if err != nil {
		p.err = err
		t = token{pos: p.pos}
	}
	p.tok = t
}

// fail records the first error; parsing runs on to the nearest end.
func (p *parser) fail(at token, hint, format string, args ...any) {
	if p.err == nil {
		p.err = p.errorf(at.pos, at.raw, hint, format, args...)
	}
	p.tok = token{pos: len(p.expr)}
}

func (p *parser) enter() bool {
	if p.depth++; p.depth > maxDepth {
		p.fail(p.tok, "", "expression is nested more than %d deep", maxDepth)
		return false
	}
	return true
}

func (p *parser) accept(texts ...string) (token, bool) {
	if t := p.tok; t.is(texts...) {
		p.advance()
		return t, true
	}
	return token{}, false
}

func (p *parser) expect(text string) {
	if _, ok := p.accept(text); ok {
		return
	}
	if p.tok.kind == tokenEnd {
		p.fail(p.tok, "", "missing %q", text)
		return
	}
	if text == ")" {
		p.unexpected()
		return
	}
	p.fail(p.tok, "", "expected %q", text)
}

// allowed says what may stand at a place.
type allowed uint8

const (
	onlyTerms  allowed = iota // at the start, and after "("
	termsOrIDs                // after "and", "or" and their "not" and "("
	onlyIDs                   // behind qualifiers
)

// found says what a place turned out to hold.
type found uint8

const (
	foundTerm   found = iota // a condition that is complete in itself
	foundID                  // an identifier that took qualifiers from the left
	foundNumber              // a number in parentheses: could be either or neither
	foundArith               // arithmetic without a comparison yet
)

// item is a piece of an expression: a condition with the qualifiers that it
// leaves to the right, or arithmetic.
type item struct {
	found found
	cond  expr
	num   arith
	tok   token // of foundNumber: the number
	at    token // where it starts
	q     qualifiers
}

// expression reads a list of terms. It returns the qualifiers of the last.
func (p *parser) expression(q qualifiers, may allowed) (expr, qualifiers) {
	it := p.complete(p.item(q, may), q, may)
	return p.list(it, it.found == foundID)
}

// list reads what follows the first item of an expression. If that was an
// identifier in parentheses, all others must be.
func (p *parser) list(it item, ids bool) (expr, qualifiers) {
	left, q := it.cond, it.q
	may := termsOrIDs
	if ids {
		may = onlyIDs
	}
	for p.err == nil {
		word, ok := p.accept("and", "or")
		if !ok {
			break
		}
		it := p.complete(p.item(q, may), q, may)
		if word.text == "and" {
			left = &exprAnd{left, it.cond}
		} else {
			left = &exprOr{left, it.cond}
		}
		q = it.q
	}
	return left, q
}

// complete makes a condition of an item: a bare number becomes an identifier.
func (p *parser) complete(it item, q qualifiers, may allowed) item {
	if p.err != nil {
		return item{cond: exprFailed{}}
	}
	switch it.found {
	case foundNumber:
		if may == onlyTerms {
			p.bareNumber(it)
			return item{cond: exprFailed{}}
		}
		return p.identifier(it.tok, q)
	case foundArith:
		p.missingComparison(it)
		return item{cond: exprFailed{}}
	}
	return it
}

// identifier makes a condition of a name or number with inherited qualifiers.
func (p *parser) identifier(id token, q qualifiers) item {
	if !q.defined {
		p.fail(id, bareHint(id), "nothing says what this is")
		return item{cond: exprFailed{}}
	}
	return item{found: foundID, cond: &exprIdent{q: q, id: id}, q: q}
}

// item reads one term, identifier or arithmetic expression.
func (p *parser) item(q qualifiers, may allowed) item {
	if !p.enter() {
		return item{cond: exprFailed{}}
	}
	defer func() { p.depth-- }()
	t := p.tok
	switch {
	case t.is("not"):
		p.advance()
		it := p.complete(p.item(q, may), q, may)
		it.cond = &exprNot{it.cond}
		return it
	case t.is("("):
		return p.parenthesis(q, may)
	case t.kind == tokenNumber:
		p.advance()
		if may == onlyIDs {
			return item{found: foundNumber, tok: t, at: t}
		}
		return p.relation(item{found: foundNumber, num: arithNumber{t.num}, tok: t, at: t})
	case t.kind >= tokenName && may != onlyTerms:
		return p.address(q)
	case may == onlyIDs:
		p.unexpectedID(q)
		return item{cond: exprFailed{}}
	}
	return p.term()
}

// parenthesis reads "(...)": an expression, identifiers, or arithmetic.
func (p *parser) parenthesis(q qualifiers, may allowed) item {
	open := p.tok
	p.advance()
	inner := p.item(q, may)
	if p.tok.is(")") && (inner.found == foundNumber || inner.found == foundArith) && p.err == nil {
		p.advance()
		inner.at = open
		if may == onlyIDs {
			return inner
		}
		return p.relation(inner)
	}
	first := p.complete(inner, q, may)
	cond, left := p.list(first, first.found == foundID)
	p.close(open)
	if first.found == foundID {
		return item{found: foundID, cond: cond, q: left}
	}
	return item{cond: cond, q: q}
}

func (p *parser) close(open token) {
	if p.tok.kind == tokenEnd && p.err == nil {
		p.fail(open, "", "parenthesis is not closed")
		return
	}
	p.expect(")")
}

// address reads an address or a name, with what may follow it.
func (p *parser) address(q qualifiers) item {
	id := p.tok
	p.advance()
	it := p.identifier(id, q)
	e, ok := it.cond.(*exprIdent)
	if !ok {
		return it
	}
	if _, slash := p.accept("/"); slash && (id.kind == tokenIPv4 || id.kind == tokenIPv6) {
		if p.tok.kind != tokenNumber {
			p.fail(p.tok, "write a net as 10.1.0.0/16, or as: net 10.1.0.0 mask 255.255.0.0", "expected a prefix length")
			return it
		}
		e.prefix = p.tok
		p.advance()
	} else if slash {
		p.fail(p.last, "", "only an address can have a prefix length")
	} else if mask, ok := p.accept("mask"); ok {
		if id.kind != tokenIPv4 || p.tok.kind != tokenIPv4 {
			p.fail(mask, "write: net 10.1.0.0 mask 255.255.0.0", "mask needs an IPv4 net before it and a mask behind it")
			return it
		}
		e.mask = p.tok
		p.advance()
	}
	return it
}
