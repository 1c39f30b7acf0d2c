//go:build !pktrail_lite

package path

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/pktrail/pktrail/internal/netstate"
	"github.com/pktrail/pktrail/internal/probe/netns"
	"github.com/pktrail/pktrail/internal/topology"
)

// Find gives the points from the target's interfaces to the node's uplinks: the
// pod's interfaces, their host ends, the bridge these are ports of, the overlay
// devices that routes or the bridge lead to, the uplinks. For a target that is
// itself a node it begins at the bridge's or the overlay's place, for an if:
// target at that interface. What cannot be found or followed stands in the
// notes. The caller closes the Path.
func Find(ctx context.Context, ns *netns.Namespace) (p *Path, err error) {
	node, target, near, err := ns.Place(ctx)
	if err != nil {
		return nil, fmt.Errorf("find path of %s: %w", ns.Label, err)
	}
	t := &taking{ctx: ctx, open: append([]*netns.Namespace{ns}, near...), snap: &netstate.Snapshot{Node: node}}
	p = &Path{opened: near}
	defer func() {
		if err != nil {
			p, err = nil, errors.Join(err, p.Close())
		}
	}()
	err = t.from(ns, target != "")
	p.opened = t.open[1:]
	if err != nil {
		return p, fmt.Errorf("find path of %s: %w", ns.Label, err)
	}
	found, err := topology.PathFrom(&netstate.State{Nodes: []*netstate.Snapshot{t.snap}}, topology.Start{
		Netns: ns.Inode, Name: ns.Label, Node: target == "", Device: ns.Interface(),
	})
	if err != nil {
		return p, err
	}
	p.Notes = found.Notes
	for i := range found.Devices {
		d := &found.Devices[i]
		pt := Point{Point: d.Point(""), In: t.at(d.Netns)}
		if pt.Node = pt.In.Label; d.Netns == ns.Inode {
			pt.Node, pt.Target = node, target
		}
		p.Points = append(p.Points, pt)
	}
	return p, p.drop()
}

// drop closes the namespaces that no point is in.
func (p *Path) drop() error {
	var errs []error
	p.opened = slices.DeleteFunc(p.opened, func(n *netns.Namespace) bool {
		if slices.ContainsFunc(p.Points, func(pt Point) bool { return pt.In == n }) {
			return false
		}
		errs = append(errs, n.Close())
		return true
	})
	return errors.Join(errs...)
}
