package find

import (
	"fmt"
	"strings"
)

// nodesOf lists the names of all nodes that a find leads to: those named, then
// those of pods.
func (f *Found) nodesOf() []string {
	var out []string
	seen := map[string]bool{}
	add := func(name string) {
		if name != "" && !seen[name] {
			seen[name] = true
			out = append(out, name)
		}
	}
	for i := range f.Nodes {
		add(f.Nodes[i].Name)
	}
	for i := range f.Pods {
		add(f.Pods[i].Node)
	}
	return out
}

// count refuses more than was asked for.
func (q *Query) count(f *Found) error {
	if n := len(f.Pods); n > q.maxPods() {
		return refuse(TooMany, "", fmt.Sprintf("--max-targets %d takes them all; -l or a name takes fewer", n),
			"%s, more than %d", count(n, "pod"), q.maxPods())
	}
	if n := len(f.nodesOf()); n > q.maxNodes() {
		return refuse(TooMany, "", fmt.Sprintf("--max-targets %d takes them all; -l or a name takes fewer", max(n, len(f.Pods))),
			"%s, more than %d", count(n, "node"), q.maxNodes())
	}
	return nil
}

// hostNetwork refuses pods whose network is their node's, unless a filter says
// which of the node's packets are meant.
func (q *Query) hostNetwork(f *Found) error {
	if q.HasFilter {
		return nil
	}
	var names []string
	var first *Pod
	for i := range f.Pods {
		if p := &f.Pods[i]; p.HostNetwork {
			names = append(names, p.Name)
			if first == nil {
				first = p
			}
		}
	}
	if first == nil {
		return nil
	}
	verb := "uses the network of its node"
	if len(names) > 1 {
		verb = "use the networks of their nodes"
	}
	return refuse(HostNetwork, first.Target, hostTip(first),
		"%s %s (hostNetwork): all packets of the node would be captured", several(names, "and"), verb)
}

// hostTip offers a filter made of the ports that the pod says it listens on.
func hostTip(p *Pod) string {
	var ports []string
	for i := range p.Containers {
		for _, n := range p.Containers[i].Ports {
			ports = append(ports, fmt.Sprintf("port %d", n))
		}
	}
	example := "tcp port 443"
	if len(ports) > 0 && len(ports) <= 4 {
		example = strings.Join(ports, " or ")
	}
	return fmt.Sprintf("say which packets are meant: -f '%s'; or name the node: node/%s", example, p.Node)
}

// containers chooses the container that -c names in each pod.
func (q *Query) containers(f *Found) error {
	if q.Container == "" {
		return nil
	}
	var without []*Pod
	for i := range f.Pods {
		p := &f.Pods[i]
		before := p.Container
		p.Container = q.Container
		if p.Main() == nil {
			p.Container = before
			without = append(without, p)
		}
	}
	if len(without) == 0 {
		return nil
	}
	p := without[0]
	if len(without) < len(f.Pods) {
		f.note("%s has no container %s: -c does not count there", p.Name, q.Container)
		return nil
	}
	var names []string
	for i := range p.Containers {
		names = append(names, p.Containers[i].Name)
	}
	return refuse(NoContainer, p.Target, "its containers: "+strings.Join(names, ", "), "pod %s has no container %q", p, q.Container)
}
