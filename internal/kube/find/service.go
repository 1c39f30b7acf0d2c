package find

import (
	"context"
	"net/netip"
	"strings"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/pktrail/pktrail/internal/kube"
)

// Service is a service that was named as a target.
type Service struct {
	Namespace, Name string
	// Target as it was typed.
	Target string
	// IPs are its cluster addresses; none for a headless service.
	IPs   []netip.Addr
	Ports []ServicePort
	// Endpoints are where it leads to, those that are not ready too. Asked is
	// false if they may not be read.
	Endpoints []Endpoint
	Asked     bool
}

// ServicePort is a port of a service.
type ServicePort struct {
	Name, Protocol string
	Port, NodePort uint16
	// To is the port at the pods, a number or a name.
	To string
}

// Endpoint is one address behind a service.
type Endpoint struct {
	Addr netip.Addr
	// Ports by the name of the service's port.
	Ports map[string]uint16
	// Pod is its name, empty if no pod stands behind it; Node the node's.
	Pod, Node string
	Ready     bool
}

// service finds the pods behind a service: by its selector, or, if it has
// none, those that its endpoints name.
func (f *finder) service(ctx context.Context, r ref, out *Found) ([]*source, error) {
	ask, cancel := context.WithTimeout(ctx, answer)
	defer cancel()
	ns := f.q.namespace()
	svc, err := f.client.CoreV1().Services(ns).Get(ask, r.name, metav1.GetOptions{})
	if err != nil {
		return nil, err
	}
	what := r.in(ns)
	if svc.Spec.Type == corev1.ServiceTypeExternalName {
		return nil, refuse(NoEndpoints, r.text, "capture at the pods that use it, with the filter host "+svc.Spec.ExternalName,
			"%s is only another name for %s: it has no pods", what, svc.Spec.ExternalName)
	}
	s := serviceFrom(svc, r.text)
	slices, err := f.client.DiscoveryV1().EndpointSlices(ns).List(ask, metav1.ListOptions{
		LabelSelector: labels.Set{discoveryv1.LabelServiceName: r.name}.String(),
	})
	if err == nil {
		s.Endpoints, s.Asked = endpointsOf(slices.Items), true
	}
	out.Services = append(out.Services, s)
	if len(svc.Spec.Selector) > 0 {
		src := &source{target: r.text, what: what, namespace: ns, labels: labels.Set(svc.Spec.Selector).String()}
		src.empty = "its selector is " + src.labels
		src.tip = "kubectl -n " + ns + " get pods --show-labels"
		if s.Asked && s.ready() == 0 && len(s.Endpoints) > 0 {
			out.note("no pod of %s is ready: nobody who connects to it is answered", what)
		}
		return []*source{src}, nil
	}
	if err != nil {
		return nil, kube.Explain(err, "list the endpoints of "+what)
	}
	return s.withoutSelector(ns, what)
}

func (s *Service) ready() int {
	n := 0
	for i := range s.Endpoints {
		if s.Endpoints[i].Ready {
			n++
		}
	}
	return n
}

// withoutSelector gives the pods that somebody wrote into the endpoints.
func (s *Service) withoutSelector(ns, what string) ([]*source, error) {
	var out []*source
	var addrs []string
	for i := range s.Endpoints {
		e := &s.Endpoints[i]
		addrs = append(addrs, e.Addr.String())
		if e.Pod != "" {
			out = append(out, &source{target: s.Target, what: "pod " + e.Pod + " in namespace " + ns, namespace: ns, pod: e.Pod})
		}
	}
	switch {
	case len(out) > 0:
		return out, nil
	case len(addrs) > 0:
		return nil, refuse(NoEndpoints, s.Target, "capture at the pods that use it, with the filter host "+strings.Join(addrs, " or host "),
			"%s has no selector; it leads to %s, which is no pod", what, several(addrs, "and"))
	}
	return nil, refuse(NoEndpoints, s.Target, "", "%s has neither selector nor endpoints: it leads nowhere", what)
}

func serviceFrom(svc *corev1.Service, target string) Service {
	s := Service{Namespace: svc.Namespace, Name: svc.Name, Target: target}
	for _, text := range svc.Spec.ClusterIPs {
		if a, err := netip.ParseAddr(text); err == nil { // "None" is none
			s.IPs = append(s.IPs, a)
		}
	}
	for _, p := range svc.Spec.Ports {
		s.Ports = append(s.Ports, ServicePort{
			Name: p.Name, Protocol: string(p.Protocol), Port: uint16(p.Port), NodePort: uint16(p.NodePort), To: p.TargetPort.String(),
		})
	}
	return s
}

func endpointsOf(list []discoveryv1.EndpointSlice) []Endpoint {
	var out []Endpoint
	for i := range list {
		ports := map[string]uint16{}
		for _, p := range list[i].Ports {
			if p.Port != nil {
				name := ""
				if p.Name != nil {
					name = *p.Name
				}
				ports[name] = uint16(*p.Port)
			}
		}
		for j := range list[i].Endpoints {
			out = append(out, endpointFrom(&list[i].Endpoints[j], ports)...)
		}
	}
	return out
}

// endpointFrom gives an endpoint's addresses; names (FQDN slices) are left
// out. A condition that is not told counts as ready (discovery/v1).
func endpointFrom(e *discoveryv1.Endpoint, ports map[string]uint16) []Endpoint {
	one := Endpoint{Ports: ports, Ready: e.Conditions.Ready == nil || *e.Conditions.Ready}
	if e.TargetRef != nil && e.TargetRef.Kind == "Pod" {
		one.Pod = e.TargetRef.Name
	}
	if e.NodeName != nil {
		one.Node = *e.NodeName
	}
	var out []Endpoint
	for _, text := range e.Addresses {
		if a, err := netip.ParseAddr(text); err == nil {
			one.Addr = a
			out = append(out, one)
		}
	}
	return out
}
