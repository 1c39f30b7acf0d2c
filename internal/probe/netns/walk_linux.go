package netns

import (
	"context"
	"slices"

	"github.com/vishvananda/netlink"
)

// walk goes from one namespace to those that its devices lead to, and keeps
// what it has seen.
type walk struct {
	ctx   context.Context //nolint:containedctx // a walk lives within one call
	env   env
	views map[uint64]*view // by inode
	// opened are the namespaces that the walk itself opened.
	opened []*Namespace
}

func newWalk(ctx context.Context, n *Namespace) *walk {
	return &walk{ctx: ctx, env: n.env, views: map[uint64]*view{}}
}

// close ends the walk and everything that it opened and that was not taken
// out of opened.
func (w *walk) close() {
	for _, v := range w.views {
		v.close()
	}
	for _, n := range w.opened {
		_ = n.Close()
	}
}

func (w *walk) view(n *Namespace) (*view, error) {
	if v := w.views[n.Inode]; v != nil {
		return v, nil
	}
	if err := w.ctx.Err(); err != nil {
		return nil, err
	}
	v, err := newView(n)
	if err != nil {
		return nil, err
	}
	w.views[n.Inode] = v
	return v, nil
}

// locate says whether a namespace is a node or hangs off one.
//
// The machine's own is a node. So is, in a lab or where containers play
// nodes, a namespace that other namespaces hang off, or one whose default
// route ends at once at a switch. Any other is a target, and its node is the
// one that its way up leads to.
func (w *walk) locate(v *view) (place, error) {
	if v.ns.Target.Kind == Self {
		return place{node: w.env.node, target: v.ns.Label}, nil
	}
	if w.env.isMachine(v.ns.Inode) {
		// Not asked of others: it opens every namespace that has a name.
		return place{node: w.env.nodeName(candidate{inode: v.ns.Inode, pid: v.ns.PID})}, nil
	}
	self := place{node: v.ns.Label}
	r, err := v.routing()
	if err != nil {
		return place{}, err
	}
	up := w.wayUp(v, r)
	if up == nil {
		return place{node: w.env.node, target: v.ns.Label}, nil
	}
	peer := w.peer(v, up)
	switch {
	case peer == nil:
		return place{node: w.env.node, target: v.ns.Label}, nil
	case w.env.isMachine(peer.Inode), hasParent(up):
		return place{node: peer.Label, target: v.ns.Label}, nil
	case hosts(v, up):
		return self, nil
	}
	there, err := w.view(peer)
	if err != nil { // it ended, or may not be looked into: then it is no way up
		return place{node: w.env.node, target: v.ns.Label}, w.ctx.Err()
	}
	isNode, err := w.endsAtSwitch(there, up.Attrs().ParentIndex)
	if err != nil {
		return place{}, err
	}
	if isNode && r.onward()[up.Attrs().Index] {
		return self, nil
	}
	return place{node: peer.Label, target: v.ns.Label}, nil
}

// wayUp gives the link by which a namespace reaches others: that of its
// default route, else the first that has its other end elsewhere. nil if
// there is none.
func (w *walk) wayUp(v *view, r routing) netlink.Link {
	for _, index := range r.defaults {
		if l := v.byIndex(index); l != nil && l.Attrs().NetNsID >= 0 && (isPair(l) || hasParent(l)) {
			return l
		}
	}
	for _, l := range v.links {
		if l.Attrs().NetNsID >= 0 && (isPair(l) || hasParent(l)) {
			return l
		}
	}
	return nil
}

// hosts reports whether other namespaces hang off this one: it has a pair
// that leads elsewhere than its way up, a bridge with ports, or a working
// overlay device.
func hosts(v *view, up netlink.Link) bool {
	for _, l := range v.links {
		a := l.Attrs()
		switch {
		case isPair(l) && a.NetNsID >= 0 && a.NetNsID != up.Attrs().NetNsID,
			kindOf(l) == "bridge" && len(v.ports(a.Index)) > 0,
			isOverlay(l) && isUp(l):
			return true
		}
	}
	return false
}

// endsAtSwitch reports whether what comes into a namespace by the link index
// meets a bridge there and has no way on but that: whoever is plugged in is a
// node, and this only joins nodes.
func (w *walk) endsAtSwitch(v *view, index int) (bool, error) {
	in := v.byIndex(index)
	if in == nil {
		return false, nil
	}
	bridge := v.byIndex(in.Attrs().MasterIndex)
	if bridge == nil || kindOf(bridge) != "bridge" {
		return false, nil
	}
	r, err := v.routing()
	if err != nil {
		return false, err
	}
	for i := range r.onward() {
		if i != bridge.Attrs().Index {
			return false, nil
		}
	}
	return !slices.ContainsFunc(v.links, func(l netlink.Link) bool {
		return isOverlay(l) && r.leadsTo(l.Attrs().Index)
	}), nil
}
