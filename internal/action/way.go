package action

import (
	"fmt"

	"github.com/pktrail/pktrail/internal/kube/find"
	"github.com/pktrail/pktrail/internal/kube/place"
)

// way chooses the way in for a pod: a node's agent, else from inside. Never an
// ephemeral container unasked, since its record stays.
func (c *crew) way(p *find.Pod) (place.Method, error) {
	return c.wayTo(p, c.found.Node(p.Node))
}

// wayTo is way for a pod on a node, which may be nil.
func (c *crew) wayTo(p *find.Pod, node *find.Node) (place.Method, error) {
	m := c.options.method()
	if m != place.MethodAuto {
		return m, p.Refuse(node, find.Way(m))
	}
	err := p.Refuse(node, find.WayNode)
	if err == nil {
		err = c.offNodes
	}
	if err == nil {
		return place.MethodNode, nil
	}
	inside := p.Refuse(node, find.WayExec)
	switch {
	case inside == nil:
		c.note(fmt.Sprintf("%v: method exec", err))
		return place.MethodExec, nil
	case c.offNodes != nil && p.Refuse(node, find.WayEphemeral) == nil:
		return "", &Error{
			Err:  fmt.Errorf("%w; %w", err, inside),
			Hint: "--method ephemeral adds a container to the pod, whose record Kubernetes keeps until the pod goes; or deploy/rbac.yaml",
		}
	}
	return "", err
}

func target(p *find.Pod) place.Target {
	return place.Target{Namespace: p.Namespace, Pod: p.Name, Container: p.Container}
}

// usualArch is that of a node that does not say.
const usualArch = "amd64"

// newInside is a post in the pod itself.
func (c *crew) newInside(p *find.Pod, n *find.Node, way place.Method) (post, error) {
	out := post{label: p.Name, node: n, pods: []*find.Pod{p}, way: way}
	if way != place.MethodExec || p.Sidecar() != nil {
		return out, nil
	}
	arch := usualArch
	if n != nil && n.Arch != "" {
		arch = n.Arch
	}
	var err error
	out.program, err = c.uploadable(arch)
	return out, err
}

// inside gives the agent that a pod has already, else uploads one.
func (c *crew) inside(p *post) *place.Runner {
	t := target(p.pods[0])
	if k := p.pods[0].Sidecar(); k != nil {
		t.Container = k.Name
		return place.Existing(c.cluster, t)
	}
	return place.Exec(c.cluster, t, p.program)
}
