package filter

import "slices"

// optimise removes decisions that the way to them has already taken, and puts
// tests of one value next to each other. A taken decision that reads packet
// bytes goes only where these are known to be there, so that a packet cut
// short still gets the same verdict.
func (g *graph) optimise(root *node) *node {
	for range 6 {
		o := &optimiser{
			graph: g, known: make([]*knowledge, len(g.nodes)+16),
			to: make([][2]*node, len(g.nodes)+16), made: make([]*node, len(g.nodes)+16),
		}
		before := root
		if root = o.pass(root); root == before {
			break
		}
	}
	return g.group(root)
}

type optimiser struct {
	*graph
	// By node id: what is known there, where its edges go, what it became.
	known []*knowledge
	to    [][2]*node
	made  []*node
	// steps bounds the search of one edge.
	steps int
}

// order lists the nodes so that each comes before those it leads to.
func order(root *node, size int) []*node {
	seen := make([]bool, size)
	list := make([]*node, 0, 64)
	var visit func(n *node)
	visit = func(n *node) {
		if n == nil || seen[n.id] {
			return
		}
		seen[n.id] = true
		visit(n.f)
		visit(n.t)
		list = append(list, n)
	}
	visit(root)
	slices.Reverse(list)
	return list
}

func (o *optimiser) pass(root *node) *node {
	list := order(root, len(o.known))
	o.known[root.id] = &knowledge{}
	used := o.slotsUsed(list)
	for _, n := range list {
		k := o.known[n.id]
		if k == nil {
			continue // no way leads here any more
		}
		switch n.kind {
		case nodeTest:
			o.edge(n, 0, n.t, o.learn(k, n, true))
			o.edge(n, 1, n.f, o.learn(k, n, false))
		case nodeAssign:
			after := *k
			after.read(n.a)
			o.edge(n, 0, n.t, &after)
		}
	}
	for _, n := range slices.Backward(list) {
		if o.known[n.id] != nil {
			o.made[n.id] = o.remake(n, used)
		}
	}
	return o.made[root.id]
}

func (o *optimiser) slotsUsed(list []*node) map[uint32]bool {
	used := map[uint32]bool{}
	var walk func(v *value)
	walk = func(v *value) {
		if v == nil {
			return
		}
		if v.op == opSlot {
			used[v.k] = true
		}
		walk(v.a)
		walk(v.b)
	}
	for _, n := range list {
		walk(n.a)
		walk(n.b)
	}
	return used
}

// remake makes n again with the edges found.
func (o *optimiser) remake(n *node, used map[uint32]bool) *node {
	switch n.kind {
	case nodeTest:
		return o.test(n.cmp, n.a, n.b, o.made[o.to[n.id][0].id], o.made[o.to[n.id][1].id])
	case nodeAssign:
		next := o.made[o.to[n.id][0].id]
		if !used[n.slot] {
			return next
		}
		return o.assign(n.slot, n.a, next)
	}
	return n
}

// edge decides where n's edge goes with what is known on it.
func (o *optimiser) edge(n *node, which int, target *node, k *knowledge) {
	o.steps = 16
	target = o.follow(target, k)
	o.to[n.id][which] = target
	if before := o.known[target.id]; before != nil {
		k = k.meet(before)
	}
	o.known[target.id] = k
}

// follow passes decisions that are taken already, and those that lead to the
// same place either way.
func (o *optimiser) follow(n *node, k *knowledge) *node {
	for n.kind == nodeTest {
		if outcome, ok := o.decide(k, n); ok && k.has(n.a) && k.has(n.b) {
			if outcome {
				n = n.t
			} else {
				n = n.f
			}
			continue
		}
		t, ok := o.eitherWay(n, k)
		if !ok {
			break
		}
		n = t
	}
	return n
}

// eitherWay looks ahead whether both outcomes of n's test lead to the same
// place, which they can if something is known of its value.
func (o *optimiser) eitherWay(n *node, k *knowledge) (*node, bool) {
	v, cmp, number, negated, ok := o.subject(n)
	if !ok || v.divides || k.fact(v) == nil || o.steps <= 0 {
		return nil, false
	}
	o.steps--
	look := knowledge{assumed: k.state(v), up: k}
	look.assumed.narrow(cmp, number, !negated)
	t := o.follow(n.t, &look)
	look.assumed = k.state(v)
	look.assumed.narrow(cmp, number, negated)
	return t, o.follow(n.f, &look) == t
}

// subject is the value that a test with a number says something about, and
// the test that it is.
func (o *optimiser) subject(n *node) (v *value, cmp compare, number uint32, negated, ok bool) {
	if n.b.op != opImm {
		return nil, 0, 0, false, false
	}
	if n.cmp == hasBits {
		return o.binary(opAnd, n.a, n.b), isEqual, 0, true, true
	}
	return n.a, n.cmp, n.b.k, false, true
}

// decide says whether the outcome of n's test is known.
func (o *optimiser) decide(k *knowledge, n *node) (outcome, ok bool) {
	v, cmp, number, negated, ok := o.subject(n)
	if !ok {
		return n.cmp != isGreater, n.a == n.b && n.cmp != hasBits
	}
	f := k.state(v)
	switch cmp {
	case isEqual:
		if f.excludes(number) {
			return negated, true
		}
		_, ok = f.known()
		return !negated, ok
	case isGreater:
		return f.lo > number, f.lo > number || f.hi <= number
	default:
		return f.lo >= number, f.lo >= number || f.hi < number
	}
}

// learn is what is known on n's edge.
func (o *optimiser) learn(k *knowledge, n *node, outcome bool) *knowledge {
	after := *k
	after.read(n.a)
	after.read(n.b)
	v, cmp, number, negated, ok := o.subject(n)
	if !ok || v.op == opImm {
		return &after
	}
	f := k.state(v)
	f.narrow(cmp, number, outcome != negated)
	i, found := slices.BinarySearchFunc(after.facts, v.id, func(f fact, id int32) int { return int(f.v.id - id) })
	const most = 48 // facts; without a bound, time would grow with the square of the length
	if !found && len(after.facts) >= most {
		return &after
	}
	if found {
		after.facts = slices.Clone(after.facts)
		after.facts[i] = f
	} else {
		facts := make([]fact, 0, len(after.facts)+1)
		facts = append(facts, after.facts[:i]...)
		facts = append(facts, f)
		after.facts = append(facts, after.facts[i:]...)
	}
	return &after
}

// narrow adds the outcome of a test to a fact.
func (f *fact) narrow(cmp compare, number uint32, outcome bool) {
	switch {
	case cmp == isEqual && outcome:
		f.lo, f.hi, f.in, f.out = number, number, []uint32{number}, nil
		return
	case cmp == isEqual:
		if f.in != nil {
			f.in = without(f.in, number)
		} else {
			f.out = insert(f.out, number)
		}
		if f.lo == number && f.lo < f.hi {
			f.lo++
		}
		if f.hi == number && f.lo < f.hi {
			f.hi--
		}
	case cmp == isGreater && outcome && number < ^uint32(0):
		f.lo = max(f.lo, number+1)
	case cmp == isGreater && !outcome:
		f.hi = min(f.hi, number)
	case cmp == isAtLeast && outcome:
		f.lo = max(f.lo, number)
	case cmp == isAtLeast && number > 0:
		f.hi = min(f.hi, number-1)
	}
	if f.in != nil {
		f.in = slices.DeleteFunc(slices.Clone(f.in), func(k uint32) bool { return k < f.lo || k > f.hi })
	}
}
