package find

import (
	"net/netip"
	"slices"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
)

// Book gives addresses their names, best one first: "web-x2k8l.shop" for a
// pod, "web.shop.svc" for a service, "node-b" for a node.
type Book map[netip.Addr][]string

// found adds nodes first: a pod on its node's network has the node's address,
// whose best name is the node's.
func (b Book) found(f *Found) {
	for i := range f.Nodes {
		for _, a := range f.Nodes[i].Addresses {
			b.add(a, f.Nodes[i].Name)
		}
	}
	for i := range f.Pods {
		b.pod(&f.Pods[i])
	}
	for i := range f.Services {
		s := &f.Services[i]
		for _, a := range s.IPs {
			b.add(a, serviceName(s.Namespace, s.Name))
		}
	}
}

func serviceName(namespace, name string) string { return name + "." + namespace + ".svc" }

func (b Book) pod(p *Pod) {
	if p.HostNetwork {
		return
	}
	for _, a := range p.IPs {
		b.add(a, p.Name+"."+p.Namespace)
	}
}

func (b Book) add(a netip.Addr, name string) {
	if a = a.Unmap(); a.IsValid() && !slices.Contains(b[a], name) {
		b[a] = append(b[a], name)
	}
}

func (b Book) addText(text, name string) {
	if a, err := netip.ParseAddr(text); err == nil {
		b.add(a, name)
	}
}

// endpoints adds the pods behind a service.
func (b Book) endpoints(s *discoveryv1.EndpointSlice) {
	for i := range s.Endpoints {
		if ref := s.Endpoints[i].TargetRef; ref != nil && ref.Kind == "Pod" {
			for _, a := range s.Endpoints[i].Addresses {
				b.addText(a, ref.Name+"."+s.Namespace)
			}
		}
	}
}

func (b Book) service(s *corev1.Service) {
	name := serviceName(s.Namespace, s.Name)
	for _, a := range s.Spec.ClusterIPs {
		b.addText(a, name)
	}
	for _, a := range s.Spec.ExternalIPs {
		b.addText(a, name)
	}
	for _, in := range s.Status.LoadBalancer.Ingress {
		b.addText(in.IP, name)
	}
}
