package filter

// emit writes the graph as instructions; false if it needs more scratch words
// than there are, or grows beyond what a jump can reach.
//
// The first round keeps every value that might be wanted again in a scratch
// word; the second leaves out those that were not.
func emit(root *node) (Program, bool) {
	list := order(root, maxID(root)+1)
	r := newRegisters(list, nil)
	bodies, ok := r.bodies(list)
	if ok && r.unread() {
		r = newRegisters(list, r.read)
		bodies, ok = r.bodies(list)
	}
	if !ok {
		return nil, false
	}
	return layout(list, bodies)
}

func maxID(root *node) int {
	seen := map[*node]bool{}
	most := 0
	var visit func(n *node)
	visit = func(n *node) {
		if n == nil || seen[n] {
			return
		}
		seen[n] = true
		most = max(most, int(n.id))
		visit(n.t)
		visit(n.f)
	}
	visit(root)
	return most
}
