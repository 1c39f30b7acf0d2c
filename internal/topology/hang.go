package topology

import (
	"slices"

	"github.com/pktrail/pktrail/internal/netstate"
)

// hanging says which namespaces are nodes, and which hang off one.
//
// A machine's own is a node. So is, in a lab or where containers play nodes, a
// namespace that others hang off. What only joins nodes, a switch between them,
// is neither: it is fabric.
type hanging struct {
	*world
	// joined are the namespaces at the other ends of a namespace's links.
	joined map[*space][]*space
	// above are the namespaces that hold the parents of its macvlans; below the
	// other way round.
	above, below map[*space][]*space
	// up is where the default route leads by a pair or a macvlan.
	up map[*space]*space
	// named are those that a workload has for its own.
	named  map[*space]bool
	fabric map[*space]bool
	// nodes and pods, in the order of spaces. One may be both: a container that
	// plays a node.
	nodes, pods map[*space]bool
}

func (w *world) hang(named map[*space]bool) *hanging {
	h := &hanging{
		world: w, joined: map[*space][]*space{}, above: map[*space][]*space{}, below: map[*space][]*space{},
		up: map[*space]*space{}, named: named, fabric: map[*space]bool{}, nodes: map[*space]bool{}, pods: map[*space]bool{},
	}
	for _, sp := range w.spaces {
		h.join(sp)
	}
	for _, sp := range w.spaces {
		h.up[sp] = h.wayUp(sp)
	}
	for _, sp := range w.spaces {
		if h.isFabric(sp) {
			h.fabric[sp] = true
		}
	}
	for _, sp := range w.spaces {
		if sp.ns.Host {
			h.nodes[sp] = true
		}
		for _, off := range h.offs(sp) {
			h.nodes[sp] = true
			h.pods[off] = true
		}
	}
	for _, sp := range w.spaces {
		if sp.ns.Host || h.fabric[sp] || !hasInterface(sp) && !named[sp] {
			continue
		}
		if up := h.up[sp]; up != nil && h.fabric[up] && !named[sp] {
			h.nodes[sp] = true // plugged into what joins nodes
			continue
		}
		// The last: one of several links, nobody below, that asks another for its way.
		if named[sp] || h.leaf(sp) || !h.nodes[sp] && h.up[sp] != nil {
			h.pods[sp] = true
		}
	}
	for sp := range h.nodes { // a namespace in the middle is a pod iff it is named
		if h.pods[sp] && !named[sp] {
			delete(h.pods, sp)
		}
	}
	return h
}

// join notes where the other ends of a namespace's links are.
func (h *hanging) join(sp *space) {
	add := func(m map[*space][]*space, a, b *space) {
		if a != b && !slices.Contains(m[a], b) {
			m[a] = append(m[a], b)
		}
	}
	for i := range sp.ns.Links {
		l := &sp.ns.Links[i]
		if !isPair(l) && !hasParent(l) {
			continue
		}
		other, _, _ := sp.far(l)
		if other == nil && isPair(l) {
			other = h.back[end{sp, l.Index}].space
		}
		switch {
		case other == nil:
		case isPair(l):
			add(h.joined, sp, other)
			add(h.joined, other, sp)
		default:
			add(h.above, sp, other)
			add(h.below, other, sp)
		}
	}
}

// wayUp gives the namespace by which the default route leads on; nil for none.
func (h *hanging) wayUp(sp *space) *space {
	for _, d := range sp.table.defaults {
		l := sp.links[d.link]
		if l == nil || !isPair(l) && !hasParent(l) {
			continue
		}
		other, _, _ := sp.far(l)
		if other == nil {
			other = h.back[end{sp, l.Index}].space
		}
		if other != nil && other != sp {
			return other
		}
	}
	return nil
}

// isFabric reports whether a namespace only joins nodes: one that others hang
// off has its way out by it, or all that it joins are such.
func (h *hanging) isFabric(sp *space) bool {
	if sp.ns.Host || h.named[sp] || len(h.above[sp]) > 0 {
		return false
	}
	all := len(h.joined[sp]) > 1 && h.up[sp] == nil
	for _, other := range h.joined[sp] {
		holds := h.holdsOthers(other, sp)
		if holds && h.up[other] == sp {
			return true
		}
		all = all && holds
	}
	return all
}

// holdsOthers reports whether a namespace has more below it than this one.
func (h *hanging) holdsOthers(sp, than *space) bool {
	return sp.ns.Host || len(h.below[sp]) > 0 ||
		slices.ContainsFunc(h.joined[sp], func(o *space) bool { return o != than && h.up[sp] != o })
}

// leaf reports whether a namespace hangs at one place at most, and nothing at
// it.
func (h *hanging) leaf(sp *space) bool {
	return !sp.ns.Host && !h.fabric[sp] && len(h.joined[sp])+len(h.above[sp]) <= 1 && len(h.below[sp]) == 0 && hasInterface(sp)
}

// offs are the namespaces that hang off this one.
func (h *hanging) offs(sp *space) []*space {
	out := slices.Clone(h.below[sp])
	if h.fabric[sp] {
		return out
	}
	for _, o := range h.joined[sp] {
		switch {
		case o.ns.Host || h.fabric[o]:
		case h.up[sp] == o && h.up[o] != sp: // that one is this one's way out
		case h.leaf(o) && h.leaf(sp) && h.up[o] != sp: // two of a kind
		case h.leaf(o), h.named[o] && (sp.ns.Host || h.up[o] == sp):
			out = append(out, o)
		}
	}
	return out
}

// hasInterface reports whether a namespace has a link beside lo and the idle
// ones that tunnel modules make.
func hasInterface(sp *space) bool {
	return slices.ContainsFunc(sp.ns.Links, func(l netstate.Link) bool { return counts(&l) })
}
