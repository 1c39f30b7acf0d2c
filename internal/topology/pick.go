package topology

import (
	"cmp"
	"fmt"
	"net/netip"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/pktrail/pktrail/internal/netstate"
)

// Choice says which pods of a Map are wanted.
type Choice struct {
	// Targets as they are typed: NAME, NAMESPACE/NAME, pod/NAME, deploy/NAME and
	// the like, svc/NAME, node/NAME, an address, netns:NAME, cri:NAMESPACE/POD,
	// container:ID, pid:N. None is every pod.
	Targets []string
	// Namespace narrows names down; empty is every one.
	Namespace string
	// Labels picks by label; nil for every pod.
	Labels func(map[string]string) bool
}

// PickError is a target that is not in a Map.
type PickError struct {
	Target string
	Near   []string // names like it, at most 5
}

// Error implements error.
func (e *PickError) Error() string { return "there is no " + e.Target + " on the map" }

// Hint gives names that there are.
func (e *PickError) Hint() string {
	if len(e.Near) == 0 {
		return "without TARGET all pods are listed"
	}
	return "there is " + strings.Join(e.Near, ", ")
}

// Pick gives the part of the map that is wanted: those pods, their nodes, and
// these nodes' tunnels. s is the state that the map is of.
func (m *Map) Pick(s *netstate.State, c Choice) (*Map, error) {
	if len(c.Targets) == 0 && c.Namespace == "" && c.Labels == nil {
		return m, nil
	}
	out := &Map{Nodes: []Node{}, Pods: []Pod{}, Tunnels: []Tunnel{}, Networks: []Network{}, Warnings: m.Warnings}
	pods, nodes := make([]bool, len(m.Pods)), map[string]bool{}
	for _, text := range c.Targets {
		match, err := c.parse(s, text)
		if err != nil {
			return nil, err
		}
		found := false
		for i := range m.Pods {
			if match.pod(&m.Pods[i]) {
				pods[i], found = true, true
			}
		}
		for i := range m.Nodes {
			if n := &m.Nodes[i]; match.node != "" && n.Name == match.node {
				nodes[n.Name], found = true, true
			}
		}
		if !found {
			return nil, &PickError{text, m.near(text)}
		}
	}
	for i := range m.Pods {
		p := &m.Pods[i]
		wanted := pods[i] || len(c.Targets) == 0 && (c.Namespace == "" || p.Namespace == c.Namespace)
		if wanted && (c.Labels == nil || c.Labels(p.Labels)) {
			out.Pods = append(out.Pods, *p)
			nodes[p.Node] = true
		}
	}
	for i := range m.Nodes {
		if nodes[m.Nodes[i].Name] {
			out.Nodes = append(out.Nodes, m.Nodes[i])
		}
	}
	for _, t := range m.Tunnels {
		if nodes[t.A.Node] || nodes[t.B.Node] {
			out.Tunnels = append(out.Tunnels, t)
		}
	}
	for _, net := range m.Networks {
		if slices.ContainsFunc(net.Members, func(o Member) bool { return nodes[o.Node] }) {
			out.Networks = append(out.Networks, net)
		}
	}
	return out, nil
}

// matcher tells what a target means.
type matcher struct {
	pod  func(*Pod) bool
	node string
}

func (c *Choice) parse(s *netstate.State, text string) (matcher, error) {
	if a, err := netip.ParseAddr(text); err == nil {
		return matcher{pod: func(p *Pod) bool { return slices.Contains(p.Addresses, a.Unmap()) }}, nil
	}
	if kind, rest, ok := strings.Cut(text, ":"); ok {
		return local(s, kind, rest)
	}
	kind, name, ok := strings.Cut(text, "/")
	if !ok {
		return matcher{pod: func(p *Pod) bool { return p.Name == text && c.inside(p) }}, nil
	}
	switch k := kubeKinds()[kind]; k {
	case "":
		return matcher{pod: func(p *Pod) bool { return p.Namespace == kind && p.Name == name }}, nil
	case "node":
		return matcher{pod: func(p *Pod) bool { return p.Node == name }, node: name}, nil
	case "ns":
		return matcher{pod: func(p *Pod) bool { return p.Namespace == name }}, nil
	case "pod":
		return matcher{pod: func(p *Pod) bool { return p.Name == name && c.inside(p) }}, nil
	case "svc":
		behind := behindService(s, c.Namespace, name)
		return matcher{pod: func(p *Pod) bool { return behind[p.ID()] }}, nil
	default:
		owned := ownedBy(s, k+"/"+name)
		return matcher{pod: func(p *Pod) bool { return owned[p.ID()] && c.inside(p) }}, nil
	}
}

