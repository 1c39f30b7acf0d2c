package filter

// cond is a condition on a packet, before it is decided in which order and on
// which ways it is tested.
type cond interface {
	// lower makes the graph that tests the condition after the way p and goes
	// on at t or f.
	lower(l *lowering, p path, t, f *next) *node
}

// path is what the outcome of earlier tests has fixed: where headers are.
type path struct {
	// shifted says that an 802.1Q tag was found in the bytes of a live
	// packet, so that all that follows it stands 4 bytes later.
	shifted bool
	// tunnels says what was found in each tunnel so far.
	tunnels [maxTunnels]inside
}

// inside is what a tunnel keyword found.
type inside uint8

const (
	insideNothing  inside = iota // it did not match, or was not asked
	insideEthernet               // an Ethernet frame
	insidePacket                 // an IP packet without link header
)

// next is where a test goes on. A graph is made once for each path that
// arrives there.
type next struct {
	make func(path) *node
	made []madeNext
}

type madeNext struct {
	p path
	n *node
}

func (n *next) at(p path) *node {
	for _, m := range n.made {
		if m.p == p {
			return m.n
		}
	}
	to := n.make(p)
	n.made = append(n.made, madeNext{p, to})
	return to
}

// always goes on at one node, whatever the path.
func always(to *node) *next { return &next{make: func(path) *node { return to }} }

// lowering turns conditions into a graph.
type lowering struct {
	*graph
	// rejected is where to go instead of rejecting the packet, because there
	// is another to look at; nil if there is none.
	rejected *node
	tunnels  []tunnel
}

type condConst bool

func (c condConst) lower(_ *lowering, p path, t, f *next) *node {
	if c {
		return t.at(p)
	}
	return f.at(p)
}

type condTest struct {
	cmp  compare
	a, b *value
	// guard says that a or b has an offset or divisor from the user.
	guard bool
}

func (c *condTest) lower(l *lowering, p path, t, f *next) *node {
	a, ok := l.resolve(c.a, p)
	b, okB := l.resolve(c.b, p)
	if !ok || !okB {
		return f.at(p) // in a tunnel that was not found on this way
	}
	n := l.test(c.cmp, a, b, t.at(p), f.at(p))
	if l.rejected != nil && c.guard {
		n = l.guarded(b, l.guarded(a, n))
	}
	return n
}

// guarded puts tests before n that leave where computing v would reject the
// packet.
func (l *lowering) guarded(v *value, n *node) *node {
	switch {
	case v.op == opLoad && v.a == nil:
		n = l.test(isAtLeast, l.len(), l.imm(v.k+uint32(v.size)), n, l.rejected)
	case v.op == opLoad:
		at := l.binary(opAdd, v.a, l.imm(v.k))
		rest := l.binary(opSub, l.len(), at)
		n = l.test(isAtLeast, rest, l.imm(uint32(v.size)), n, l.rejected)
		n = l.test(isGreater, l.len(), at, n, l.rejected)
	case (v.op == opDiv || v.op == opMod) && v.b.op != opImm:
		n = l.test(isEqual, v.b, l.imm(0), l.rejected, n)
	}
	if v.a != nil {
		n = l.guarded(v.a, n)
	}
	if v.b != nil {
		n = l.guarded(v.b, n)
	}
	return n
}

type condAnd struct{ a, b cond }

func (c *condAnd) lower(l *lowering, p path, t, f *next) *node {
	then := &next{make: func(p path) *node { return c.b.lower(l, p, t, f) }}
	return c.a.lower(l, p, then, f)
}

type condOr struct{ a, b cond }

func (c *condOr) lower(l *lowering, p path, t, f *next) *node {
	otherwise := &next{make: func(p path) *node { return c.b.lower(l, p, t, f) }}
	return c.a.lower(l, p, t, otherwise)
}

type condNot struct{ a cond }

func (c *condNot) lower(l *lowering, p path, t, f *next) *node {
	return c.a.lower(l, p, f, t)
}

