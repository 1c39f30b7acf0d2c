package filter

// compare is the test at a decision.
type compare uint8

const (
	isEqual   compare = iota // a == b
	isGreater                // a > b, unsigned
	isAtLeast                // a >= b, unsigned
	hasBits                  // a & b != 0
)

// node is a step of the decision graph: a decision, an assignment, or the
// end. Equal nodes are one pointer, so common tails of ways are shared.
type node struct {
	kind nodeKind
	cmp  compare
	slot uint32 // of an assignment; the return value of an end
	a, b *value
	t, f *node // an assignment continues at t
	id   int32
}

type nodeKind uint8

const (
	nodeEnd nodeKind = iota
	nodeTest
	nodeAssign
)

type nodeKey struct {
	kind nodeKind
	cmp  compare
	slot uint32
	a, b *value
	t, f *node
}

// graph makes nodes. Past its limit it makes only rejections and says so.
type graph struct {
	values
	nodes map[nodeKey]*node
	limit int
	full  bool
}

func newGraph() *graph {
	return &graph{
		values: values{table: make(map[valueKey]*value, 128)},
		nodes:  make(map[nodeKey]*node, 128),
		limit:  40000,
	}
}

func (g *graph) make(key nodeKey) *node {
	if n := g.nodes[key]; n != nil {
		return n
	}
	if len(g.nodes) >= g.limit {
		g.full = true
		key = nodeKey{}
		if n := g.nodes[key]; n != nil {
			return n
		}
	}
	n := &node{kind: key.kind, cmp: key.cmp, slot: key.slot, a: key.a, b: key.b, t: key.t, f: key.f, id: int32(len(g.nodes))}
	g.nodes[key] = n
	return n
}

// end makes the end of the program that returns k.
func (g *graph) end(k uint32) *node { return g.make(nodeKey{slot: k}) }

// assign makes a step that keeps v as slot n.
func (g *graph) assign(n uint32, v *value, next *node) *node {
	return g.make(nodeKey{kind: nodeAssign, slot: n, a: v, t: next})
}

// test makes a decision, unless there is nothing to decide. Then the bytes it
// would have looked at may be missing, too, as with libpcap's optimiser; but a
// division by zero still rejects the packet.
func (g *graph) test(cmp compare, a, b *value, t, f *node) *node {
	if beyond(a) || beyond(b) {
		return g.end(0)
	}
	if a.op == opImm && b.op != opImm {
		switch cmp {
		case isEqual, hasBits:
			a, b = b, a
		case isGreater: // k > v is not v >= k
			return g.test(isAtLeast, b, a, f, t)
		case isAtLeast:
			return g.test(isGreater, b, a, f, t)
		}
	}
	if a.op == opImm && b.op == opImm {
		if holds(cmp, a.k, b.k) {
			return t
		}
		return f
	}
	if cmp == isEqual && a.op == opAnd && a.b.op == opImm && b.op == opImm {
		if b.k == 0 {
			return g.test(hasBits, a.a, a.b, f, t)
		}
		if b.k == a.b.k && b.k&(b.k-1) == 0 {
			return g.test(hasBits, a.a, a.b, t, f)
		}
	}
	if cmp == hasBits && a.op == opAnd && a.b.op == opImm && b.op == opImm {
		return g.test(hasBits, a.a, g.imm(a.b.k&b.k), t, f)
	}
	if cmp == isAtLeast && b.op == opImm && b.k > 0 && b.k == a.max {
		cmp = isEqual
	}
	if cmp == isEqual && a.op == opSub && b.isImm(0) {
		return g.test(isEqual, a.a, a.b, t, f)
	}
	if t == f && !a.divides && !b.divides {
		return t
	}
	return g.make(nodeKey{kind: nodeTest, cmp: cmp, a: a, b: b, t: t, f: f})
}

// beyond says that v needs packet bytes at an offset that no packet has. The
// kernel gives such offsets other meanings (SKF_AD_OFF and below), so they
// must not get into a program.
func beyond(v *value) bool {
	if v == nil {
		return false
	}
	if v.op == opLoad && v.a == nil && v.k > 1<<30 {
		return true
	}
	return beyond(v.a) || beyond(v.b)
}

func holds(cmp compare, a, b uint32) bool {
	switch cmp {
	case isEqual:
		return a == b
	case isGreater:
		return a > b
	case isAtLeast:
		return a >= b
	default:
		return a&b != 0
	}
}
