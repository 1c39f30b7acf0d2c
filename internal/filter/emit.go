package filter

// emit writes the graph, whose node ids are below size, as instructions; false if it needs more scratch words
// than there are, or grows beyond what a jump can reach.
//
// The first round keeps every value that might be wanted again in a scratch
// word; the second leaves out those that were not.
func emit(root *node, size int) (Program, bool) {
	list := order(root, size)
	r := newRegisters(list, nil)
	bodies, ok := r.bodies(list, size)
	if ok && r.unread() {
		r = newRegisters(list, r.read)
		bodies, ok = r.bodies(list, size)
	}
	if !ok {
		return nil, false
	}
	return layout(list, bodies, size)
}
