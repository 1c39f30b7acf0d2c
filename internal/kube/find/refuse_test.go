package find

import (
	"errors"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/pktrail/pktrail/internal/kube"
)

func label(key, value string) func(*corev1.Node) {
	return func(n *corev1.Node) { n.Labels[key] = value }
}

func arch(name string) func(*corev1.Node) {
	return func(n *corev1.Node) { n.Status.NodeInfo.Architecture = name }
}

func system(name string) func(*corev1.Node) {
	return func(n *corev1.Node) { n.Status.NodeInfo.OperatingSystem = name }
}

func ready(status corev1.ConditionStatus, message string) func(*corev1.Node) {
	return func(n *corev1.Node) {
		n.Status.Conditions = []corev1.NodeCondition{{Type: corev1.NodeReady, Status: status, Message: message}}
	}
}

func taint(key string) func(*corev1.Node) {
	return func(n *corev1.Node) {
		n.Spec.Taints = append(n.Spec.Taints, corev1.Taint{Key: key, Effect: corev1.TaintEffectNoSchedule})
	}
}

// secured gives the container a security context.
func secured(c corev1.SecurityContext) func(*corev1.Pod) {
	return func(p *corev1.Pod) { p.Spec.Containers[0].SecurityContext = &c }
}

func drops(words ...corev1.Capability) *corev1.Capabilities { return &corev1.Capabilities{Drop: words} }

func sandboxed(s Sandbox) func(*Pod) { return func(p *Pod) { p.Sandbox = s } }

func TestRefuse(t *testing.T) {
	root, other := int64(0), int64(65534)
	for name, c := range map[string]struct {
		pod                   *corev1.Pod
		change                func(*Pod)
		node                  *corev1.Node
		byNode, byExec, byEph Reason
	}{
		"plain":        {},
		"arm64":        {node: node("n", arch("arm64"))},
		"s390x":        {node: node("n", arch("s390x")), byNode: NoArch, byExec: NoArch, byEph: NoArch},
		"windows":      {node: node("n", system("windows")), byNode: Windows, byExec: Windows, byEph: Windows},
		"windows pod":  {pod: runs("p", func(p *corev1.Pod) { p.Spec.OS = &corev1.PodOS{Name: corev1.Windows} }), byNode: Windows, byExec: Windows, byEph: Windows},
		"fargate":      {node: node("n", label("eks.amazonaws.com/compute-type", "fargate")), byNode: Serverless},
		"virtual":      {node: node("n", label("type", "virtual-kubelet")), byNode: Serverless, byEph: Serverless},
		"virtual, too": {node: node("n", taint("virtual-kubelet.io/provider")), byNode: Serverless, byEph: Serverless},
		"auto mode":    {node: node("n", label("eks.amazonaws.com/compute-type", "auto"))},
		"kwok": {
			node:   node("n", func(n *corev1.Node) { n.Annotations = map[string]string{"kwok.x-k8s.io/node": "fake"} }),
			byNode: Serverless, byExec: Serverless, byEph: Serverless,
		},
		"away":        {node: node("n", ready(corev1.ConditionUnknown, "Kubelet stopped posting node status.")), byNode: NodeAway, byExec: NodeAway, byEph: NodeAway},
		"not ready":   {node: node("n", ready(corev1.ConditionFalse, "cni plugin not initialized"))},
		"gvisor":      {change: sandboxed(SandboxGVisor), byExec: GVisor, byEph: GVisor},
		"kata":        {change: sandboxed(SandboxKata)},
		"nobody":      {pod: runs("p", secured(corev1.SecurityContext{RunAsUser: &other})), byExec: NoRoot},
		"root":        {pod: runs("p", secured(corev1.SecurityContext{RunAsUser: &root}))},
		"not as root": {pod: runs("p", secured(corev1.SecurityContext{RunAsNonRoot: new(true)})), byExec: NoRoot},
		"pod's user": {pod: runs("p", func(p *corev1.Pod) {
			p.Spec.SecurityContext = &corev1.PodSecurityContext{RunAsUser: &other}
		}), byExec: NoRoot},
		"container's user counts": {pod: runs("p", secured(corev1.SecurityContext{RunAsUser: &root}), func(p *corev1.Pod) {
			p.Spec.SecurityContext = &corev1.PodSecurityContext{RunAsUser: &other}
		})},
		"dropped":      {pod: runs("p", secured(corev1.SecurityContext{Capabilities: drops("ALL")})), byExec: NoRaw},
		"dropped raw":  {pod: runs("p", secured(corev1.SecurityContext{Capabilities: drops("CAP_NET_RAW")})), byExec: NoRaw},
		"dropped else": {pod: runs("p", secured(corev1.SecurityContext{Capabilities: drops("MKNOD")}))},
		"added again": {pod: runs("p", secured(corev1.SecurityContext{Capabilities: &corev1.Capabilities{
			Drop: []corev1.Capability{"ALL"}, Add: []corev1.Capability{"NET_RAW"},
		}}))},
		"privileged": {pod: runs("p", secured(corev1.SecurityContext{Privileged: new(true), Capabilities: drops("ALL")}))},
		"read-only":  {pod: runs("p", secured(corev1.SecurityContext{ReadOnlyRootFilesystem: new(true)})), byExec: NoRoom},
		"read-only with room": {pod: runs("p", secured(corev1.SecurityContext{ReadOnlyRootFilesystem: new(true)}), func(p *corev1.Pod) {
			p.Spec.Volumes = []corev1.Volume{{Name: "tmp", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}}}
			p.Spec.Containers[0].VolumeMounts = []corev1.VolumeMount{{Name: "tmp", MountPath: "/tmp"}}
		})},
		"read-only with secrets": {pod: runs("p", secured(corev1.SecurityContext{ReadOnlyRootFilesystem: new(true)}), func(p *corev1.Pod) {
			p.Spec.Volumes = []corev1.Volume{{Name: "key", VolumeSource: corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{}}}}
			p.Spec.Containers[0].VolumeMounts = []corev1.VolumeMount{{Name: "key", MountPath: "/key"}}
		}), byExec: NoRoom},
		"crashing": {pod: runs("p", func(p *corev1.Pod) {
			p.Status.ContainerStatuses[0].State = corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "CrashLoopBackOff"}}
		}), byExec: NoContainer},
		"an agent beside": {pod: runs("p", secured(corev1.SecurityContext{RunAsUser: &other}), func(p *corev1.Pod) {
			p.Spec.Containers = append(p.Spec.Containers, corev1.Container{Name: kube.AgentName})
			p.Status.ContainerStatuses = append(p.Status.ContainerStatuses, corev1.ContainerStatus{
				Name: kube.AgentName, State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}},
			})
		})},
		"another container": {change: func(p *Pod) { p.Container = "nope" }, byExec: NoContainer},
	} {
		if c.pod == nil {
			c.pod = runs("p")
		}
		if c.node == nil {
			c.node = node("n")
		}
		p, n := podFrom(c.pod), NodeFrom(c.node)
		if c.change != nil {
			c.change(&p)
		}
		for w, want := range map[Way]Reason{WayNode: c.byNode, WayExec: c.byExec, WayEphemeral: c.byEph} {
			err := p.Refuse(&n, w)
			var got Reason
			if e, ok := errors.AsType[*Error](err); ok {
				got = e.Reason
			}
			if got != want {
				t.Errorf("%s by %s: %q (%v), want %q", name, w, got, err, want)
			}
		}
	}
}

