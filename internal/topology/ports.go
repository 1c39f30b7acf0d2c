package topology

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/pktrail/pktrail/internal/netstate"
)

// ports gives every pod the addresses and ports whose packets are sent to it:
// those that services and host ports ask for, and those of rules that nobody is
// known to have asked for.
func (f *finder) ports() {
	byAddr := map[netip.Addr][]*pod{}
	byID := map[string]*pod{}
	for _, p := range f.pods {
		for _, a := range p.Addresses {
			byAddr[a] = append(byAddr[a], p)
		}
		byID[p.ID()] = p
		if p.known != nil {
			p.hostPorts()
		}
	}
	if c := f.state.Cluster; c != nil {
		for i := range c.Services {
			for n := range c.Services[i].Endpoints {
				e := &c.Services[i].Endpoints[n]
				p := byID[e.Pod]
				if e.Pod == "" || p == nil {
					if len(byAddr[e.Addr]) != 1 {
						continue // nobody's who is here, or nobody knows whose
					}
					p = byAddr[e.Addr][0]
				}
				p.servicePorts(&c.Services[i], e)
			}
		}
	}
	for _, n := range f.nodes {
		for _, t := range n.translations() {
			at := f.inRealm(byAddr[t.to.Addr().Unmap()], n)
			if len(at) == 1 { // of several nobody knows whose
				at[0].translate(n, &t)
			}
		}
	}
}

// inRealm are the pods, of those with one address, that a node can mean by it.
func (f *finder) inRealm(pods []*pod, n *node) []*pod {
	if slices.ContainsFunc(pods, func(p *pod) bool { return p.node == n }) {
		pods = slices.DeleteFunc(slices.Clone(pods), func(p *pod) bool { return p.node != n })
	}
	return slices.DeleteFunc(slices.Clone(pods), func(p *pod) bool { return p.HostNetwork || f.realmOf(p.node) != f.realmOf(n) })
}

func (p *pod) hostPorts() {
	for _, h := range p.known.HostPorts {
		if p.HostNetwork {
			continue // its port is the node's: nothing is translated
		}
		port := Port{Kind: PortHost, Proto: h.Proto, Port: h.HostPort, PodPort: h.ContainerPort, Ready: true}
		if ip := some(h.HostIP); ip.IsValid() {
			port.Addrs = []netip.Addr{ip}
		} else {
			port.Addrs = slices.Clone(p.node.Addresses)
		}
		p.Ports = append(p.Ports, port)
	}
}

// servicePorts adds what leads to one endpoint of a service.
func (p *pod) servicePorts(s *netstate.Service, e *netstate.Endpoint) {
	for _, sp := range s.Ports {
		if sp.Name != e.PortName || sp.Proto != "" && e.Proto != "" && sp.Proto != e.Proto {
			continue
		}
		base := Port{Proto: sp.Proto, Port: sp.Port, PodPort: e.Port, Ready: e.Ready, Name: s.Namespace + "/" + s.Name}
		if sp.Name != "" {
			base.Name += ":" + sp.Name
		}
		add := func(kind PortKind, number uint16, addrs []netip.Addr) {
			port := base
			port.Kind, port.Port, port.Addrs = kind, number, like(addrs, e.Addr)
			if !slices.ContainsFunc(p.Ports, func(o Port) bool { return o.same(&port) }) {
				p.Ports = append(p.Ports, port)
			}
		}
		if len(s.ClusterIPs) > 0 {
			add(PortService, sp.Port, s.ClusterIPs)
		}
		if sp.NodePort != 0 {
			add(PortNode, sp.NodePort, nil)
		}
		if len(s.Outside) > 0 {
			add(PortOutside, sp.Port, s.Outside)
		}
	}
}

func (o *Port) same(p *Port) bool {
	return o.Kind == p.Kind && o.Proto == p.Proto && o.Port == p.Port && o.PodPort == p.PodPort && o.Name == p.Name && slices.Equal(o.Addrs, p.Addrs)
}

// like are the addresses of the family of a.
func like(list []netip.Addr, a netip.Addr) []netip.Addr {
	var out []netip.Addr
	for _, x := range list {
		if x.Is4() == a.Is4() && x.IsValid() {
			out = append(out, x)
		}
	}
	return out
}

// Hint tells what a filter on one of the pod's ports misses; empty where
// nothing is translated.
func (p *Pod) Hint() string {
	for _, o := range p.Ports {
		if o.Port != o.PodPort {
			return "packets have the published port on one side of the translation only: a filter on it alone shows one direction, or nothing at the pod; use the pod's port there"
		}
	}
	if len(p.Ports) > 0 {
		return "packets have the published address on one side of the translation only: a filter on it alone shows one direction, or nothing at the pod"
	}
	return ""
}

// String is "nodePort 30080/tcp -> 8080".
func (o *Port) String() string {
	var b strings.Builder
	b.WriteString(string(o.Kind))
	b.WriteByte(' ')
	for i, a := range o.Addrs {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(a.String())
	}
	if len(o.Addrs) == 0 && o.Kind != PortService {
		b.WriteString("*")
	}
	before := "any port"
	if o.Port != 0 {
		before = number(o.Port)
	}
	if o.PortEnd != 0 {
		before += "-" + number(o.PortEnd)
	}
	b.WriteString(":" + before)
	if o.Proto != "" {
		b.WriteString("/" + strings.ToLower(o.Proto))
	}
	if o.PodPort != 0 {
		b.WriteString(" -> " + number(o.PodPort))
	}
	return b.String()
}
