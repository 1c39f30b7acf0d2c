//go:build !pktrail_lite

package path

import (
	"context"
	"fmt"
	"slices"

	"github.com/pktrail/pktrail/internal/netstate"
	"github.com/pktrail/pktrail/internal/probe/netlink"
	"github.com/pktrail/pktrail/internal/probe/netns"
)

// taking takes the state of the namespaces on the way.
type taking struct {
	ctx context.Context //nolint:containedctx // it lives within one call
	// open are the target's namespace, and those that were opened.
	open []*netns.Namespace
	snap *netstate.Snapshot
}

// needed are the parts that say where packets go; tables are those that say it
// of the outer packets of tunnels which do not say so themselves, and are long.
func needed() (always, tables []netstate.Part) {
	return []netstate.Part{netstate.PartLinks, netstate.PartAddresses, netstate.PartRoutes, netstate.PartRules, netstate.PartNexthops},
		[]netstate.Part{netstate.PartNeighbours, netstate.PartFDB}
}

// from takes a namespace, and those that its links lead to. A node's pairs are
// not followed: they lead to its pods.
func (t *taking) from(ns *netns.Namespace, pod bool) error {
	got, err := t.take(ns)
	if err != nil {
		return err
	}
	t.snap.Namespaces = append(t.snap.Namespaces, got)
	for i := range got.Links {
		l := &got.Links[i]
		if l.ParentNSID == nil || *l.ParentNSID < 0 || pod == isTunnel(l) {
			continue
		}
		if err := t.onward(ns, got, *l.ParentNSID); err != nil {
			return err
		}
	}
	return nil
}

// isTunnel reports whether a link's parent is where its outer packets leave, in
// the namespace that it was made in.
func isTunnel(l *netstate.Link) bool {
	return l.VXLAN != nil || l.Geneve != nil || l.Tunnel != nil || l.WireGuard != nil
}

// onward takes the namespace that an id means, unless it was taken.
func (t *taking) onward(ns *netns.Namespace, got *netstate.Namespace, id int32) error {
	if _, done := got.Peers[id]; done || slices.ContainsFunc(got.Unreadable, func(u netstate.Unreadable) bool { return u.What == idText(id) }) {
		return nil
	}
	peer, why := ns.Peer(t.ctx, int(id), t.open)
	if err := t.ctx.Err(); err != nil {
		return err
	}
	if peer != nil && !slices.Contains(t.open, peer) {
		t.open = append(t.open, peer)
	}
	if peer != nil && !slices.ContainsFunc(t.snap.Namespaces, func(n *netstate.Namespace) bool { return n.Inode == peer.Inode }) {
		if err := t.from(peer, false); err != nil {
			peer, why = nil, err.Error()
		}
	}
	if peer == nil {
		got.Unreadable = append(got.Unreadable, netstate.Unreadable{Part: netstate.PartNamespaces, What: idText(id), Why: why})
		return t.ctx.Err()
	}
	if got.Peers == nil {
		got.Peers = map[int32]uint64{}
	}
	got.Peers[id] = peer.Inode
	return nil
}

func idText(id int32) string { return fmt.Sprintf("id %d", id) }

// take takes one namespace.
func (t *taking) take(ns *netns.Namespace) (got *netstate.Namespace, err error) {
	always, tables := needed()
	err = ns.Do(func() (err error) {
		if got, err = netlink.Take(t.ctx, nil, netlink.Options{Parts: always, NoCounters: true}); err != nil {
			return err
		}
		if !slices.ContainsFunc(got.Links, func(l netstate.Link) bool { return l.Up() && isVague(&l) }) {
			return nil
		}
		more, err := netlink.Take(t.ctx, nil, netlink.Options{Parts: tables})
		if err != nil {
			return err
		}
		got.Neighbours, got.FDB = more.Neighbours, more.FDB
		got.Unreadable = append(got.Unreadable, more.Unreadable...)
		got.Changed = append(got.Changed, more.Changed...)
		return nil
	})
	if err != nil {
		return nil, err
	}
	got.Names = []string{ns.Label} // what notes call it
	return got, nil
}

// isVague reports whether a device does not say itself where its outer packets
// leave.
func isVague(l *netstate.Link) bool {
	return l.VXLAN != nil && l.VXLAN.Underlay == 0 && !l.VXLAN.Local.IsValid()
}

// at gives the open namespace with an inode.
func (t *taking) at(inode uint64) *netns.Namespace {
	i := slices.IndexFunc(t.open, func(n *netns.Namespace) bool { return n.Inode == inode })
	return t.open[i]
}