// condAbsent is the test of something that the packet cannot have; see
// absentMatchesNot. settle replaces it.
type condAbsent struct{}

func (condAbsent) lower(_ *lowering, p path, _, f *next) *node { return f.at(p) }

// settle makes each condAbsent what lets the whole be false: false, or true
// behind an odd number of negations.
func settle(c cond, negated bool) cond {
	switch c := c.(type) {
	case condAbsent:
		return condConst(negated)
	case *condNot:
		return &condNot{settle(c.a, !negated)}
	case *condAnd:
		return &condAnd{settle(c.a, negated), settle(c.b, negated)}
	case *condOr:
		return &condOr{settle(c.a, negated), settle(c.b, negated)}
	}
	return c
}

// condRequire rejects the packet unless a >= b.
type condRequire struct{ a, b *value }

func (c condRequire) lower(l *lowering, p path, t, f *next) *node {
	a, okA := l.resolve(c.a, p)
	b, okB := l.resolve(c.b, p)
	if !okA || !okB {
		return f.at(p)
	}
	return l.test(isAtLeast, a, b, t.at(p), l.end(0))
}

// condShift notes that an 802.1Q tag in the bytes moved what follows.
type condShift struct{}

func (condShift) lower(_ *lowering, p path, t, _ *next) *node {
	p.shifted = true
	return t.at(p)
}

// condAssign keeps a value as slot n and, for a tunnel, what is inside.
type condAssign struct {
	slot uint32
	v    *value
}

func (c *condAssign) lower(l *lowering, p path, t, f *next) *node {
	v, ok := l.resolve(c.v, p)
	if !ok {
		return f.at(p)
	}
	return l.assign(c.slot, v, t.at(p))
}

// condInside notes what is inside tunnel n.
type condInside struct {
	tunnel int
	what   inside
}

func (c condInside) lower(_ *lowering, p path, t, _ *next) *node {
	p.tunnels[c.tunnel] = c.what
	return t.at(p)
}

// condIsInside asks what condInside noted.
type condIsInside struct {
	tunnel int
	what   inside
}

func (c condIsInside) lower(_ *lowering, p path, t, f *next) *node {
	if p.tunnels[c.tunnel] == c.what {
		return t.at(p)
	}
	return f.at(p)
}

// The variables of opVar.
const (
	varShift   = 0 // 4 if path.shifted
	varTunnels = 1 // from here on three for each tunnel
)

const (
	tunnelType    = iota // offset of the inner Ethernet type
	tunnelHeader         // offset of the inner link header
	tunnelPayload        // offset of the inner link header's payload
	tunnelVars
)

func tunnelVar(tunnel, what int) uint32 { return uint32(varTunnels + tunnelVars*tunnel + what) }

// resolve replaces variables by what they are on the way p; false if the
// value does not exist there.
func (l *lowering) resolve(v *value, p path) (*value, bool) {
	if !v.vars {
		return v, true
	}
	if v.op == opVar {
		return l.variableAt(v.k, p)
	}
	var a, b *value
	if v.a != nil {
		part, ok := l.resolve(v.a, p)
		if !ok {
			return nil, false
		}
		a = part
	}
	if v.b != nil {
		part, ok := l.resolve(v.b, p)
		if !ok {
			return nil, false
		}
		b = part
	}
	switch v.op {
	case opLoad:
		return l.load(a, v.k, v.size), true
	case opNeg:
		return l.neg(a), true
	default:
		return l.binary(v.op, a, b), true
	}
}

func (l *lowering) variableAt(k uint32, p path) (*value, bool) {
	if k == varShift {
		if p.shifted {
			return l.imm(4), true
		}
		return l.imm(0), true
	}
	tunnel, what := int(k-varTunnels)/tunnelVars, int(k-varTunnels)%tunnelVars
	return l.tunnelOffset(tunnel, what, p.tunnels[tunnel])
}
