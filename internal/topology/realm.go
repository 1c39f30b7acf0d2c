package topology

// realms tells namespaces apart that cannot meet: two labs on one machine have
// the same addresses, and mean different nodes by them. All machines' own
// namespaces are in one realm.
func (w *world) realms(h *hanging) {
	head := map[*space]*space{}
	find := func(sp *space) *space {
		top := sp
		for head[top] != nil {
			top = head[top]
		}
		for sp != top { // the next look-up is short
			head[sp], sp = top, head[sp]
		}
		return top
	}
	join := func(a, b *space) {
		if a, b = find(a), find(b); a != b {
			head[a] = b
		}
	}
	var host *space
	for _, sp := range w.spaces {
		if sp.ns.Host {
			if host != nil {
				join(sp, host)
			}
			host = sp
		}
		for _, o := range h.joined[sp] {
			join(sp, o)
		}
		for _, o := range h.above[sp] {
			join(sp, o)
		}
	}
	for _, sp := range w.spaces {
		sp.realm = find(sp)
	}
	if host != nil {
		w.hostRealm = find(host)
	}
}

// realmOf is the realm of a node; that of the machines where its namespace was
// not read.
func (f *finder) realmOf(n *node) *space {
	if n.space == nil {
		return f.hostRealm
	}
	return n.space.realm
}
