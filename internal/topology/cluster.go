package topology

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/pktrail/pktrail/internal/netstate"
)

// fromCluster adds what the API server says: names, addresses, labels. A pod
// that no runtime named is found by its address; one that is not found at all
// is a warning.
func (f *finder) fromCluster() {
	c := f.state.Cluster
	if c == nil {
		return
	}
	byUID, byID := map[string]*pod{}, map[string]*pod{}
	for _, p := range f.pods {
		if p.UID != "" {
			byUID[p.UID] = p
		}
		if p.Namespace != "" {
			byID[p.ID()] = p
		}
	}
	nodes, unnamed := map[string]*node{}, map[*node][]*pod{}
	for _, n := range f.nodes {
		nodes[n.Name] = n
	}
	for _, p := range f.pods {
		if p.From == "netns" && p.space != nil {
			unnamed[p.node] = append(unnamed[p.node], p)
		}
	}
	for i := range c.Pods {
		k := &c.Pods[i]
		p := byUID[k.UID]
		if p == nil || k.UID == "" {
			p = byID[k.Namespace+"/"+k.Name]
		}
		if p == nil {
			if p = f.absent(k, nodes[k.Node], unnamed); p == nil {
				continue
			}
		}
		f.adopt(p, k)
	}
}

// absent finds a pod that no runtime named; nil if it need not be there.
func (f *finder) absent(k *netstate.Pod, n *node, unnamed map[*node][]*pod) *pod {
	if n == nil || k.Phase == "Succeeded" || k.Phase == "Failed" || len(k.Addresses) == 0 {
		return nil
	}
	if !k.HostNetwork {
		for _, p := range unnamed[n] {
			if p.From == "netns" && slices.ContainsFunc(k.Addresses, p.space.has) {
				p.Namespace, p.Name, p.UID, p.From = k.Namespace, k.Name, k.UID, "cluster"
				return p
			}
		}
	}
	p := &pod{Pod: Pod{Namespace: k.Namespace, Name: k.Name, UID: k.UID, From: "cluster", HostNetwork: k.HostNetwork}, snap: n.snap}
	f.settle(p, n)
	if !k.HostNetwork {
		p.warn(WarnMissing, "its network namespace was not found on "+n.Name, "")
	}
	f.pods = append(f.pods, p)
	return p
}

func (f *finder) adopt(p *pod, k *netstate.Pod) {
	p.known = k
	p.Labels = k.Labels
	p.Addresses = slices.Clone(k.Addresses)
	if p.UID == "" {
		p.UID = k.UID
	}
	if len(p.Containers) == 0 {
		p.Containers = slices.Clone(k.Containers)
	}
	if k.Node != "" && k.Node != p.node.Name {
		p.warn(WarnMissing, fmt.Sprintf("it was found on %s; the API server says that it is on %s", p.node.Name, k.Node), "")
	}
	if p.HostNetwork || p.space == nil {
		return
	}
	if _, bad := p.space.unreadable(netstate.PartAddresses); bad {
		return
	}
	for _, a := range k.Addresses {
		if !p.space.has(a) {
			p.warn(WarnAddress, fmt.Sprintf("the API server says %s; its interfaces have %s", a, p.space.allAddresses()), "")
		}
	}
}

// allAddresses lists what a namespace's interfaces beside lo have.
func (sp *space) allAddresses() string {
	var out []string
	for i := range sp.ns.Links {
		if l := &sp.ns.Links[i]; counts(l) {
			for _, p := range sp.addrs[l.Index] {
				out = append(out, p.Addr().String())
			}
		}
	}
	if len(out) == 0 {
		return "none"
	}
	return strings.Join(out, ", ")
}

// addressesOf gives a pod's addresses where the API server says none: those of
// its interfaces, IPv4 first.
func addressesOf(p *pod) []netip.Addr {
	var four, six []netip.Addr
	for _, i := range p.ifaces {
		for _, prefix := range i.Device().Addresses {
			switch a := prefix.Addr(); {
			case a.Is4():
				four = append(four, a)
			default:
				six = append(six, a)
			}
		}
	}
	return append(four, six...)
}
