package netns

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/pktrail/pktrail/internal/trail"
)

// Path gives the points from the target's interfaces to the node's uplink:
// the pod's interfaces, their host ends, the bridge these are ports of, the
// overlay devices that routes or the bridge lead to, the uplinks. For a
// target that is itself a node it begins at the bridge's or the overlay's
// place, for an if: target at that interface. What cannot be found or
// followed stands in the notes. The caller closes the Path.
func (n *Namespace) Path(ctx context.Context) (Path, error) {
	w := newWalk(ctx, n)
	defer w.close()
	v, err := w.view(n)
	if err != nil {
		return Path{}, err
	}
	at, err := w.locate(v)
	if err != nil {
		return Path{}, err
	}
	t := &tracer{walk: w, places: map[uint64]place{n.Inode: at}}
	if at.target != "" {
		err = t.fromPod(v)
	} else {
		err = t.fromNode(v)
	}
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return Path{}, fmt.Errorf("find path of %s: %w", n.Label, err)
	}
	return t.path(n), nil
}

// Close closes the namespaces that the path opened.
func (p *Path) Close() error {
	var errs []error
	for _, n := range p.opened {
		errs = append(errs, n.Close())
	}
	p.opened = nil
	return errors.Join(errs...)
}

// tracer collects the points of a path.
type tracer struct {
	*walk
	places map[uint64]place
	hops   []hop
}

type hop struct {
	role trail.Role
	view *view
	link netlink.Link
}

// roleOrder is the order in which a packet on its way out meets the roles.
var roleOrder = [...]trail.Role{
	trail.RolePod, trail.RoleHost, trail.RoleBridge, trail.RoleOverlay, trail.RoleUplink,
}

// add puts a point on the path unless it is there already, in whatever role.
func (t *tracer) add(role trail.Role, v *view, l netlink.Link) {
	if !t.has(v, l) {
		t.hops = append(t.hops, hop{role, v, l})
	}
}

func (t *tracer) has(v *view, l netlink.Link) bool {
	return slices.ContainsFunc(t.hops, func(h hop) bool {
		return h.view == v && h.link.Attrs().Index == l.Attrs().Index
	})
}

// path orders the points and hands the namespaces that they are in over to
// the Path.
func (t *tracer) path(n *Namespace) Path {
	slices.SortStableFunc(t.hops, func(a, b hop) int {
		return cmp.Compare(slices.Index(roleOrder[:], a.role), slices.Index(roleOrder[:], b.role))
	})
	p := Path{Notes: t.notes}
	for _, h := range t.hops {
		at, ok := t.places[h.view.ns.Inode]
		if !ok {
			at = place{node: h.view.ns.Label}
		}
		d := at.device(h.view.ns, h.link)
		d.Role = h.role
		p.Points = append(p.Points, PathPoint{Point: d.Point, In: h.view.ns})
	}
	t.opened = slices.DeleteFunc(t.opened, func(o *Namespace) bool {
		used := slices.ContainsFunc(t.hops, func(h hop) bool { return h.view.ns == o })
		if used {
			p.opened = append(p.opened, o)
		}
		return used
	})
	return p
}

// fromPod begins with every interface of the target and goes on where their
// other ends are.
func (t *tracer) fromPod(v *view) error {
	ends := map[*view][]netlink.Link{}
	var order []*view
	for _, l := range v.links {
		if isLoopback(l) || isFallback(l) {
			continue
		}
		t.add(trail.RolePod, v, l)
		peer, end := t.otherEnd(v, l)
		if end == nil {
			continue
		}
		if hasParent(l) {
			t.add(trail.RoleUplink, peer, end)
			continue
		}
		if peer == v {
			continue // both ends are here: the target's own affair
		}
		t.add(trail.RoleHost, peer, end)
		if ends[peer] == nil {
			order = append(order, peer)
		}
		ends[peer] = append(ends[peer], end)
	}
	if len(t.hops) == 0 {
		t.note(v.ns.Label + " has no interface but lo")
	}
	for _, peer := range order {
		if err := t.onNode(peer, ends[peer]); err != nil {
			return err
		}
	}
	return nil
}

// otherEnd gives the peer of a pair or the parent of a macvlan or ipvlan, and
// notes why there is none.
func (t *tracer) otherEnd(v *view, l netlink.Link) (*view, netlink.Link) {
	a := l.Attrs()
	name := v.ns.Label + "/" + a.Name
	switch {
	case isPair(l), hasParent(l):
	case kindOf(l) == "" && !isLoopback(l):
		t.note(name + " is a network card of its own: its packets do not pass the node's stack")
		return nil, nil
	default:
		t.note(fmt.Sprintf("%s (%s) has no other end on the node", name, kindOf(l)))
		return nil, nil
	}
	what := "the host end of " + name
	if hasParent(l) {
		what = "the parent of " + name
	}
	if a.ParentIndex == 0 {
		t.note(what + " was not found: the kernel does not name it")
		return nil, nil
	}
	peer, why := t.peerView(v, l)
	if peer == nil {
		t.note(what + " was not found: " + why)
		return nil, nil
	}
	end := peer.byIndex(a.ParentIndex)
	if end == nil {
		t.note(fmt.Sprintf("%s was not found: no interface %d in %s", what, a.ParentIndex, peer.ns.Label))
		return nil, nil
	}
	if hasParent(l) {
		t.note(fmt.Sprintf("%s is %s on %s: it has no host end, and packets between it and others on the same parent do not pass there",
			name, kindOf(l), end.Attrs().Name))
	}
	return peer, end
}

// isPair reports whether IFLA_LINK names the other end of the link.
func isPair(l netlink.Link) bool {
	k := kindOf(l)
	return k == "veth" || k == "netkit"
}

// hasParent reports whether the link shares another link's wire.
func hasParent(l netlink.Link) bool {
	switch kindOf(l) {
	case "macvlan", "macvtap", "ipvlan", "ipvtap":
		return true
	}
	return false
}

// isOverlay reports whether the link puts packets into others for the way
// between nodes.
func isOverlay(l netlink.Link) bool {
	switch kindOf(l) {
	case "vxlan", "geneve", "ipip", "sit", "ip6tnl", "gre", "gretap", "ip6gre", "ip6gretap", "wireguard":
		return true
	}
	return false
}

// isFallback reports whether the link is one that a tunnel module makes in
// every namespace, unused and down: tunl0, gre0, sit0 and so on.
func isFallback(l netlink.Link) bool {
	if isUp(l) {
		return false
	}
	switch l.Attrs().Name {
	case "tunl0", "gre0", "gretap0", "erspan0", "ip_vti0", "ip6_vti0", "sit0", "ip6tnl0", "ip6gre0":
		return true
	}
	return false
}

func isUp(l netlink.Link) bool       { return l.Attrs().Flags&net.FlagUp != 0 }
func isLoopback(l netlink.Link) bool { return l.Attrs().RawFlags&unix.IFF_LOOPBACK != 0 }