func (c *Choice) inside(p *Pod) bool { return c.Namespace == "" || p.Namespace == c.Namespace }

// kubeKinds are kubectl's words for kinds of objects, and ours for each.
func kubeKinds() map[string]string {
	out := map[string]string{}
	for short, all := range map[string]string{
		"pod": "pod pods po", "node": "node nodes no", "ns": "ns namespace namespaces", "svc": "svc service services",
		"deploy": "deploy deployment deployments", "rs": "rs replicaset replicasets", "sts": "sts statefulset statefulsets",
		"ds": "ds daemonset daemonsets", "job": "job jobs", "cronjob": "cronjob cronjobs cj",
	} {
		for word := range strings.FieldsSeq(all) {
			out[word] = short
		}
	}
	return out
}

// behindService are the IDs of a service's pods.
func behindService(s *netstate.State, namespace, name string) map[string]bool {
	out := map[string]bool{}
	if s.Cluster == nil {
		return out
	}
	for i := range s.Cluster.Services {
		v := &s.Cluster.Services[i]
		if v.Name != name || namespace != "" && v.Namespace != namespace {
			continue
		}
		for _, e := range v.Endpoints {
			out[e.Pod] = true
		}
	}
	return out
}

// ownedBy are the IDs of the pods of a workload.
func ownedBy(s *netstate.State, owner string) map[string]bool {
	out := map[string]bool{}
	if s.Cluster == nil {
		return out
	}
	for i := range s.Cluster.Pods {
		if p := &s.Cluster.Pods[i]; slices.Contains(p.Owners, owner) {
			out[p.Namespace+"/"+p.Name] = true
		}
	}
	return out
}

// local reads targets of one machine.
func local(s *netstate.State, kind, rest string) (matcher, error) {
	inodes := map[string]map[uint64]bool{} // by node's machine
	add := func(n *netstate.Snapshot, inode uint64) {
		if inodes[n.Node] == nil {
			inodes[n.Node] = map[uint64]bool{}
		}
		inodes[n.Node][inode] = true
	}
	pid, _ := strconv.Atoi(rest)
	for _, n := range s.Nodes {
		for _, ns := range n.Namespaces {
			named := slices.ContainsFunc(ns.Names, func(p string) bool { return p == rest || path.Base(p) == rest })
			if kind == "netns" && (named || strconv.FormatUint(ns.Inode, 10) == rest) || kind == "pid" && pid > 0 && ns.PID == pid {
				add(n, ns.Inode)
			}
		}
		for i := range n.Workloads {
			w := &n.Workloads[i]
			holds := slices.ContainsFunc(w.Containers, func(k netstate.Container) bool {
				return kind == "container" && rest != "" && strings.HasPrefix(k.ID, rest) || kind == "pid" && pid > 0 && k.PID == pid
			})
			if holds || kind == "pid" && pid > 0 && w.PID == pid || kind == "cri" && w.Namespace+"/"+w.Pod == rest {
				add(n, w.Netns)
			}
		}
	}
	switch kind {
	case "netns", "pid", "container", "cri":
	default:
		return matcher{}, &PickError{Target: kind + ":" + rest}
	}
	return matcher{pod: func(p *Pod) bool {
		for _, n := range s.Nodes {
			// A lab's nodes are namespaces of one machine.
			if (p.Node == n.Node || len(s.Nodes) == 1) && inodes[n.Node][p.Netns.Inode] {
				return true
			}
		}
		return false
	}}, nil
}

// near gives names like one.
func (m *Map) near(text string) []string {
	_, name, ok := strings.Cut(text, "/")
	name = cmp.Or(name, text)
	if !ok {
		name = strings.TrimPrefix(text, "netns:")
	}
	var out []string
	for i := range m.Pods {
		p := &m.Pods[i]
		if len(out) < 5 && (strings.Contains(p.Name, name) || strings.HasPrefix(p.Name, name[:min(len(name), 3)])) {
			out = append(out, p.ID())
		}
	}
	for i := 0; len(out) == 0 && i < len(m.Pods) && i < 5; i++ {
		out = append(out, m.Pods[i].ID())
	}
	return out
}

// String is for people: "2 nodes, 14 pods".
func (m *Map) String() string { return fmt.Sprintf("%d nodes, %d pods", len(m.Nodes), len(m.Pods)) }
