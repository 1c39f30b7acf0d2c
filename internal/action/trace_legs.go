package action

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"

	"github.com/pktrail/pktrail/internal/agent/follow"
	"github.com/pktrail/pktrail/internal/kube/find"
	"github.com/pktrail/pktrail/internal/kube/place"
	"github.com/pktrail/pktrail/internal/trail"
)

// mostArmed bounds on how many nodes a trace arms agents.
const mostArmed = find.DefaultMaxNodes

// leg is one agent's part of a trace: what a packet does on its node.
type leg struct {
	post
	request follow.Request
	// main is the leg that sends the probe, or from which packets are counted.
	main bool
}

// legs are the agents' parts: the source's node first, then those of the pods
// that may be reached.
func (k *clusterTrace) legs() ([]leg, error) {
	var out []leg
	if node := k.src.on(); node != "" {
		l, err := k.leg(node, nil)
		if err != nil {
			return nil, err
		}
		l.main = true
		out = append(out, l)
	}
	if node := k.dst.node; node != nil && (len(out) == 0 || out[0].label != node.Name) {
		l, err := k.leg(node.Name, nil)
		if err != nil {
			return nil, err
		}
		out = append(out, l)
	}
	var skipped []string
	for _, p := range k.dst.pods {
		if p.Node == "" || slices.ContainsFunc(out, func(l leg) bool { return l.label == p.Node && (l.main || k.at(p.Node)) }) {
			continue // that node's leg follows what is sent on there: two would see one packet twice
		}
		fresh := !slices.ContainsFunc(out, func(l leg) bool { return l.label == p.Node })
		if fresh && len(nodesOf(out)) >= mostArmed {
			if !slices.Contains(skipped, p.Node) {
				skipped = append(skipped, p.Node)
			}
			continue
		}
		l, err := k.leg(p.Node, p)
		if err != nil {
			return nil, err
		}
		out = append(out, l)
	}
	if from := k.options.FromNode; from != "" && !slices.ContainsFunc(out, func(l leg) bool { return l.label == from }) {
		return nil, notOnTheWay(from, nodesOf(out))
	}
	for _, node := range skipped {
		k.blind(node, fmt.Sprintf("not armed: more than %d nodes", mostArmed))
	}
	if len(out) == 0 {
		return nil, &Error{Err: fmt.Errorf("%s and %s: %w", k.src.Name, k.dst.Name, errNoEnd), Hint: "name a pod, a node or a service as one of them"}
	}
	if !out[0].main {
		out[0].main = true
		if k.options.Request.Probe.Proto != "" {
			return nil, Usage("name the source as a pod or node", fmt.Errorf("a probe is sent from inside of the cluster, and %s is not there", k.src.Name))
		}
	}
	return out, k.check(out[0].request)
}

// nodesOf are the nodes that legs are on, each once.
func nodesOf(legs []leg) []string {
	var nodes []string
	for i := range legs {
		if !slices.Contains(nodes, legs[i].label) {
			nodes = append(nodes, legs[i].label)
		}
	}
	return nodes
}

// check refuses what the agents would.
func (k *clusterTrace) check(q follow.Request) error {
	err := q.Check()
	if h, ok := errors.AsType[hinter](err); ok {
		return Usage(h.Hint(), err)
	}
	return err
}

// on is the node that an end is on; empty if it is on none of the cluster's.
func (e *clusterEnd) on() string {
	switch {
	case e.node != nil:
		return e.node.Name
	case e.service == nil && len(e.pods) > 0:
		return e.pods[0].Node
	}
	return ""
}

// onNode reports whether an end has a node's own network.
func (e *clusterEnd) onNode() bool {
	return e.node != nil || e.service == nil && len(e.pods) > 0 && e.pods[0].HostNetwork
}

