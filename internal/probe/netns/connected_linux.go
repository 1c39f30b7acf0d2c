package netns

import (
	"context"

	"github.com/vishvananda/netlink"
)

// Connected says which of the namespaces packets can go to from the given
// ones: those that a link leads to (IFLA_LINK_NETNSID), from there on, and the
// given ones themselves. Of addresses that occur in several places, as in
// labs and in containers that play nodes, this tells which are meant.
func Connected(ctx context.Context, from, all []*Namespace) map[uint64]bool {
	c := connection{views: map[uint64]*connView{}}
	defer c.close()
	reached := map[uint64]bool{}
	var todo []*Namespace
	for _, n := range from {
		if !reached[n.Inode] {
			reached[n.Inode] = true
			todo = append(todo, n)
		}
	}
	for len(todo) > 0 && ctx.Err() == nil {
		n := todo[0]
		todo = todo[1:]
		for _, other := range all {
			if !reached[other.Inode] && (c.leads(n, other) || c.leads(other, n)) {
				reached[other.Inode] = true
				todo = append(todo, other)
			}
		}
	}
	return reached
}

// connection keeps what was asked of each namespace.
type connection struct {
	views map[uint64]*connView
}

// connView is a namespace's view and the numbers that its links have for
// other namespaces; view is nil if it could not be looked into.
type connView struct {
	view  *view
	nsids map[int]bool
}

func (c *connection) close() {
	for _, v := range c.views {
		if v.view != nil {
			v.view.close()
		}
	}
}

func (c *connection) of(n *Namespace) *connView {
	if v := c.views[n.Inode]; v != nil {
		return v
	}
	v := &connView{nsids: map[int]bool{}}
	c.views[n.Inode] = v
	seen, err := newView(n)
	if err != nil {
		return v
	}
	v.view = seen
	for _, l := range seen.links {
		if a := l.Attrs(); a.NetNsID >= 0 && !isLoopback(l) {
			v.nsids[a.NetNsID] = true
		}
	}
	return v
}

// leads reports whether a link of one namespace has its other end in the
// other.
func (c *connection) leads(from, to *Namespace) bool {
	v := c.of(from)
	if v.view == nil || len(v.nsids) == 0 {
		return false
	}
	id, err := nsidOf(v.view.nl, to)
	return err == nil && v.nsids[id]
}

// nsidOf asks for the number that a namespace has in another one; below 0 if
// it has none.
func nsidOf(nl *netlink.Handle, n *Namespace) (id int, err error) {
	return nl.GetNetNsIdByFd(int(n.file.Fd()))
}
