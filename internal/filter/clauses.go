package filter

import (
	"net/netip"
	"strconv"
	"strings"
)

// MaxClauses is the largest number of clauses that Expr.Clauses returns.
const MaxClauses = 32

// Clause is a condition on a packet that is cheap to test for a packet filter
// such as nftables: all of its fields must hold. The zero value holds for
// every packet.
type Clause struct {
	// Version of IP: 4, 6, or 0 for either.
	Version uint8
	// Proto is the number of the protocol above IP and all its extension
	// headers, as in "meta l4proto" of nft; valid iff HasProto.
	Proto    uint8
	HasProto bool
	// Src and Dst hold the packet's addresses; Either holds one of them. A
	// zero Prefix holds all.
	Src, Dst, Either netip.Prefix
	// SrcPort and DstPort hold the ports, EitherPort one of them. Only TCP,
	// UDP and SCTP in first fragments have ports that can match, whether or
	// not HasProto says which.
	SrcPort, DstPort, EitherPort Ports
}

// Ports is a range of port numbers. The zero value is no condition.
type Ports struct {
	// Low and High belong to the range; both are valid iff Valid.
	Low, High uint16
	Valid     bool
}

// Clauses gives conditions of which every packet meets at least one that the
// expression matches; exact says that, the other way round, every packet that
// meets one is matched. Packets have whole headers, as those in the kernel do. What a clause cannot say (flags, lengths, most
// that is negated, tags and the link header, what a tunnel carries) is left
// out, so that more packets meet it.
//
// A packet starts with its IP header here, as for Link Raw; a packet inside
// another one, Options.Inner, does not count. There are at most MaxClauses: of
// more, ports and then the ends of addresses are dropped until they are few.
// No clause at all means that no IP packet is matched. An expression that does
// not compile gives the clause for all packets.
func (e *Expr) Clauses() (clauses []Clause, exact bool) {
	if e.root == nil {
		return []Clause{{}}, true
	}
	c := newClaimer(e)
	claims := c.expr(e.root, false)
	if c.err != nil {
		return []Clause{{}}, false
	}
	clauses, exact = conclude(claims.list)
	clauses, fits := few(merge(clauses))
	return clauses, exact && fits && !claims.inexact
}

// String writes the clause as an expression, "" for the zero value.
func (c Clause) String() string {
	var words []string
	hasPrefix := false
	for _, p := range []struct {
		name   string
		prefix netip.Prefix
	}{{"src net ", c.Src}, {"dst net ", c.Dst}, {"net ", c.Either}} {
		if p.prefix.IsValid() {
			words = append(words, p.name+p.prefix.String())
			hasPrefix = true
		}
	}
	switch {
	case hasPrefix: // says the version
	case c.Version == 4:
		words = append(words, "ip")
	case c.Version == 6:
		words = append(words, "ip6")
	}
	if c.HasProto {
		words = append(words, protoWord(c.Proto))
	}
	for _, p := range []struct {
		name  string
		ports Ports
	}{{"src ", c.SrcPort}, {"dst ", c.DstPort}, {"", c.EitherPort}} {
		switch low := strconv.Itoa(int(p.ports.Low)); {
		case !p.ports.Valid:
		case p.ports.Low == p.ports.High:
			words = append(words, p.name+"port "+low)
		default:
			words = append(words, p.name+"portrange "+low+"-"+strconv.Itoa(int(p.ports.High)))
		}
	}
	return strings.Join(words, " and ")
}

func protoWord(n uint8) string {
	switch n {
	case protoTCP:
		return "tcp"
	case protoUDP:
		return "udp"
	case protoSCTP:
		return "sctp"
	}
	return "proto " + strconv.Itoa(int(n))
}

// claimer turns an expression into claims.
type claimer struct {
	*resolver
	// The values that a claim is about, as the resolver makes them.
	version, proto4, fragment, next6, at40 *value
	ports4, ports6                         [2]*value
	words                                  [11]*value // 4 bytes each, from the header's start
}

func newClaimer(e *Expr) *claimer {
	g := newGraph()
	r := newResolver(e, g, Options{Link: Raw, Live: true}, Raw, nil)
	r.absent = absentMatchesNot
	c := &claimer{
		resolver: r,
		version:  r.binary(opAnd, r.net(0, 1), r.imm(0xf0)),
		proto4:   r.net(9, 1), fragment: r.net(6, 2), next6: r.net(6, 1), at40: r.net(40, 1),
	}
	for i := range c.ports4 {
		at := uint32(2 * i)
		c.ports4[i], c.ports6[i] = r.at(r.transport4(), at, 2), r.at(r.transport6(), at, 2)
	}
	for i := range c.words {
		c.words[i] = r.net(uint32(4*i), 4)
	}
	return c
}

// expr gives claims of which one holds wherever the expression does, or, if
// negated, wherever it does not. It goes through the words in their order,
// since some move what follows them.
func (c *claimer) expr(e expr, negated bool) claims {
	switch e := e.(type) {
	case *exprAnd:
		a := c.expr(e.a, negated)
		return a.combine(c.expr(e.b, negated), negated)
	case *exprOr:
		a := c.expr(e.a, negated)
		return a.combine(c.expr(e.b, negated), !negated)
	case *exprNot:
		return c.expr(e.a, !negated)
	case *exprRelation:
		if readsLink(e.a) || readsLink(e.b) {
			return unknown()
		}
		found := c.cond(e.resolve(c.resolver), negated)
		found.inexact = true // the load may be beyond the packet
		return found
	case *exprWord:
		if e.word.is("byte") {
			return unknown()
		}
	}
	return c.cond(e.resolve(c.resolver), negated)
}

// readsLink says that a number is read from a link header, which for Raw
// stands for the IP header.
func readsLink(a arith) bool {
	switch a := a.(type) {
	case *arithLoad:
		return a.proto.text == "link" || readsLink(a.index)
	case *arithBinary:
		return readsLink(a.a) || readsLink(a.b)
	case *arithNegate:
		return readsLink(a.a)
	}
	return false
}

// cond does the same for a condition.
func (c *claimer) cond(d cond, negated bool) claims {
	switch d := d.(type) {
	case condConst:
		if bool(d) == negated {
			return claims{}
		}
		return whole()
	case *condAnd:
		return c.cond(d.a, negated).combine(c.cond(d.b, negated), negated)
	case *condOr:
		return c.cond(d.a, negated).combine(c.cond(d.b, negated), !negated)
	case *condNot:
		return c.cond(d.a, !negated)
	case *condTest:
		return c.test(d, negated)
	}
	return unknown()
}
