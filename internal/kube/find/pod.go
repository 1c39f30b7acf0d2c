package find

import (
	"net/netip"
	"path"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/pktrail/pktrail/internal/kube"
)

// Pod is a pod that has a network namespace.
type Pod struct {
	Namespace, Name string
	UID             types.UID
	// Node is the name of the node it is on.
	Node string
	// IPs are its addresses, the first is the one that kubectl shows. A pod on
	// its node's network has the node's.
	IPs []netip.Addr
	// HostNetwork is true if its network namespace is its node's.
	HostNetwork bool
	// Containers are the ordinary ones, then init and ephemeral ones.
	Containers []Container
	// Container is the one that is meant: that of the query, else the default.
	Container string
	// Owner is what keeps it, "deploy/web"; empty for a pod of its own.
	Owner string
	// Target is the target, as typed, that it was found by; empty for a selector.
	Target string
	// RuntimeClass is its own, Handler what that names to the node's runtime:
	// "runsc", "kata-qemu". Handler is empty where it could not be read.
	RuntimeClass, Handler string
	// Sandbox is what the pod runs in beside a namespace.
	Sandbox Sandbox
	// OS is what the pod says it needs, "linux" or "windows"; mostly empty.
	OS string
	// Networks are the names of further networks (Multus): "macvlan-conf".
	Networks []string
	// Devices are further networks whose packets no kernel sees, with the
	// reason: "net1 (vhost-user)".
	Devices []string
}

// String writes "web-x2k8l in namespace shop".
func (p *Pod) String() string { return p.Name + " in namespace " + p.Namespace }

// Main is the container that is meant; nil if there is none of that name.
func (p *Pod) Main() *Container {
	i := slices.IndexFunc(p.Containers, func(c Container) bool { return c.Name == p.Container })
	if i < 0 {
		return nil
	}
	return &p.Containers[i]
}

// Sidecar is a running container that holds a pktrail-agent already, by its
// name or its image's; nil if there is none. No upload is needed then.
func (p *Pod) Sidecar() *Container {
	for i := range p.Containers {
		c := &p.Containers[i]
		image, _, _ := strings.Cut(path.Base(c.Image), "@")
		image, _, _ = strings.Cut(image, ":")
		if c.Running && c.Kind != "ephemeral" && (c.Name == kube.AgentName || image == kube.AgentName) {
			return c
		}
	}
	return nil
}

// defaultContainer is the annotation by which a pod names the container that
// kubectl takes (k8s.io/kubectl/pkg/cmd/util/podcmd).
const defaultContainer = "kubectl.kubernetes.io/default-container"

// podFrom keeps of a pod what matters here.
func podFrom(p *corev1.Pod) Pod {
	out := Pod{
		Namespace: p.Namespace, Name: p.Name, UID: p.UID, Node: p.Spec.NodeName,
		HostNetwork: p.Spec.HostNetwork, Containers: containersOf(p), Owner: ownerOf(p),
	}
	for _, ip := range p.Status.PodIPs {
		if a, err := netip.ParseAddr(ip.IP); err == nil {
			out.IPs = append(out.IPs, a)
		}
	}
	if len(p.Spec.Containers) > 0 {
		out.Container = p.Spec.Containers[0].Name
	}
	if name := p.Annotations[defaultContainer]; name != "" && slices.ContainsFunc(p.Spec.Containers, func(c corev1.Container) bool { return c.Name == name }) {
		out.Container = name
	}
	if p.Spec.RuntimeClassName != nil {
		out.RuntimeClass = *p.Spec.RuntimeClassName
	}
	if p.Spec.OS != nil {
		out.OS = string(p.Spec.OS.Name)
	}
	out.Networks, out.Devices = Networks(p)
	return out
}

// ownerOf writes what keeps a pod, as a target.
func ownerOf(p *corev1.Pod) string {
	o := metav1.GetControllerOf(p)
	if o == nil {
		return ""
	}
	if o.Kind == "ReplicaSet" {
		// A deployment names its sets by itself and a hash, which its pods bear
		// too (k8s.io/kubernetes/pkg/controller/deployment/sync.go).
		if name, ok := strings.CutSuffix(o.Name, "-"+p.Labels["pod-template-hash"]); ok && p.Labels["pod-template-hash"] != "" {
			return string(kindDeployment) + "/" + name
		}
	}
	if k, ok := kindOf(o.Kind); ok {
		return string(k) + "/" + o.Name
	}
	return strings.ToLower(o.Kind) + "/" + o.Name
}
