package html

import (
	"slices"
	"strings"

	"github.com/pktrail/pktrail/internal/topology"
	"github.com/pktrail/pktrail/internal/trail"
)

// group is pods of a node that hang at one thing: a bridge, the node's routes, a
// network card that they share.
type group struct {
	// kind is "bridge", "routes", "parent", "host" (the node's own namespace) or
	// "none".
	kind string
	// bar is the device; nil for kinds that have none.
	bar *topology.Step
	// label is what stands on the bar.
	label string
	pods  []*topology.Pod
	// onward are the names of the devices that lead on.
	onward []string
}

// groupsOf sorts the pods of a node by what they hang at, in the order in which
// they come. What hangs nowhere comes first, so that lines from the others to
// overlays and uplinks need not pass it.
func groupsOf(pods []*topology.Pod) []*group {
	var loose, out []*group
	byKey := map[string]*group{}
	for _, p := range pods {
		key, g := place(p)
		if known := byKey[key]; known != nil {
			g = known
		} else {
			byKey[key] = g
			if g.kind == "host" || g.kind == "none" {
				loose = append(loose, g)
			} else {
				out = append(out, g)
			}
		}
		g.pods = append(g.pods, p)
		for _, name := range onward(p) {
			if g.kind != "host" && !slices.Contains(g.onward, name) {
				g.onward = append(g.onward, name)
			}
		}
	}
	return append(loose, out...)
}

// place says at what a pod's first interface hangs.
func place(p *topology.Pod) (key string, g *group) {
	i := first(p)
	switch {
	case p.HostNetwork:
		return "host", &group{kind: "host", label: "in the node's own network namespace"}
	case i == nil || len(i.Path) < 2:
		return "none", &group{kind: "none", label: "no host end was found, or there is none"}
	case i.HostEnd() == nil:
		s := &i.Path[1]
		return "parent " + s.Name, &group{kind: "parent", bar: s, label: i.Path[0].Kind + " on " + s.Name}
	}
	for s := range i.Path {
		if i.Path[s].Role == trail.RoleBridge {
			return "bridge " + i.Path[s].Name, &group{kind: "bridge", bar: &i.Path[s], label: barLabel(&i.Path[s])}
		}
	}
	return "routes", &group{kind: "routes", label: "routed by the node: a route for each pod"}
}

// first is the interface that a pod is drawn by: the first that leads anywhere.
func first(p *topology.Pod) *topology.Interface {
	for n := range p.Interfaces {
		if len(p.Interfaces[n].Path) > 1 {
			return &p.Interfaces[n]
		}
	}
	if len(p.Interfaces) > 0 {
		return &p.Interfaces[0]
	}
	return nil
}

// onward are the devices that come behind what the pod hangs at.
func onward(p *topology.Pod) []string {
	i := first(p)
	if i == nil {
		return nil
	}
	var out []string
	for _, s := range i.Path {
		if s.After < 0 || s.Role != trail.RoleOverlay && s.Role != trail.RoleUplink {
			continue
		}
		switch i.Path[s.After].Role {
		case trail.RolePod, trail.RoleHost, trail.RoleBridge:
			out = append(out, s.Name)
		}
	}
	return out
}

func barLabel(s *topology.Step) string {
	parts := []string{s.Name, "bridge"}
	for _, a := range s.Addresses {
		parts = append(parts, a.String())
	}
	return strings.Join(append(parts, mtu(&s.Device)), "   ")
}
