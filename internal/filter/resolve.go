package filter

import "fmt"

func newResolver(e *Expr, g *graph, o Options, link Link, base *value) *resolver {
	r := &resolver{graph: g, layers: layersOf(link, base), options: o, inner: base}
	r.text = e.text
	return r
}

// resolve gives the expression its meaning; nil if there is no expression.
func (r *resolver) resolve(e *Expr) cond {
	if e.root == nil {
		return condConst(true)
	}
	return settle(e.root.resolve(r), false)
}

// fail records the first error and returns a condition to go on with.
func (r *resolver) fail(at token, hint, format string, args ...any) cond {
	if r.err == nil {
		l := lexer{expr: r.text}
		r.err = l.errorf(at.pos, at.raw, hint, format, args...)
	}
	return condConst(false)
}

// lacking is for a primitive that the link type does not have.
func (r *resolver) lacking(at token, hint, format string, args ...any) cond {
	switch r.absent {
	case absentIsFalse:
		return condConst(false)
	case absentMatchesNot:
		return condAbsent{}
	}
	return r.fail(at, hint, format, args...)
}

func (e *exprAnd) resolve(r *resolver) cond {
	a := e.a.resolve(r)
	return &condAnd{a, e.b.resolve(r)}
}

func (e *exprOr) resolve(r *resolver) cond {
	a := e.a.resolve(r)
	return &condOr{a, e.b.resolve(r)}
}

func (e *exprNot) resolve(r *resolver) cond { return &condNot{e.a.resolve(r)} }

func (e *exprWord) resolve(r *resolver) cond {
	w := e.word
	if protocols[w.text] {
		return r.protocol(w, w.text)
	}
	switch w.text {
	case "broadcast":
		return r.broadcast(w, e.proto)
	case "multicast":
		return r.multicast(w, e.proto)
	case "less":
		return not(r.compare(isGreater, r.len(), r.imm(e.arg.num)))
	case "greater":
		return r.compare(isAtLeast, r.len(), r.imm(e.arg.num))
	case "byte":
		return r.byteTest(e)
	case "inbound", "outbound":
		return r.direction(w)
	case "ifindex":
		return r.interfaceIndex(e)
	case "vlan":
		return r.vlan(e)
	case "mpls":
		return r.mpls(e)
	case "pppoed":
		return r.linkType(w, etherPPPoED)
	case "pppoes":
		return r.pppoes(e)
	case "geneve":
		return r.geneve(e)
	case "vxlan":
		return r.vxlan(e)
	case "llc":
		return r.llcTest(e)
	}
	return r.fail(w, "", "unexpected word")
}

func (e *exprIdent) resolve(r *resolver) cond {
	q, id := e.q, e.id
	switch q.typ {
	case "port", "portrange":
		return r.ports(e)
	case "proto":
		return r.protoNumber(e)
	case "gateway", "protochain":
		return r.fail(q.typAt, refusedHint[q.typ], "%s %s", q.typ, refused[q.typ])
	}
	switch q.dir {
	case "", "src", "dst", "or", "and":
	default:
		return r.fail(q.dirAt, "", "%s %s", q.dirAt.raw, refused[q.dir])
	}
	switch id.kind {
	case tokenMAC:
		return r.etherHost(q, id)
	case tokenIPv6:
		return r.host6(e)
	case tokenIPv4, tokenNumber:
		return r.host4(e)
	}
	return r.name(e)
}

var refusedHint = map[string]string{
	"gateway":    "write: ether host 02:00:00:00:00:01 and not host 10.1.2.3",
	"protochain": "write: ip6 proto 6, or for a known extension header: ip6[6] = 0 and ip6[40] = 6",
}

// name refuses a host or net name.
func (r *resolver) name(e *exprIdent) cond {
	what := "host"
	if e.q.typ == "net" {
		what = "net"
	}
	hint := fmt.Sprintf("names are never looked up: write the address, such as %s 10.1.2.3", what)
	switch {
	case e.q.proto == "link":
		hint = "names are never looked up: write the address, such as ether host 02:00:00:00:00:01"
	case e.q.proto == "decnet":
		hint = "write the address as area.node, such as decnet host 10.123"
	case what == "net":
		hint = "names are never looked up: write the net, such as net 10.1.0.0/16"
	}
	if _, ok := services[e.id.text]; ok && e.q.typ == "" {
		hint = "a service is a port: write " + e.q.dirAt.raw + " port " + e.id.text
	}
	return r.fail(e.id, hint, "unknown %s name", what)
}
