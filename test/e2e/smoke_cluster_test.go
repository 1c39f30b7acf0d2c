//go:build e2e

package e2e

import (
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/pktrail/pktrail/internal/lab/labtest"
	"github.com/pktrail/pktrail/test/cluster/bed"
	"github.com/pktrail/pktrail/test/e2e/stage"
)

// The names that every cluster's nodes have.
const (
	node1 = "node1"
	node2 = "node2"
)

// Two nodes are ready, with the pods' network that the bed says.
func TestSmokeNodes(t *testing.T) {
	s := stage.Open(t)
	list, err := s.Client.CoreV1().Nodes().List(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if len(list.Items) != 2 {
		t.Fatalf("%d nodes", len(list.Items))
	}
	for _, n := range list.Items {
		want, ok := s.Cluster.Node(n.Name)
		if !ok || n.Spec.PodCIDR != want.Pods.String() || n.Status.Addresses[0].Address != want.IP.String() {
			t.Errorf("node %s has %s, %v", n.Name, n.Spec.PodCIDR, n.Status.Addresses)
		}
		if v := n.Status.NodeInfo.KubeletVersion; v != bed.KubernetesVersion {
			t.Errorf("node %s runs %s", n.Name, v)
		}
	}
	overlay := strings.Contains(s.On(t, node1, "ip", "-br", "link"), "flannel.1")
	if overlay != (s.Cluster.CNI == bed.Flannel) {
		t.Errorf("CNI %s, overlay %v", s.Cluster.CNI, overlay)
	}
	proxy := strings.Contains(s.On(t, node1, "nft", "list", "tables"), "kube-proxy")
	if proxy != (s.Cluster.ProxyMode == bed.NFTables) {
		t.Errorf("proxy mode %s, nft table of kube-proxy %v", s.Cluster.ProxyMode, proxy)
	}
}

// Pods reach each other on one node and across nodes, by ICMP, UDP and TCP, and
// without translation.
func TestSmokePodsTalk(t *testing.T) {
	s := stage.Open(t)
	ns := s.Namespace(t, stage.Unlabelled)
	shell := s.Shell(t, ns, "shell", node1)
	near := s.Distroless(t, ns, "near", node1)
	far := s.Distroless(t, ns, "far", node2)
	if shell.Node != node1 || far.Node != node2 || shell.IP == near.IP {
		t.Fatalf("%+v %+v %+v", shell, near, far)
	}
	for _, to := range []stage.Pod{near, far} {
		s.Ping(t, shell, to.IP, 3)
		if n := s.Ask(t, shell, to.Web(), 10, time.Millisecond); n != 10 {
			t.Errorf("%d of 10 datagrams to %s came back", n, to.Name)
		}
		answer, err := s.Get(t, shell, to.Web())
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(answer, "hello from "+to.Name+" to "+shell.IP.String()+":") {
			t.Errorf("%s answers %q", to.Name, answer)
		}
	}
	if n := s.Load(t, far, near.Web(), 20<<20); n != 20<<20 {
		t.Errorf("%d bytes from node to node", n)
	}
}

// A service is reached from pods, from a pod in the node's network and from
// outside, and its pods are on both nodes.
func TestSmokeService(t *testing.T) {
	s := stage.Open(t)
	ns := s.Namespace(t, stage.Unlabelled)
	pods := s.Deployment(t, ns, "web", 2)
	if len(pods) != 2 || pods[0].Node != node1 || pods[1].Node != node2 {
		t.Fatalf("%+v", pods)
	}
	svc := s.Service(t, ns, "web")
	clients := []stage.Pod{s.Shell(t, ns, "shell", node1), s.HostNetwork(t, ns, "host", node2), s.TwoContainers(t, ns, "two", node1)}
	for _, from := range clients {
		var answer string
		labtest.Wait(t, 10*time.Second, "the service for "+from.Name, func() (ok bool) {
			var err error
			answer, err = s.Get(t, from, svc.Cluster)
			return err == nil
		})
		if !strings.HasPrefix(answer, "hello from web-") {
			t.Errorf("%s gets %q", from.Name, answer)
		}
	}
	if host, _ := s.Cluster.Node(node2); clients[1].IP != host.IP {
		t.Errorf("the pod in the node's network has %s", clients[1].IP)
	}
	if out := s.Exec(t, clients[2], "shell", "hostname"); strings.TrimSpace(out) != "two" {
		t.Errorf("container shell says %q", out)
	}
	node, _ := s.Cluster.Node(node1)
	outside := netip.AddrPortFrom(node.IP, svc.NodePort)
	labtest.Wait(t, 10*time.Second, "the port on the node", func() bool {
		c, err := new(net.Dialer).DialContext(t.Context(), "tcp", outside.String()) // from the machine, which is no node
		if err != nil {
			return false
		}
		return c.Close() == nil
	})
}

// A user may do nothing, then what is granted.
func TestSmokeRights(t *testing.T) {
	s := stage.Open(t)
	ns := s.Namespace(t, stage.Unlabelled)
	u := s.User(t)
	if _, err := s.KubectlAs(t, u.Kubeconfig, "get", "pods", "-n", ns); err == nil || !strings.Contains(err.Error(), `User "`+u.Name+`" cannot list resource "pods"`) {
		t.Errorf("a user without rights: %v", err)
	}
	s.Grant(t, u, ns, "view")
	labtest.Wait(t, 10*time.Second, "the role to work", func() bool {
		_, err := s.KubectlAs(t, u.Kubeconfig, "get", "pods", "-n", ns)
		return err == nil
	})
	if _, err := s.KubectlAs(t, u.Kubeconfig, "get", "pods", "-A"); err == nil {
		t.Error("a role in one namespace works in all")
	}
}

// A restricted namespace takes pods without privileges only.
func TestSmokeRestricted(t *testing.T) {
	s := stage.Open(t)
	ns := s.Namespace(t, stage.Restricted)
	s.Distroless(t, ns, "web", "")
	_, err := s.KubectlAs(t, s.Cluster.Kubeconfig(), "run", "-n", ns, "shell", "--image="+bed.ShellImage)
	if err == nil || !strings.Contains(err.Error(), "violates PodSecurity") {
		t.Errorf("a pod as root: %v", err)
	}
}

// The API server goes and comes back; a tainted node takes no pods.
func TestSmokeAccidents(t *testing.T) {
	s := stage.Open(t)
	ns := s.Namespace(t, stage.Unlabelled)
	restart := s.KillAPIServer(t)
	if _, err := s.KubectlAs(t, s.Cluster.Kubeconfig(), "get", "nodes", "--request-timeout=2s"); err == nil {
		t.Error("the API server answers while it is down")
	}
	restart()
	s.Kubectl(t, "get", "nodes")
	s.Taint(t, node1, corev1.Taint{Key: "e2e", Value: "yes", Effect: corev1.TaintEffectNoSchedule})
	// The scheduler comes back to the API server when it likes. It learns of
	// nodes in order: when it knows of the label, it knows of the taint.
	s.Kubectl(t, "label", "node", node2, "e2e=seen")
	t.Cleanup(func() { s.Kubectl(t, "label", "node", node2, "e2e-") })
	s.Kubectl(t, "run", "seen", "-n", ns, "--image="+bed.ShellImage, `--overrides={"spec":{"nodeSelector":{"e2e":"seen"}}}`)
	s.Kubectl(t, "wait", "-n", ns, "pod/seen", "--for=condition=PodScheduled", "--timeout=180s")
	for range 2 {
		name := "pod" + strings.ToLower(labtest.Name())
		if p := s.Shell(t, ns, name, ""); p.Node != node2 {
			t.Errorf("a pod was put on %s", p.Node)
		}
	}
}

// A node that is killed comes back, and its pods with it.
func TestSmokeNodeRestart(t *testing.T) {
	s := stage.Open(t)
	ns := s.Namespace(t, stage.Unlabelled)
	client := s.Shell(t, ns, "client", node1)
	before := s.Distroless(t, ns, "server", node2)
	s.RestartNode(t, node2)
	labtest.Wait(t, time.Minute, "the pod to be started again", func() bool {
		p, err := s.Client.CoreV1().Pods(ns).Get(t.Context(), "server", metav1.GetOptions{})
		return err == nil && len(p.Status.ContainerStatuses) == 1 && p.Status.ContainerStatuses[0].RestartCount == 1
	})
	after := s.Ready(t, ns, "server")
	if after.UID != before.UID {
		t.Errorf("pod %s became %s", before.UID, after.UID)
	}
	labtest.Wait(t, 30*time.Second, "the pod to answer", func() bool {
		answer, err := s.Get(t, client, after.Web())
		return err == nil && strings.HasPrefix(answer, "hello from server")
	})
}
