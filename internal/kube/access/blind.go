package access

import (
	"context"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/pktrail/pktrail/internal/kube/find"
)

// Kinds of devices whose packets do not pass the node's kernel.
const (
	deviceDPDK  = "DPDK"
	deviceRDMA  = "RDMA"
	deviceSRIOV = "SR-IOV"
)

// deviceKind knows what a device plugin's resource gives, by the names that
// the usual plugins use; empty for others.
func deviceKind(resource string) string {
	name := strings.ToLower(resource)
	has := func(words ...string) bool {
		for _, w := range words {
			if strings.Contains(name, w) {
				return true
			}
		}
		return false
	}
	switch {
	case !strings.Contains(name, "/"): // cpu, memory, hugepages-2Mi
		return ""
	case has("dpdk", "vfio", "vhost"):
		return deviceDPDK
	case has("rdma", "roce", "/hca", "infiniband", "/efa"):
		return deviceRDMA
	case has("sriov", "sr-iov", "hostdev", "netdevice"):
		return deviceSRIOV
	}
	return ""
}

func deviceWhy(kind string) string {
	switch kind {
	case deviceDPDK:
		return "packets go from the device to a process: no kernel sees them, and no point will"
	case deviceRDMA:
		return "RDMA passes the kernels by: only what is set up over ordinary sockets is seen"
	}
	return "a pod's virtual function is seen in the pod alone: it has no end on the node, and no bridge"
}

// devices tells of nodes that give such devices to pods.
func devices(nodes []NodeState) []Blind {
	where := map[string][]string{}
	for i := range nodes {
		seen := map[string]bool{}
		for _, d := range nodes[i].Devices {
			if k := deviceKind(d); !seen[k] {
				seen[k] = true
				where[k] = append(where[k], nodes[i].Name)
			}
		}
	}
	var out []Blind
	for kind, names := range where {
		out = append(out, Blind{What: kind, Where: "pods with such devices on " + some(names), Why: deviceWhy(kind), Sure: true})
	}
	return out
}

// mostPods bounds how many pods of a namespace are read.
const mostPods = 2000

// pods looks for pods of a namespace that are not seen, or not as others are.
func (l looker) pods(ctx context.Context, ns string, handlers map[string]string) {
	found := map[string][]string{}
	o := metav1.ListOptions{Limit: 500}
	for n := 0; n < mostPods; n += int(o.Limit) {
		ask, cancel := context.WithTimeout(ctx, answer)
		list, err := l.client.CoreV1().Pods(ns).List(ask, o)
		cancel()
		if err != nil {
			l.unasked(err, "list pods of namespace "+ns)
			break
		}
		for i := range list.Items {
			for _, what := range odd(&list.Items[i], handlers) {
				found[what] = append(found[what], list.Items[i].Name)
			}
		}
		if o.Continue = list.Continue; o.Continue == "" {
			break
		}
	}
	l.with(func(s *Survey) {
		for what, names := range found {
			s.Blind = append(s.Blind, Blind{What: what, Where: fmt.Sprintf("namespace %s: %s", ns, some(names)), Why: podWhy(what), Sure: true})
		}
	})
}

// handlers reads what RuntimeClasses stand for; without the right their names
// have to do.
func (l looker) handlers(ctx context.Context) map[string]string {
	ctx, cancel := context.WithTimeout(ctx, answer)
	defer cancel()
	out := map[string]string{}
	list, err := l.client.NodeV1().RuntimeClasses().List(ctx, metav1.ListOptions{})
	if err != nil {
		l.unasked(err, "list runtimeclasses")
		return out
	}
	for i := range list.Items {
		out[list.Items[i].Name] = list.Items[i].Handler
	}
	return out
}

// What may be odd about a pod, beside its sandbox and devices.
const hostNetwork = "hostNetwork"

func odd(p *corev1.Pod, handlers map[string]string) []string {
	if p.Status.Phase != corev1.PodRunning {
		return nil
	}
	var out []string
	if p.Spec.HostNetwork {
		out = append(out, hostNetwork)
	}
	if class := p.Spec.RuntimeClassName; class != nil {
		if s := find.SandboxOf(*class, handlers[*class]); s != find.SandboxNone {
			out = append(out, string(s))
		}
	}
	kinds := map[string]bool{}
	if _, past := find.Networks(p); len(past) > 0 {
		for _, d := range past {
			kind := deviceSRIOV // pci
			if strings.Contains(d, "vhost") || strings.Contains(d, "memif") || strings.Contains(d, "vdpa") {
				kind = deviceDPDK
			}
			kinds[kind] = true
		}
	}
	for i := range p.Spec.Containers {
		for name := range p.Spec.Containers[i].Resources.Limits {
			if k := deviceKind(string(name)); k != "" {
				kinds[k] = true
			}
		}
	}
	for k := range kinds {
		out = append(out, k)
	}
	return out
}

func podWhy(what string) string {
	switch what {
	case hostNetwork:
		return "their network is the node's: a capture needs a filter, and other pods of the node cannot be told apart"
	case string(find.SandboxGVisor):
		return "packets are seen at eth0, outside of the sandbox; its loopback, sockets and rules are not"
	case string(find.SandboxKata):
		return "packets are seen at the door of the virtual machine; its loopback, sockets and rules are not"
	}
	return deviceWhy(what)
}
