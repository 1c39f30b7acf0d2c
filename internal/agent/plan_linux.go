package agent

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pktrail/pktrail/internal/agent/path"
	"github.com/pktrail/pktrail/internal/probe/netns"
	"github.com/pktrail/pktrail/internal/trail"
)

// plan is where a capture listens: one place per socket.
type plan struct {
	places []place
	notes  []string
	close  []func() error
	// owners counts the targets; a place belongs to one of them.
	owners int
	// fresh is set when a place is added that was not there.
	fresh bool
	// node is the machine's name; empty for its host name.
	node string
	// twins are the names of pods that two targets share, in two namespaces of
	// the cluster.
	twins []string
}

// note says what a person should know, once.
func (p *plan) note(all ...string) {
	for _, n := range all {
		if !slices.Contains(p.notes, n) {
			p.notes = append(p.notes, n)
		}
	}
}

// place is one socket to be.
type place struct {
	// owner is the index of the target that asked for it.
	owner int
	in    *netns.Namespace
	// point is what is known before the socket is open; Index 0 means all
	// interfaces of the namespace.
	point trail.Point
	// inner asks for the filter to match inside of tunnels too.
	inner bool
}

// Close closes the namespaces that were opened to make the plan. Sockets keep
// theirs.
func (p *plan) Close() error {
	var errs []error
	for _, c := range slices.Backward(p.close) {
		errs = append(errs, c())
	}
	p.close = nil
	return errors.Join(errs...)
}

// shared reports whether a node's own packets pass there.
func (p *place) shared() bool {
	switch p.point.Role {
	case trail.RoleUplink:
		return true
	case trail.RoleNone:
		return p.point.Target == ""
	}
	return false
}

// planCapture finds the places for a request.
func planCapture(ctx context.Context, q *Capture, node string) (*plan, error) {
	p := &plan{owners: len(q.Targets), node: node, twins: twins(q.Targets)}
	for i, text := range q.Targets {
		p.fresh = false
		if err := p.addTarget(ctx, q, i, text); err != nil {
			return nil, errors.Join(err, p.Close())
		}
		if !p.fresh {
			p.note(text + " has no point that another target does not have: each is captured once, under the first one's name")
		}
	}
	return p, nil
}

func (p *plan) addTarget(ctx context.Context, q *Capture, owner int, text string) error {
	t, err := netns.ParseTarget(text)
	if err != nil {
		return err
	}
	ns, err := netns.Open(ctx, t, netns.Options{CRISocket: q.CRISocket, Node: p.node})
	if err != nil {
		return err
	}
	if pod := t.Pod(); slices.Contains(p.twins, pod.Name) {
		ns.Label = pod.String()
	}
	p.close = append(p.close, ns.Close)
	switch {
	case len(q.Points) > 0:
		return p.addPath(ctx, q.Points, owner, ns)
	case len(q.Interfaces) > 0:
		return p.addInterfaces(ctx, q.Interfaces, owner, ns)
	case t.Kind == netns.Interface:
		return p.addInterfaces(ctx, []string{t.Value}, owner, ns)
	}
	return p.addDefault(ctx, owner, ns)
}

// twins lists the names that pods of different namespaces share.
func twins(targets []string) (names []string) {
	seen := map[string]netns.Pod{}
	for _, text := range targets {
		t, err := netns.ParseTarget(text)
		if err != nil || t.Kind != netns.Kube {
			continue
		}
		pod := t.Pod()
		if other, ok := seen[pod.Name]; ok && other.Namespace != pod.Namespace {
			names = append(names, pod.Name)
		}
		seen[pod.Name] = pod
	}
	return names
}

