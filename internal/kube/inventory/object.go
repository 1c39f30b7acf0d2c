package inventory

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	discovery "k8s.io/api/discovery/v1"
	networking "k8s.io/api/networking/v1"

	"github.com/pktrail/pktrail/internal/netstate"
)

func nodeFrom(n *corev1.Node) netstate.ClusterNode {
	i := n.Status.NodeInfo
	out := netstate.ClusterNode{
		Name: n.Name, OS: i.OperatingSystem, Arch: i.Architecture, Runtime: i.ContainerRuntimeVersion, Kernel: i.KernelVersion,
	}
	for _, a := range n.Status.Addresses {
		if a.Type == corev1.NodeInternalIP || a.Type == corev1.NodeExternalIP {
			out.Addresses = appendAddr(out.Addresses, a.Address)
		}
	}
	for _, text := range append([]string{n.Spec.PodCIDR}, n.Spec.PodCIDRs...) {
		if p, err := netip.ParsePrefix(text); err == nil && !slices.Contains(out.PodCIDRs, p) {
			out.PodCIDRs = append(out.PodCIDRs, p)
		}
	}
	for _, c := range n.Status.Conditions {
		if c.Type == corev1.NodeReady {
			out.Ready = c.Status == corev1.ConditionTrue
		}
	}
	return out
}

func appendAddr(list []netip.Addr, text string) []netip.Addr {
	if a, err := netip.ParseAddr(text); err == nil && !slices.Contains(list, a.Unmap()) {
		list = append(list, a.Unmap())
	}
	return list
}

func podFrom(p *corev1.Pod) netstate.Pod {
	out := netstate.Pod{
		Namespace: p.Namespace, Name: p.Name, UID: string(p.UID), Node: p.Spec.NodeName,
		HostNetwork: p.Spec.HostNetwork, Phase: string(p.Status.Phase), Labels: p.Labels,
	}
	out.Owners = ownersOf(p)
	out.Addresses = appendAddr(out.Addresses, p.Status.PodIP)
	for _, ip := range p.Status.PodIPs {
		out.Addresses = appendAddr(out.Addresses, ip.IP)
	}
	for i := range p.Spec.Containers {
		c := &p.Spec.Containers[i]
		out.Containers = append(out.Containers, c.Name)
		for _, port := range c.Ports {
			if port.HostPort == 0 || p.Spec.HostNetwork {
				continue
			}
			h := netstate.HostPort{Proto: proto(port.Protocol), HostPort: uint16(port.HostPort), ContainerPort: uint16(port.ContainerPort)}
			h.HostIP, _ = netip.ParseAddr(port.HostIP)
			out.HostPorts = append(out.HostPorts, h)
		}
	}
	return out
}

// ownersOf names the workloads that a pod is of. A deployment is known by the
// hash that its controller puts behind its ReplicaSets' names, a cron job by
// the number behind its jobs'.
func ownersOf(p *corev1.Pod) []string {
	short := map[string]string{"ReplicaSet": "rs", "StatefulSet": "sts", "DaemonSet": "ds", "Job": "job"}
	var out []string
	for _, o := range p.OwnerReferences {
		kind, known := short[o.Kind]
		if !known {
			continue
		}
		out = append(out, kind+"/"+o.Name)
		hash := p.Labels["pod-template-hash"]
		if name, ok := strings.CutSuffix(o.Name, "-"+hash); ok && hash != "" && kind == "rs" {
			out = append(out, "deploy/"+name)
		}
		if i := strings.LastIndexByte(o.Name, '-'); i > 0 && kind == "job" && strings.Trim(o.Name[i+1:], "0123456789") == "" {
			out = append(out, "cronjob/"+o.Name[:i])
		}
	}
	return out
}

func proto(p corev1.Protocol) string { return cmp.Or(string(p), string(corev1.ProtocolTCP)) }

func serviceFrom(s *corev1.Service) netstate.Service {
	out := netstate.Service{
		Namespace: s.Namespace, Name: s.Name, Type: string(s.Spec.Type),
		Local: s.Spec.ExternalTrafficPolicy == corev1.ServiceExternalTrafficPolicyLocal,
	}
	for _, text := range append([]string{s.Spec.ClusterIP}, s.Spec.ClusterIPs...) {
		out.ClusterIPs = appendAddr(out.ClusterIPs, text) // "None" is no address
	}
	for _, text := range append(slices.Clone(s.Spec.ExternalIPs), s.Spec.LoadBalancerIP) {
		out.Outside = appendAddr(out.Outside, text)
	}
	for _, i := range s.Status.LoadBalancer.Ingress {
		out.Outside = appendAddr(out.Outside, i.IP)
	}
	for _, p := range s.Spec.Ports {
		out.Ports = append(out.Ports, netstate.ServicePort{
			Name: p.Name, Proto: proto(p.Protocol), Port: uint16(p.Port), NodePort: uint16(p.NodePort),
		})
	}
	return out
}

func endpointsFrom(s *discovery.EndpointSlice) []netstate.Endpoint {
	var out []netstate.Endpoint
	for i := range s.Endpoints {
		e := &s.Endpoints[i]
		one := netstate.Endpoint{Ready: e.Conditions.Ready == nil || *e.Conditions.Ready}
		if e.TargetRef != nil && e.TargetRef.Kind == "Pod" {
			one.Pod = cmp.Or(e.TargetRef.Namespace, s.Namespace) + "/" + e.TargetRef.Name
		}
		if e.NodeName != nil {
			one.Node = *e.NodeName
		}
		for _, text := range e.Addresses {
			a, err := netip.ParseAddr(text)
			if err != nil {
				continue // an FQDN
			}
			one.Addr = a.Unmap()
			for _, p := range s.Ports {
				if p.Port == nil {
					continue
				}
				one.Port, one.PortName, one.Proto = uint16(*p.Port), "", string(corev1.ProtocolTCP)
				if p.Name != nil {
					one.PortName = *p.Name
				}
				if p.Protocol != nil {
					one.Proto = proto(*p.Protocol)
				}
				out = append(out, one)
			}
		}
	}
	return out
}

func sortEndpoints(list []netstate.Endpoint) {
	slices.SortFunc(list, func(a, b netstate.Endpoint) int {
		return cmp.Or(a.Addr.Compare(b.Addr), cmp.Compare(a.Port, b.Port), strings.Compare(a.Proto, b.Proto), strings.Compare(a.PortName, b.PortName))
	})
}

func policyFrom(p *networking.NetworkPolicy) (netstate.Policy, error) {
	b, err := json.Marshal(p.Spec)
	if err != nil {
		return netstate.Policy{}, fmt.Errorf("read network policy %s/%s: %w", p.Namespace, p.Name, err)
	}
	return netstate.Policy{Namespace: p.Namespace, Name: p.Name, Spec: string(b)}, nil
}
