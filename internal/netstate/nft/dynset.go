package nft

import (
	"fmt"
	"strings"
)

// dynsetOps are by enum nft_dynset_ops.
var dynsetOps = [...]string{"add", "update", "delete"}

// dynset adds to a set, updates or deletes.
func (p *printer) dynset(e *Dynset) {
	if int(e.Op) >= len(dynsetOps) {
		p.odd(fmt.Sprintf("[ dynset %d @%s ]", e.Op, e.Set))
		return
	}
	if p.names.json && e.SregData != 0 {
		// nft 1.0.6 has no JSON for a map, and writes its text
		p.say(quoted(p.textual(func() string { return p.dynsetText(e) })))
		return
	}
	if p.names.json {
		p.say(p.dynsetJSON(e))
		return
	}
	p.say(p.dynsetText(e))
}

func (p *printer) dynsetText(e *Dynset) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s @%s { %s", dynsetOps[e.Op], e.Set, p.key(p.take(e.Sreg, 0)).text)
	if e.Timeout != 0 {
		b.WriteString(" timeout " + duration(e.Timeout))
	}
	for _, x := range e.Exprs {
		b.WriteString(" " + p.stateless(x))
	}
	if e.SregData != 0 {
		b.WriteString(" : " + p.operandAny(e.SregData))
	}
	return b.String() + " }"
}

func (p *printer) dynsetJSON(e *Dynset) string {
	elem := p.key(p.take(e.Sreg, 0)).text
	if e.Timeout != 0 {
		elem = object("elem", object("val", elem, "timeout", uintText(e.Timeout/1000)))
	}
	stmts := ""
	if len(e.Exprs) > 0 {
		all := make([]string, len(e.Exprs))
		for i, x := range e.Exprs {
			all[i] = p.stateless(x)
		}
		stmts = array(all...)
	}
	return object("set", object("op", quoted(dynsetOps[e.Op]), "elem", elem, "set", quoted("@"+e.Set), "stmt", stmts))
}

// stateless writes an expression without values: here it is what a new element
// begins with.
func (p *printer) stateless(e Expr) string {
	was := p.names.State
	p.names.State = false
	defer func() { p.names.State = was }()
	return p.plain(e)
}

// operandAny writes a register whose type only the set knows.
func (p *printer) operandAny(reg uint32) string {
	if r := p.get(reg); len(r.data) == 4 {
		return p.operand(reg, kindMark, true)
	}
	return p.operand(reg, kindHex, false)
}

// objects are the words for each type of named object (NFT_OBJECT_*) in text,
// and the name of its statement in JSON.
var objects = [...]struct{ text, json string }{
	{"object", "object"},
	{"counter name", "counter"},
	{"quota name", "quota"},
	{"ct helper set", "ct helper"},
	{"limit name", "limit"},
	{"ct count name", "ct count"},
	{"tunnel name", "tunnel"},
	{"ct timeout set", "ct timeout"},
	{"meta secmark set", "secmark"},
	{"ct expectation set", "ct expectation"},
	{"synproxy name", "synproxy"},
}

func (p *printer) objref(e *Objref) {
	n := p.names
	what, kind := n.name(e.Name), e.Type
	if e.Set != "" {
		set, length := p.set(e.Set)
		k := p.key(p.take(e.Sreg, length))
		what = n.mapped("map", k.text, p.setText(e.Set, set, k, kindHex))
		if kind == 0 && set != nil {
			kind = set.ObjType
		}
	}
	switch {
	case kind >= uint32(len(objects)):
		p.odd(fmt.Sprintf("[ objref %d %s ]", kind, what))
	case n.json:
		p.say(object(objects[kind].json, what))
	default:
		p.say(objects[kind].text + " " + what)
	}
}
