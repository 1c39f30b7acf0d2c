package access

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/pktrail/pktrail/internal/kube/find"
)

// NodeState is what will work on a node.
type NodeState struct {
	Name    string `json:"name"`
	OS      string `json:"os"`
	Arch    string `json:"arch"`
	Kernel  string `json:"kernel"`
	Runtime string `json:"runtime"`
	Ready   bool   `json:"ready"`
	// Agent says whether an agent can be placed there, and if not, Why.
	Agent State  `json:"agent"`
	Why   string `json:"why,omitempty"`
	// Lacks is what its kernel is too old for, by its number: distributions
	// bring features back to older kernels. Whether it has BTF, which tracing
	// needs, is not known before an agent is there.
	Lacks []string `json:"lacks,omitempty"`
	// Image is true if the agent's image is there already. A node tells of its
	// 50 largest at most, so false says little.
	Image bool `json:"image"`
	// Devices are resources of device plugins whose packets pass the kernel by:
	// "intel.com/sriov_netdevice".
	Devices []string `json:"devices,omitempty"`
}

// ImageState says whether the agent's image can be had.
type ImageState struct {
	Ref   string `json:"ref,omitempty"`
	State State  `json:"state"`
	// Nodes have it already.
	Nodes []string `json:"nodes,omitempty"`
	// Text says how this is judged.
	Text string `json:"text"`
}

// nodes reads all nodes, page by page.
func (l looker) nodes(ctx context.Context, image string) {
	o := metav1.ListOptions{Limit: 500}
	var networks []string
	for {
		ask, cancel := context.WithTimeout(ctx, answer)
		list, err := l.client.CoreV1().Nodes().List(ask, o)
		cancel()
		if err != nil {
			l.unasked(err, "list nodes")
			break
		}
		for i := range list.Items {
			n := &list.Items[i]
			state := nodeState(n, image)
			if name := network(n); name != "" && !slices.Contains(networks, name) {
				networks = append(networks, name)
			}
			l.with(func(s *Survey) { s.Nodes = append(s.Nodes, state) })
		}
		if o.Continue = list.Continue; o.Continue == "" {
			break
		}
	}
	l.with(func(s *Survey) {
		s.Networks = append(s.Networks, networks...)
		s.Image = imageState(image, s.Nodes)
		s.Blind = append(s.Blind, devices(s.Nodes)...)
	})
}

func nodeState(n *corev1.Node, image string) NodeState {
	node := find.NodeFrom(n)
	out := NodeState{Name: node.Name, OS: node.OS, Arch: node.Arch, Kernel: node.Kernel, Runtime: node.Runtime, Ready: node.Ready, Agent: Yes}
	if err := node.Refuse(); err != nil {
		out.Agent, out.Why = No, strings.TrimPrefix(err.Error(), "node "+node.Name+" ")
	} else if !node.Ready {
		out.Agent, out.Why = Unknown, "not ready: "+node.State
	}
	if out.OS == "linux" && node.Virtual == "" {
		out.Lacks = lacks(node.Kernel)
	}
	for i := range n.Status.Images {
		out.Image = out.Image || image != "" && slices.ContainsFunc(n.Status.Images[i].Names, func(name string) bool { return sameImage(name, image) })
	}
	for name, quantity := range n.Status.Capacity {
		if deviceKind(string(name)) != "" && !quantity.IsZero() {
			out.Devices = append(out.Devices, string(name))
		}
	}
	slices.Sort(out.Devices)
	return out
}

// since is what a kernel can do from a version on.
var since = [...]struct {
	major, minor int
	what         string
}{
	{5, 8, "trace by eBPF: drop reasons, routes, processes (Linux 5.8)"},
	{5, 12, "which rule a packet met: nft tables with an owner (Linux 5.12)"},
	{6, 4, "netfilter hooks by eBPF (Linux 6.4)"},
}

// lacks lists what a kernel of this version does not have; nothing for a
// version that is no number.
func lacks(version string) []string {
	major, minor, ok := kernelNumber(version)
	var out []string
	for _, f := range since {
		if ok && (major < f.major || major == f.major && minor < f.minor) {
			out = append(out, f.what)
		}
	}
	return out
}

// kernelNumber reads the first two numbers of "6.1.0-18-amd64".
func kernelNumber(version string) (major, minor int, ok bool) {
	first, rest, _ := strings.Cut(version, ".")
	end := strings.IndexFunc(rest, func(r rune) bool { return r < '0' || r > '9' })
	if end >= 0 {
		rest = rest[:end]
	}
	a, err := strconv.ParseUint(first, 10, 16)
	if err != nil {
		return 0, 0, false
	}
	b, err := strconv.ParseUint(rest, 10, 16)
	return int(a), int(b), err == nil
}

// network knows a CNI plugin by the condition it sets when it is up:
// "CiliumIsUp".
func network(n *corev1.Node) string {
	for _, c := range n.Status.Conditions {
		if c.Type == corev1.NodeNetworkUnavailable {
			if name, ok := strings.CutSuffix(c.Reason, "IsUp"); ok {
				return name
			}
		}
	}
	return ""
}

// sameImage compares references as runtimes write them, with the default
// registry and without.
func sameImage(have, want string) bool {
	plain := func(ref string) string {
		ref = strings.TrimPrefix(ref, "docker.io/")
		return strings.TrimPrefix(ref, "library/")
	}
	return plain(have) == plain(want)
}

func imageState(ref string, nodes []NodeState) ImageState {
	out := ImageState{Ref: ref, State: Unknown, Text: "whether nodes can pull it is only known by pulling; a capture notices within seconds and says what helps (pktrail image)"}
	if ref == "" {
		out.Text = "no image is named"
		return out
	}
	able := 0
	for i := range nodes {
		if nodes[i].Agent != No {
			able++
			if nodes[i].Image {
				out.Nodes = append(out.Nodes, nodes[i].Name)
			}
		}
	}
	switch {
	case able > 0 && len(out.Nodes) == able:
		out.State, out.Text = Yes, "all nodes have it already"
	case len(out.Nodes) > 0:
		out.Text = fmt.Sprintf("%d of %d nodes have it already; for the others it is only known by pulling", len(out.Nodes), able)
	}
	return out
}