func TestRefuseNode(t *testing.T) {
	for _, c := range []struct {
		node *corev1.Node
		want string
	}{
		{node("n"), ""},
		{node("n", system("windows")), "node n runs Windows"},
		{node("n", label("eks.amazonaws.com/compute-type", "fargate")), "node n is no machine but a serverless service (Fargate)"},
		{node("n", arch("riscv64")), "node n is of architecture riscv64; there are agents for amd64, arm64 and arm"},
		{node("n", ready(corev1.ConditionUnknown, "Kubelet stopped posting node status.")), "node n does not answer: Kubelet stopped posting node status"},
	} {
		n := NodeFrom(c.node)
		switch err := n.Refuse(); {
		case c.want == "" && err != nil, c.want != "" && (err == nil || err.Error() != c.want):
			t.Errorf("%v, want %q", err, c.want)
		}
	}
}

func TestRemarks(t *testing.T) {
	n := NodeFrom(node("n", ready(corev1.ConditionFalse, "cni plugin not initialized")))
	p := podFrom(runs("p"))
	p.Sandbox, p.Devices = SandboxKata, []string{"net1 (vhost-user)"}
	got := strings.Join(p.Remarks(&n, WayNode), "\n")
	for _, want := range []string{"virtual machine (Kata): packets are seen at its door", "net1 (vhost-user)", "node n is not ready: cni plugin not initialized"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q lacks %q", got, want)
		}
	}
	p = podFrom(runs("p"))
	n = NodeFrom(node("n"))
	if got := p.Remarks(&n, WayNode); len(got) > 0 {
		t.Errorf("remarks on a plain pod: %q", got)
	}
}
