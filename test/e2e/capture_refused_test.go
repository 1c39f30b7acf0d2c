//go:build e2e

package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"

	"github.com/pktrail/pktrail/test/e2e/stage"
)

// What cannot work is said at once, with what helps, and nothing is created:
// not even the agents' namespace, which is of this test alone.
func TestCaptureRefused(t *testing.T) {
	s := stage.Open(t)
	ns := s.Namespace(t, stage.Unlabelled)
	s.Deployment(t, ns, "web", 2)
	s.Shell(t, ns, "shell", node1)
	agents := ns + "-agents"
	for _, k := range []struct {
		name string
		args []string
		code int
		want []string
	}{
		{"injection", []string{"shell", "-f", "; touch /tmp/x"}, 2, []string{`filter: unexpected character at ";" (column 1)`}},
		{"substitution", []string{"shell", "-f", "icmp $(touch /tmp/x)"}, 2, []string{`filter: `, `"$"`}},
		{"injection in words", []string{"shell", "--", "icmp'; touch /tmp/x; '"}, 2, []string{"filter: unexpected character"}},
		{"unclosed", []string{"shell", "-f", "icmp and ("}, 2, []string{"filter: expression is incomplete"}},
		{"pod typo", []string{"shel"}, 1, []string{"there is no pod shel in namespace " + ns, "did you mean shell?"}},
		{"kind", []string{"pod/web"}, 1, []string{"there is deploy/web"}},
		{"workload typo", []string{"deploy/wep"}, 1, []string{"there is no deployment wep", "did you mean web?"}},
		{"unknown kind", []string{"deployy/web"}, 2, []string{"deployy"}},
		{"selector", []string{"-l", "app=nobody"}, 1, []string{"app=nobody"}},
		{"namespace", []string{"shell", "-n", ns + "x"}, 1, []string{"there is no namespace " + ns + "x", "-n " + ns}},
		{"too many", []string{"deploy/web", "--max-targets", "1"}, 2, []string{"2 pods, more than 1", "--max-targets 2 takes them all"}},
		{"context", []string{"shell", "-x", "nowhere"}, 1, []string{"kubeconfig has no context nowhere", "its contexts: "}},
		{"method", []string{"shell", "--method", "magic"}, 2, []string{`unknown method "magic"`}},
	} {
		t.Run(k.name, func(t *testing.T) {
			args := append([]string{"capture", "-n", ns, "--agent-namespace", agents}, k.args...)
			r := s.Pktrail(t, args...)
			refused(t, r, k.code, k.want...)
			if r.Took > 3*time.Second {
				t.Errorf("it took %v", r.Took)
			}
		})
	}
	_, err := s.Client.CoreV1().Namespaces().Get(t.Context(), agents, metav1.GetOptions{})
	if !apierrors.IsNotFound(err) {
		t.Errorf("namespace %s: %v", agents, err)
	}
}

// An image that cannot be had is known within seconds, and its Job is removed.
func TestCaptureImageMissing(t *testing.T) {
	s := stage.Open(t)
	ns := s.Namespace(t, stage.Unlabelled)
	s.Shell(t, ns, "shell", node1)
	for _, k := range []struct{ name, policy, want string }{
		{"pulled", "IfNotPresent", "failed to"},
		{"never pulled", "Never", "not present"},
	} {
		t.Run(k.name, func(t *testing.T) {
			r := s.Pktrail(t, "capture", "shell", "-n", ns, "--image", "nowhere.test/x:1", "--image-pull-policy", k.policy)
			says(t, r, 1, "pktrail: error: ", "image nowhere.test/x:1 cannot be had", k.want, "pktrail: hint: pktrail image push REF")
			if r.Took > 20*time.Second {
				t.Errorf("it took %v", r.Took)
			}
		})
	}
}

// Kubeconfigs as kubectl reads them.
func TestCaptureKubeconfig(t *testing.T) {
	s := stage.Open(t)
	ns := s.Namespace(t, stage.Unlabelled)
	s.Shell(t, ns, "shell", node1)
	whole, err := clientcmd.LoadFromFile(s.Cluster.Kubeconfig())
	if err != nil {
		t.Fatal(err)
	}
	current := whole.Contexts[whole.CurrentContext]
	dir := t.TempDir()
	write := func(name string, c *api.Config) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := clientcmd.WriteToFile(*c, path); err != nil {
			t.Fatal(err)
		}
		return path
	}
	names := &api.Config{CurrentContext: "here", Contexts: map[string]*api.Context{
		"here":  {Cluster: current.Cluster, AuthInfo: current.AuthInfo, Namespace: ns},
		"plain": {Cluster: current.Cluster, AuthInfo: current.AuthInfo},
		"away":  {Cluster: "away", AuthInfo: current.AuthInfo},
	}, Clusters: map[string]*api.Cluster{"away": {Server: "https://127.0.0.1:1"}}}
	first := write("names", names)
	second := write("who", &api.Config{Clusters: whole.Clusters, AuthInfos: whole.AuthInfos})
	several := strings.Join([]string{first, filepath.Join(dir, "none"), second}, string(os.PathListSeparator))
	run := func(t *testing.T, o stage.RunOptions, args ...string) stage.Result {
		t.Helper()
		return s.Start(t, o, append([]string{"capture"}, args...)...).Wait()
	}

	t.Run("several files", func(t *testing.T) {
		s.AgentImage(t)
		r := s.Start(t, stage.RunOptions{Kubeconfig: several}, "capture", "shell", "-f", "icmp", "--duration", "1s")
		ended(t, r.Wait(), "shell (node1)", "ended by the limit of time")
	})
	t.Run("context without a namespace", func(t *testing.T) {
		refused(t, run(t, stage.RunOptions{Kubeconfig: several}, "shell", "--context", "plain"), 1,
			"there is no pod shell in namespace default", "another namespace: ")
	})
	t.Run("wrong context", func(t *testing.T) {
		refused(t, run(t, stage.RunOptions{Kubeconfig: several}, "shell", "--context", "plane"), 1,
			"kubeconfig has no context plane", "its contexts: away, here, plain")
	})
	t.Run("server away", func(t *testing.T) {
		r := run(t, stage.RunOptions{Kubeconfig: several}, "shell", "--context", "away")
		refused(t, r, 1, "API server 127.0.0.1:1 refuses the connection", "kubectl cluster-info")
		if r.Took > 5*time.Second {
			t.Errorf("it took %v", r.Took)
		}
	})
	t.Run("no cluster", func(t *testing.T) {
		refused(t, run(t, stage.RunOptions{NoKubeconfig: true}, "shell"), 1, "no cluster is configured", "set KUBECONFIG or --kubeconfig")
	})
	t.Run("no such file", func(t *testing.T) {
		refused(t, run(t, stage.RunOptions{NoKubeconfig: true}, "shell", "--kubeconfig", filepath.Join(dir, "none")), 1, filepath.Join(dir, "none"))
	})
	t.Run("broken file", func(t *testing.T) {
		path := filepath.Join(dir, "broken")
		if err := os.WriteFile(path, []byte("{ this is not"), 0o600); err != nil {
			t.Fatal(err)
		}
		refused(t, run(t, stage.RunOptions{Kubeconfig: path}, "shell"), 1, "read kubeconfig", path)
	})
}