// leg is the part of one node: of the source's, or of that of a pod that the
// destination stands for.
func (k *clusterTrace) leg(node string, to *find.Pod) (leg, error) {
	n := k.crew.found.Node(node)
	l := leg{post: post{label: node, node: n, way: place.MethodNode}}
	if n != nil {
		if err := n.Refuse(); err != nil {
			return l, err
		}
	}
	if m := k.crew.options.method(); m != place.MethodAuto && m != place.MethodNode {
		return l, Usage("leave --method out: a trace needs the nodes", fmt.Errorf("--method %s sees the inside of a pod only", m))
	}
	l.request = k.options.Request
	q := &l.request
	q.Port = 0
	var err error
	if q.Source, err = k.src.text(node, k.src.Port); err != nil {
		return l, err
	}
	if to != nil {
		e := clusterEnd{End: trail.End{Name: to.Name, Addrs: to.IPs}, pods: []*find.Pod{to}}
		q.Destination, err = e.text(node, k.dst.portAt(to))
	} else {
		q.Destination, err = k.dst.text(node, k.dst.Port)
	}
	k.translated(q, node, to)
	if node != k.src.on() {
		q.Probe = follow.Probe{}
	}
	return l, err
}

// translated says which addresses packets may have, once their own node or
// another one has sent them on: a node's.
func (k *clusterTrace) translated(q *follow.Request, node string, to *find.Pod) {
	from := k.src.on()
	if from != "" && from != node {
		q.Also = k.crew.addresses(from)
	}
	at := k.dst.node
	switch {
	case to != nil && at != nil && at.Name != node:
		q.Also = append(q.Also, k.crew.addresses(at.Name)...)
	case to == nil && at != nil && at.Name != node:
		// What another node sends on may come back here.
		q.Back = k.detours(at.Name, func(p *find.Pod) bool { return p.Node == node })
	case to == nil && k.src.onNode() && node == from:
		// What a node sends itself is translated before it is seen.
		q.Back = k.detours(node, func(*find.Pod) bool { return true })
	}
}

// at reports whether the destination is this node.
func (k *clusterTrace) at(node string) bool { return k.dst.node != nil && k.dst.node.Name == node }

// mostDetours bounds how many pods behind a service are looked for by their own
// addresses: they are in a filter.
const mostDetours = 32

// detours are the ways from a node itself to pods behind a service.
func (k *clusterTrace) detours(node string, wanted func(*find.Pod) bool) []follow.Detour {
	var out []follow.Detour
	if k.dst.service == nil {
		return nil
	}
	for _, p := range k.dst.pods {
		if len(p.IPs) == 0 || !wanted(p) {
			continue
		}
		if len(out) == mostDetours {
			k.note(fmt.Sprintf("%s has more than %d pods: what %s sends to the others is seen from their nodes only", k.dst.Name, mostDetours, node))
			break
		}
		out = append(out, follow.Detour{From: k.crew.addresses(node), To: netip.AddrPortFrom(p.IPs[0], k.dst.portAt(p))})
	}
	return out
}

// addresses are a node's, to which packets of its pods may be masqueraded.
func (c *crew) addresses(node string) []netip.Addr {
	if n := c.found.Node(node); n != nil {
		return slices.Concat(n.Addresses, n.Inner)
	}
	return nil
}

// names are what the pods on the nodes involved are called, by their addresses.
// Those of others are nice to have: who may not list them sees addresses.
func (k *clusterTrace) names(legs []leg) map[netip.Addr]string {
	out := map[netip.Addr]string{}
	add := func(p *find.Pod) {
		for _, a := range p.IPs {
			if !p.HostNetwork {
				out[a] = k.crew.called(p)
			}
		}
	}
	for _, p := range slices.Concat(k.src.pods, k.dst.pods) {
		add(p)
	}
	nodes := nodesOf(legs)
	found := make([][]find.Pod, len(nodes))
	var asked sync.WaitGroup
	for i, node := range nodes {
		asked.Go(func() { found[i], _ = find.OnNode(k.ctx, k.crew.cluster.Client, node) })
	}
	asked.Wait()
	for _, pods := range found {
		for i := range pods {
			add(&pods[i])
		}
	}
	return out
}

// blind says that a node is not watched.
func (k *clusterTrace) blind(node, why string) {
	addrs := k.crew.addresses(node)
	for _, p := range k.dst.pods {
		if p.Node == node {
			addrs = append(addrs, p.IPs...)
		}
	}
	k.gather.hide(trail.Place{Node: node, Addrs: addrs}, why)
	k.note(node + " is not watched: " + why)
}
