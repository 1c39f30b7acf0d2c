package find

import (
	"net/netip"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
)

// Node is one of a cluster's.
type Node struct {
	Name string
	// Known is false if it may not be read: all below is empty then.
	Known bool
	// Target is true if it was named itself, not only by its pods.
	Target bool
	UID    types.UID
	// Arch and OS as Go knows them: "arm64", "linux".
	Arch, OS string
	// Kernel is "6.1.0-18-amd64", Runtime "containerd://1.6.20", System
	// "Debian GNU/Linux 12 (bookworm)".
	Kernel, Runtime, System string
	Addresses               []netip.Addr
	// Inner are addresses that the node itself has in the pods' network, as far as
	// the API tells: what sets out from the node to a pod may come from them.
	Inner []netip.Addr
	Ready bool
	// Away is true if its kubelet has stopped to answer; State says what the
	// cluster says of a node that is not ready.
	Away  bool
	State string
	// Taints as kubectl writes them: "key=value:NoSchedule".
	Taints []string
	// Virtual names what stands behind a node that is no machine: "Fargate",
	// "virtual-kubelet". Empty for machines.
	Virtual string
	// Sandbox is what all pods of the node run in, where its labels say so.
	Sandbox Sandbox
}

// NodeFrom keeps of a node what matters here.
func NodeFrom(n *corev1.Node) Node {
	info := n.Status.NodeInfo
	out := Node{
		Name: n.Name, Known: true, UID: n.UID, Arch: info.Architecture, OS: info.OperatingSystem,
		Kernel: info.KernelVersion, Runtime: info.ContainerRuntimeVersion, System: info.OSImage, Virtual: virtual(n),
	}
	if out.Arch == "" {
		out.Arch = n.Labels[corev1.LabelArchStable]
	}
	if out.OS == "" {
		out.OS = n.Labels[corev1.LabelOSStable]
	}
	for _, a := range n.Status.Addresses {
		if ip, err := netip.ParseAddr(a.Address); err == nil {
			out.Addresses = append(out.Addresses, ip)
		}
	}
	out.Inner = innerOf(n)
	for _, t := range n.Spec.Taints {
		out.Taints = append(out.Taints, t.ToString())
	}
	for _, c := range n.Status.Conditions {
		if c.Type == corev1.NodeReady {
			out.Ready, out.Away = c.Status == corev1.ConditionTrue, c.Status == corev1.ConditionUnknown
			if !out.Ready {
				out.State = oneLine(c.Message)
			}
		}
	}
	if n.Labels["sandbox.gke.io/runtime"] == "gvisor" {
		out.Sandbox = SandboxGVisor
	}
	return out
}

// innerOf gives the addresses that networks for pods give to a node: the first
// of its range is a tunnel's (flannel), the second a bridge's or the pods'
// gateway (the CNI plugins bridge and ptp); others write it beside the node.
func innerOf(n *corev1.Node) []netip.Addr {
	var out []netip.Addr
	for _, text := range n.Spec.PodCIDRs {
		if p, err := netip.ParsePrefix(text); err == nil {
			first := p.Masked().Addr()
			out = append(out, first, first.Next())
		}
	}
	for _, key := range []string{
		"projectcalico.org/IPv4VXLANTunnelAddr", "projectcalico.org/IPv4IPIPTunnelAddr", "projectcalico.org/IPv4WireguardInterfaceAddr",
		"projectcalico.org/IPv6VXLANTunnelAddr", "projectcalico.org/IPv6WireguardInterfaceAddr",
		"network.cilium.io/ipv4-cilium-host", "network.cilium.io/ipv6-cilium-host", // CiliumInternalIP
	} {
		if a, err := netip.ParseAddr(n.Annotations[key]); err == nil {
			out = append(out, a)
		}
	}
	return out
}

// virtual names what stands behind a node on which no agent can be placed: a
// service that runs each pod on its own.
func virtual(n *corev1.Node) string {
	switch l := n.Labels; {
	case l["eks.amazonaws.com/compute-type"] == "fargate":
		return "Fargate"
	case l["liqo.io/type"] == "virtual-node":
		return "Liqo"
	case l["node.kubernetes.io/instance-type"] == "eklet":
		return "eklet"
	case l["type"] == "virtual-kubelet":
		return "virtual-kubelet"
	case n.Annotations["kwok.x-k8s.io/node"] == "fake":
		return "KWOK"
	}
	for _, t := range n.Spec.Taints {
		if strings.HasPrefix(t.Key, "virtual-kubelet.io/") {
			return "virtual-kubelet"
		}
	}
	return ""
}
