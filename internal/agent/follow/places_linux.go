//go:build !pktrail_lite

package follow

import (
	"context"
	"fmt"
	"net/netip"
	"sync"

	"github.com/pktrail/pktrail/internal/agent/path"
	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/probe/netns"
	"github.com/pktrail/pktrail/internal/trail"
)

// places knows the network namespaces that packets were seen in, by inode,
// and their devices. A packet goes where it goes: what is met for the first
// time is looked up then.
type places struct {
	options netns.Options
	// node is this machine's name; empty leaves it as it names itself.
	node string
	// names are what namespaces are called, by an address that they have; called
	// are those that were met, by inode.
	names  map[netip.Addr]string
	called map[uint64]string
	// unknown is called once for each namespace that is met.
	met func(p *placeOf)

	mu      sync.Mutex
	byInode map[uint64]*placeOf
	opened  []*netns.Namespace
}

// placeOf is one namespace.
type placeOf struct {
	inode uint64
	// ns is nil where it may not be opened, or nothing leads to it.
	ns     *netns.Namespace
	node   string
	target string
	// devices are those known, by index.
	devices map[int]trail.Point
}

// name is what a person calls it.
func (p *placeOf) name() string {
	if p.target != "" {
		return p.target
	}
	return p.node
}

func newPlaces(o netns.Options) *places {
	return &places{options: o, byInode: map[uint64]*placeOf{}, called: map[uint64]string{}}
}

// know adds a namespace that is open already; it stays its owner's.
func (p *places) know(ctx context.Context, ns *netns.Namespace) *placeOf {
	p.mu.Lock()
	defer p.mu.Unlock()
	if have := p.byInode[ns.Inode]; have != nil {
		return have
	}
	return p.add(ctx, ns.Inode, ns)
}

// at gives the namespace with an inode, which is looked for if it is new.
func (p *places) at(ctx context.Context, inode uint64) *placeOf {
	p.mu.Lock()
	have := p.byInode[inode]
	if have != nil {
		p.mu.Unlock()
		return have
	}
	ns, err := netns.Find(ctx, inode, p.options)
	if err == nil {
		p.opened = append(p.opened, ns)
	}
	have = p.add(ctx, inode, ns)
	p.mu.Unlock()
	if p.met != nil {
		p.met(have)
	}
	return have
}

func (p *places) add(ctx context.Context, inode uint64, ns *netns.Namespace) *placeOf {
	n := &placeOf{inode: inode, ns: ns, devices: map[int]trail.Point{}}
	p.byInode[inode] = n
	if ns == nil {
		n.node = fmt.Sprintf("netns %d", inode)
		return n
	}
	p.call(ns)
	devices, err := ns.Devices(ctx)
	if err != nil || len(devices) == 0 {
		n.node = ns.Label
		return n
	}
	for _, d := range devices {
		n.devices[d.Index] = p.rename(d.Point)
	}
	first := p.rename(devices[0].Point)
	n.node, n.target = first.Node, first.Target
	return n
}

// call finds out what a namespace is called.
func (p *places) call(ns *netns.Namespace) {
	if len(p.names) == 0 || ns.HostNetwork {
		return
	}
	addrs, err := ns.Addresses()
	if err != nil {
		return // it is called what it calls itself
	}
	for _, a := range addrs {
		if name := p.names[a]; name != "" {
			p.called[ns.Inode] = name
			return
		}
	}
}

// rename puts the names in that we were told.
func (p *places) rename(pt trail.Point) trail.Point {
	if p.node != "" {
		pt.Node = p.node
	}
	if name := p.called[pt.Netns]; name != "" {
		pt.Target = name
	}
	return pt
}

// role says which part a device plays on the way of an end.
func (p *places) role(pt path.Point) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := p.byInode[pt.Netns]; n != nil {
		n.devices[pt.Index] = p.rename(pt.Point)
	}
}

// point makes a sighting's point whole: the probe knows the namespace, the
// device and the link type.
func (p *places) point(n *placeOf, seen trail.Point, link packet.LinkType) trail.Point {
	p.mu.Lock()
	defer p.mu.Unlock()
	pt, ok := n.devices[seen.Index]
	if !ok || seen.Interface != "" && pt.Interface != seen.Interface {
		pt = trail.Point{Node: n.node, Target: n.target, Interface: seen.Interface, Index: seen.Index, Netns: n.inode}
		n.devices[seen.Index] = pt
	}
	pt.Link = link
	return pt
}

// known gives a namespace that was met; nil for others.
func (p *places) known(inode uint64) *placeOf {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.byInode[inode]
}

// open lists the namespaces that are open.
func (p *places) open() []*netns.Namespace {
	p.mu.Lock()
	defer p.mu.Unlock()
	var list []*netns.Namespace
	for _, n := range p.byInode {
		if n.ns != nil {
			list = append(list, n.ns)
		}
	}
	return list
}

// close ends the hold on the namespaces that were looked up.
func (p *places) close() {
	for _, ns := range p.opened {
		_ = ns.Close() // read only: nothing is lost
	}
}