// addDefault takes one socket for all interfaces of a pod. A node's namespace
// gets one for its uplink only: a socket on all of its interfaces would tax
// every pod on it.
func (p *plan) addDefault(ctx context.Context, owner int, ns *netns.Namespace) error {
	devices, err := ns.Devices(ctx)
	if err != nil {
		return err
	}
	if all := everywhere(ns, devices); !ns.HostNetwork && all.Target != "" {
		all.Role = trail.RolePod
		p.add(place{owner: owner, in: ns, point: all})
		return nil
	}
	way, err := path.Find(ctx, ns)
	if err != nil {
		return err
	}
	p.close = append(p.close, way.Close)
	found := false
	for _, pt := range way.Points {
		if pt.Role == trail.RoleUplink && pt.In.Inode == ns.Inode {
			p.add(place{owner: owner, in: pt.In, point: pt.Point})
			found = true
		}
	}
	if !found {
		return &TargetError{Err: fmt.Errorf("%s is a node's network and has no uplink to capture on", ns.Target), Tip: "-i IF names an interface, -i any takes all of them"}
	}
	p.note(fmt.Sprintf("%s is a node's network: capturing on its uplink only; -i any takes all interfaces", ns.Label))
	return nil
}

// everywhere is the point of a socket on all interfaces. It has no Target in
// a node's own namespace.
func everywhere(ns *netns.Namespace, devices []netns.Device) trail.Point {
	pt := trail.Point{Target: ns.Label, Netns: ns.Inode, Interface: "any"}
	if len(devices) > 0 {
		pt.Node, pt.Target = devices[0].Node, devices[0].Target
	}
	return pt
}

func (p *plan) addInterfaces(ctx context.Context, names []string, owner int, ns *netns.Namespace) error {
	devices, err := ns.Devices(ctx)
	if err != nil {
		return err
	}
	for _, name := range names {
		if name == "any" {
			p.add(place{owner: owner, in: ns, point: everywhere(ns, devices)})
			continue
		}
		i := slices.IndexFunc(devices, func(d netns.Device) bool { return d.HasName(name) })
		if i < 0 {
			return noInterface(name, ns, devices)
		}
		p.add(place{owner: owner, in: ns, point: devices[i].Point})
	}
	return nil
}

func noInterface(name string, ns *netns.Namespace, devices []netns.Device) error {
	names := make([]string, len(devices))
	for i, d := range devices {
		names[i] = d.Interface
	}
	return &TargetError{
		Err: fmt.Errorf("no interface %q in %s", name, ns.Label),
		Tip: "there are: " + strings.Join(names, ", "),
	}
}

// addPath takes the points that were asked for, by role or by name, out of
// all points between the target and the wire.
func (p *plan) addPath(ctx context.Context, wanted []string, owner int, ns *netns.Namespace) error {
	way, err := path.Find(ctx, ns)
	if err != nil {
		return err
	}
	p.close = append(p.close, way.Close)
	found := make([]bool, len(wanted))
	for _, pt := range way.Points {
		hit := false
		for i, w := range wanted {
			if w == "path" || w == string(pt.Role) || w == pt.Interface {
				found[i], hit = true, true
			}
		}
		if hit {
			p.add(place{owner: owner, in: pt.In, point: pt.Point, inner: pt.Role == trail.RoleUplink})
		}
	}
	for i, w := range wanted {
		if !found[i] {
			return noPoint(w, ns, way)
		}
	}
	p.note(way.Notes...)
	return nil
}

func noPoint(wanted string, ns *netns.Namespace, way *path.Path) error {
	var have []string
	for _, pt := range way.Points {
		have = append(have, fmt.Sprintf("%s (%s)", pt.Role, pt.Interface))
	}
	var tips []string
	if len(have) > 0 {
		tips = append(tips, "its points are: "+strings.Join(have, ", "))
	}
	tip := strings.Join(append(tips, way.Notes...), "; ")
	return &TargetError{Err: fmt.Errorf("no point %q on the path of %s", wanted, ns.Label), Tip: tip}
}

// add takes a place once: two pods of one node share its bridge and uplink. A
// socket on all interfaces of a namespace stands for those on single ones,
// which would see every packet again.
func (p *plan) add(n place) {
	for i := range p.places {
		have := &p.places[i]
		if have.in.Inode == n.in.Inode && (have.point.Index == n.point.Index || have.point.Index == 0) {
			have.inner = have.inner || n.inner
			return
		}
	}
	p.fresh = true
	if n.point.Index == 0 {
		p.places = slices.DeleteFunc(p.places, func(have place) bool {
			same := have.in.Inode == n.in.Inode
			n.inner = n.inner || same && have.inner
			return same
		})
	}
	p.places = append(p.places, n)
}
