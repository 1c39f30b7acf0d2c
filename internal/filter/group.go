package filter

import "slices"

// group reorders chains of tests that lead to one place if they hold, such as
// those for "host A or B" (source A, destination A, source B, destination B),
// so that each value is loaded once. A test only moves up to where its value
// has been loaded.
func (g *graph) group(root *node) *node {
	list := order(root, len(g.nodes))
	arrivals := make([]int, len(g.nodes))
	for _, n := range list {
		for _, to := range []*node{n.t, n.f} {
			if to != nil {
				arrivals[to.id]++
			}
		}
	}
	made := make([]*node, len(g.nodes))
	for _, n := range slices.Backward(list) {
		switch n.kind {
		case nodeAssign:
			made[n.id] = g.assign(n.slot, n.a, made[n.t.id])
		case nodeTest:
			made[n.id] = g.grouped(n, arrivals, made)
		default:
			made[n.id] = n
		}
	}
	return made[root.id]
}

// grouped makes the chain that starts at n again, in a better order.
func (g *graph) grouped(n *node, arrivals []int, made []*node) *node {
	for _, ifTrue := range []bool{true, false} {
		chain := chainFrom(n, arrivals, ifTrue)
		if len(chain) < 3 {
			continue
		}
		last := chain[len(chain)-1]
		common, next := made[n.t.id], last.f
		if !ifTrue {
			common, next = made[n.f.id], last.t
		}
		to := made[next.id]
		sorted := byValue(chain)
		for _, m := range slices.Backward(sorted) {
			if ifTrue {
				to = g.test(m.cmp, m.a, m.b, common, to)
			} else {
				to = g.test(m.cmp, m.a, m.b, to, common)
			}
		}
		return to
	}
	return g.test(n.cmp, n.a, n.b, made[n.t.id], made[n.f.id])
}

// chainFrom collects the tests from n on that go to the same place if they
// hold (or if they do not), and that nothing else leads to.
func chainFrom(n *node, arrivals []int, ifTrue bool) []*node {
	chain := []*node{n}
	for {
		last := chain[len(chain)-1]
		next, same := last.f, last.t
		if !ifTrue {
			next, same = last.t, last.f
		}
		if next.kind != nodeTest || arrivals[next.id] != 1 || ifTrue && next.t != same || !ifTrue && next.f != same {
			return chain
		}
		chain = append(chain, next)
	}
}

// byValue moves each test behind the first of its value.
func byValue(chain []*node) []*node {
	sorted := make([]*node, 0, len(chain))
	taken := make([]bool, len(chain))
	for i, n := range chain {
		for j := i; j < len(chain); j++ {
			if !taken[j] && chain[j].a == n.a {
				sorted, taken[j] = append(sorted, chain[j]), true
			}
		}
	}
	return sorted
}
