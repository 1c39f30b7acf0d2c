package nft

import (
	"encoding/hex"
	"strings"

	"github.com/pktrail/pktrail/internal/netstate/xt"
)

// Names says what a rule refers to but does not hold. The functions may be nil.
type Names struct {
	// Interface gives the name of an interface; "" if it is not known.
	Interface func(index uint32) string
	// Set gives a set of the rule's table with its elements; only anonymous
	// sets are asked for. nil if it is not known.
	Set func(name string) *Set
	// IPSet gives the name of an ipset by its index; "" if it is not known.
	IPSet func(index uint16) string
	// Most is how many elements of a set are written, with the number of the
	// others behind them; 0 is all.
	Most int
	// State has the values of counters written, and what of a quota is used, as
	// nft does without -s.
	State bool

	// json chooses the form: see form.go.
	json bool
}

// Text writes the rule as `nft list ruleset` does, in one line without a
// handle.
func (r *Rule) Text(n Names) string {
	parts := r.statements(n)
	if r.Comment != "" {
		parts = append(parts, `comment "`+r.Comment+`"`)
	}
	return strings.Join(parts, " ")
}

// JSON writes the rule's statements as `nft -j list ruleset` does: the array
// that it calls expr. What is not understood is an object {"raw": "[ .. ]"}.
func (r *Rule) JSON(n Names) string {
	n.json = true
	return array(r.statements(n)...)
}

// statements are the texts of the rule's statements.
func (r *Rule) statements(n Names) []string {
	p := printer{family: r.Family, names: n, stmts: make([]*stmt, 0, len(r.Exprs))}
	p.start()
	for i := 0; i < len(r.Exprs); i++ {
		i += p.step(r.Exprs[i], r.Exprs[i+1:])
	}
	p.flush()
	parts := make([]string, 0, len(p.stmts)+1)
	for _, s := range p.stmts {
		if !s.implied {
			parts = append(parts, s.text)
		}
	}
	return parts
}

// printer turns the linear list of expressions back into statements: loads
// fill registers, and what uses a register makes a statement.
type printer struct {
	family Family
	names  Names
	stmts  []*stmt
	regs   [slots]register
	// headers known at each payload base, "" for none, and the statement that
	// said so and that a field of that header makes redundant.
	header [bases]string
	dep    [bases]*dependency
	// icmp is the statement that gave ICMP's type, nil for none.
	icmp     *stmt
	icmpType uint64
}

// stmt is one statement of the rule. One that is implied by a later one is
// not shown.
type stmt struct {
	text    string
	implied bool
}

func (p *printer) say(text string) *stmt {
	s := &stmt{text: text}
	p.stmts = append(p.stmts, s)
	return s
}

// step takes one expression, and says how many of those behind it it took too.
func (p *printer) step(e Expr, rest []Expr) int {
	switch e := e.(type) {
	case *Cmp:
		return p.cmp(e, rest)
	case *Range:
		p.between(e)
	case *Bitwise:
		p.bitwise(e)
	case *Byteorder:
		p.byteorder(e)
	case *Immediate:
		p.immediate(e)
	case *Lookup:
		p.lookup(e)
	case *Dynset:
		p.dynset(e)
	case *Objref:
		p.objref(e)
	case *Payload:
		p.payload(e)
	case *Exthdr:
		p.exthdr(e)
	case *Meta:
		p.meta(e)
	case *CT:
		p.ct(e)
	case *RT, *Socket, *FIB, *Numgen, *Hash, *OSF, *XFRM:
		p.load(e)
	case *NAT, *Masq, *Redir, *TProxy, *Dup, *Fwd:
		p.translate(e)
	case *Reject:
		p.reject(e)
	case *Match:
		p.say(p.plain(e))
		p.dep = [bases]*dependency{} // nft leaves what stands before it alone
	case *Unknown:
		p.flush() // it may be what uses them
		p.say(p.plain(e))
	default:
		p.say(p.plain(e))
	}
	return 0
}

// flush shows what was loaded and not used by anything that is understood.
func (p *printer) flush() {
	for i := range p.regs {
		p.show(&p.regs[i])
	}
}

// show says what a register holds, unless something has used it.
func (p *printer) show(r *register) {
	if !r.fresh {
		return
	}
	r.fresh = false
	switch {
	case r.sel != nil:
		p.odd("[ " + p.textual(func() string { return p.key([]register{*r}).text }) + " ]")
	case r.setName != "":
		p.odd("[ " + p.textual(func() string { return p.names.mapped("map", r.key.text, "@"+r.setName) }) + " ]")
	case r.odd != "":
		p.odd(r.odd)
	default:
		p.odd(raw("immediate", r.data))
	}
}

// odd says what is not understood.
func (p *printer) odd(text string) *stmt { return p.say(p.names.opaque(text)) }

// textual has something written in nft's language in any case.
func (p *printer) textual(write func() string) string {
	was := p.names.json
	p.names.json = false
	defer func() { p.names.json = was }()
	return write()
}

// plain writes the expressions that use no register.
func (p *printer) plain(e Expr) string {
	n := p.names
	switch e := e.(type) {
	case *Counter:
		return e.write(n)
	case *Limit:
		return e.write(n)
	case *Quota:
		return e.write(n)
	case *Connlimit:
		return e.write(n)
	case *Log:
		return e.write(n)
	case *Queue:
		return p.queue(e)
	case *Synproxy:
		return e.write(n)
	case *Flow:
		if n.json {
			return object("flow", object("op", `"add"`, "flowtable", quoted("@"+e.Table)))
		}
		return "flow add @" + e.Table
	case *Notrack:
		return n.nothing("notrack")
	case *Last:
		return n.opaque("last")
	case *Match:
		m := xt.DecodeMatch(e.Name, uint8(e.Rev), e.Info, p.family == FamilyIP6, xt.Names{Set: n.IPSet})
		return n.extension("match", e.Name, e.Info, m.Words, m.Opaque)
	case *Target:
		t := xt.DecodeTarget(e.Name, uint8(e.Rev), e.Info, p.family == FamilyIP6, xt.Names{Set: n.IPSet})
		return n.extension("target", e.Name, e.Info, t.Words, t.Opaque)
	case *Unknown:
		return n.opaque(raw(e.Name, e.Data))
	}
	return n.opaque("[ ? ]")
}

// nothing writes a statement that has only a name.
func (n Names) nothing(word string) string {
	if n.json {
		return object(word, "null")
	}
	return word
}

// extension writes a match or target of xtables: in iptables' words, or raw
// where they are not known. nft's JSON has only its name.
func (n Names) extension(what, name string, info []byte, words string, opaque bool) string {
	switch {
	case n.json:
		return object("xt", object("type", quoted(what), "name", quoted(name)))
	case opaque:
		return raw(what+" "+name, info)
	}
	return "[ " + words + " ]"
}

// raw shows what is not understood.
func raw(name string, data []byte) string {
	return strings.TrimSuffix("[ "+name+" 0x"+hex.EncodeToString(data), " 0x") + " ]"
}
