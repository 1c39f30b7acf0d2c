package action

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/pktrail/pktrail/internal/kube/find"
)

// behind makes the end that of a service.
func (e *clusterEnd) behind(s *find.Service) error {
	e.service, e.Addrs = s, s.IPs
	if len(s.IPs) > 0 {
		return nil
	}
	// A headless service is its pods.
	if len(e.pods) == 0 {
		return &Error{Err: fmt.Errorf("%s has neither an address nor pods", e.Name), Hint: "kubectl describe service shows its selector"}
	}
	e.service = nil
	e.pods = e.pods[:1]
	e.Label, e.Addrs, e.Node = e.pods[0].Name, e.pods[0].IPs, e.pods[0].Node
	return nil
}

// published makes an end that is a node's port that of the service whose port
// it is. That services may not be listed, or none has it, is no error: the
// packet is followed as far as the node.
func (c *crew) published(ctx context.Context, e *clusterEnd, protocol string) {
	ns, name, err := find.ByNodePort(ctx, c.cluster.Client, e.Port, protocol)
	if err != nil {
		c.note(fmt.Sprintf("which service has port %d of the nodes cannot be looked up: %v; pods behind it are not watched", e.Port, err))
		return
	}
	if name == "" {
		return
	}
	found, err := find.Targets(ctx, c.cluster.Client, find.Query{
		Targets: []string{"svc/" + name}, Namespace: ns, HasFilter: true, MaxPods: mostBackends, MaxNodes: mostBackends, Follow: true,
	})
	if err != nil || len(found.Services) == 0 {
		c.note(fmt.Sprintf("port %d of the nodes is that of service %s in namespace %s; pods behind it are not watched: %v", e.Port, name, ns, err))
		return
	}
	e.service = &found.Services[0]
	for i := range found.Pods {
		e.pods = append(e.pods, &found.Pods[i])
	}
	for i := range found.Nodes {
		if c.found.Node(found.Nodes[i].Name) == nil {
			c.found.Nodes = append(c.found.Nodes, found.Nodes[i])
		}
	}
}

// port is the service's port that packets to the end have; nil if there is
// none of that number and protocol.
func (e *clusterEnd) port() *find.ServicePort {
	if e.service == nil || e.Port == 0 {
		return nil
	}
	i := slices.IndexFunc(e.service.Ports, func(p find.ServicePort) bool {
		here := p.Port
		if e.node != nil {
			here = p.NodePort
		}
		return here == e.Port && (e.protocol == "" || p.Protocol == e.protocol)
	})
	if i < 0 {
		return nil
	}
	return &e.service.Ports[i]
}

// portAt is the port that packets have at a pod: behind a service it can be
// another one. 0 is any.
func (e *clusterEnd) portAt(p *find.Pod) uint16 {
	if e.service == nil {
		return e.Port
	}
	port := e.port()
	if port == nil {
		return 0
	}
	for k := range e.service.Endpoints {
		if at := &e.service.Endpoints[k]; at.Pod == p.Name {
			return at.Ports[port.Name]
		}
	}
	return 0
}

// icmpProtocol is the one without ports, as Kubernetes would write it.
const icmpProtocol = "ICMP"

// choosePort takes the port of a service that has only one for the protocol,
// "TCP" or "UDP"; empty is any.
func (e *clusterEnd) choosePort(protocol string) {
	e.protocol = protocol
	if e.service == nil || e.Port != 0 || e.node != nil || protocol == icmpProtocol {
		return
	}
	var all []uint16
	for _, p := range e.service.Ports {
		if (protocol == "" || p.Protocol == protocol) && !slices.Contains(all, p.Port) {
			all = append(all, p.Port)
		}
	}
	if len(all) == 1 {
		e.Port = all[0]
	}
}

// remarks are what a person should know of a service before a packet is sent to
// it: it has some ports, and nobody answers on others.
func (e *clusterEnd) remarks() []string {
	s := e.service
	if s == nil || e.node != nil {
		return nil
	}
	name := "service " + s.Name + " in namespace " + s.Namespace
	if e.protocol == icmpProtocol {
		return []string{name + " answers on its ports alone, " + portsOf(s) + ": whether it answers an echo request is up to what makes services here"}
	}
	if e.Port == 0 || e.port() != nil {
		return nil
	}
	port := fmt.Sprintf("port %d", e.Port)
	if slices.ContainsFunc(s.Ports, func(p find.ServicePort) bool { return p.Port == e.Port }) {
		port += " for " + e.protocol
	}
	return []string{fmt.Sprintf("%s has no %s: it has %s", name, port, portsOf(s))}
}

// portsOf lists a service's ports: "80/TCP (http) and 53/UDP".
func portsOf(s *find.Service) string {
	list := make([]string, len(s.Ports))
	for i, p := range s.Ports {
		list[i] = fmt.Sprintf("%d/%s", p.Port, p.Protocol)
		if p.Name != "" {
			list[i] += " (" + p.Name + ")"
		}
	}
	if n := len(list); n > 1 {
		return strings.Join(list[:n-1], ", ") + " and " + list[n-1]
	}
	return strings.Join(list, "")
}
