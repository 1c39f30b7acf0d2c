package text

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// wholeCluster has something of everything.
func wholeCluster() *Cluster {
	ok := func(name string) ClusterCheck { return ClusterCheck{Check: Check{State: "ok", Name: name}} }
	node := func(name, agent, why string, lacks ...string) ClusterNode {
		return ClusterNode{Name: name, System: "linux/amd64", Kernel: "6.1.0-18-amd64", Runtime: "containerd://1.6.20", Agent: agent, Why: why, Lacks: lacks}
	}
	return &Cluster{
		Name: "prod", Version: "v1.34.2", Server: "https://10.0.0.1:6443", User: "jane", Groups: []string{"dev", "system:authenticated"}, Networks: []string{"Cilium"},
		Checks: []ClusterCheck{
			{Check: Check{State: "no", Name: "method node", Detail: "lacks create jobs.batch in namespace pktrail, create pods/exec in namespace pktrail, get pods/exec in namespace pktrail", Hint: "deploy/rbac.yaml has the smallest roles: an administrator binds pktrail-node"}},
			{Check: Check{State: "ok", Name: "method exec"}, Without: []string{"get nodes: targets node/NAME; architecture, Windows and serverless nodes before anything is placed"}},
			ok("clean"),
			{Check: Check{State: "unknown", Name: "image", Detail: "ghcr.io/pktrail/agent:1: whether nodes can pull it is only known by pulling"}},
		},
		Nodes: []ClusterNode{
			node("node-a", "ok", "", "netfilter hooks by eBPF (Linux 6.4)"), node("node-b", "ok", "", "netfilter hooks by eBPF (Linux 6.4)"), node("node-c", "ok", "", "netfilter hooks by eBPF (Linux 6.4)"),
			node("node-d", "unknown", "not ready: container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized"),
			{Name: "node-w", System: "windows/amd64", Kernel: "10.0.20348", Agent: "no", Why: "runs Windows"},
		},
		Blind: []ClusterBlind{
			{What: "hostNetwork", Where: "namespace shop: exporter", Why: "their network is the node's", Sure: true},
			{What: "Cilium", Where: "all nodes", Why: "it may forward packets past the node's own stack; its options could not be read"},
		},
		Unasked: []string{"get configmap cilium-config: User \"jane\" cannot get resource \"configmaps\" in API group \"\" in the namespace \"kube-system\""},
		Warning: "who may exec into an agent reads every pod on its node",
	}
}

func TestClusterDoctor(t *testing.T) {
	const name = "testdata/cluster.txt"
	got := wholeCluster().Doctor()
	if *update {
		if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
	for line := range strings.Lines(got) {
		if width(strings.TrimSuffix(line, "\n")) > lineWidth || strings.HasSuffix(line, " \n") {
			t.Errorf("line %q", line)
		}
	}
}

// TestClusterDoctorSmall checks that nothing is written of what is not known,
// and that a cluster's words cannot move the cursor.
func TestClusterDoctorSmall(t *testing.T) {
	got := (&Cluster{Server: "https://x", Version: "v1\x1b[2J"}).Doctor()
	if want := "cluster, Kubernetes v1?[2J, https://x\nuser unknown\n\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
