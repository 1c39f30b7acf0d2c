package stage

import (
	"strconv"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/util/retry"

	"github.com/pktrail/pktrail/test/cluster/bed"
	"github.com/pktrail/pktrail/test/e2e/left"
)

// KillAPIServer kills the API server. The returned function starts it again and
// waits until it serves; the test's end does so, too.
func (s *Stage) KillAPIServer(tb testing.TB) (restart func()) {
	tb.Helper()
	if err := s.Cluster.Stop(bed.APIServerProcess); err != nil {
		tb.Fatal(err)
	}
	down := true
	restart = func() {
		tb.Helper()
		if !down {
			return
		}
		down = false
		ctx, cancel := bounded(tb)
		defer cancel()
		if err := s.Cluster.Start(ctx, bed.APIServerProcess); err != nil {
			tb.Error(err)
		}
	}
	tb.Cleanup(restart)
	return restart
}

// RestartNode ends everything that runs on a node, at once, and starts it again.
// Its pods come back in their own time.
func (s *Stage) RestartNode(tb testing.TB, node string) {
	tb.Helper()
	if err := s.Cluster.Restart(tb.Context(), node); err != nil {
		tb.Fatal(err)
	}
}

// KillAgents kills all processes of pktrail on a node and returns how many there
// were.
func (s *Stage) KillAgents(tb testing.TB, node string) int {
	tb.Helper()
	n := s.node(tb, node)
	pids, err := left.Agents(s.Cluster, n)
	if err != nil {
		tb.Fatal(err)
	}
	for _, pid := range pids {
		s.On(tb, node, "kill", "-KILL", strconv.Itoa(pid))
	}
	return len(pids)
}

// On runs a command on a node, as root, and returns what it prints.
func (s *Stage) On(tb testing.TB, node string, argv ...string) string {
	tb.Helper()
	ctx, cancel := bounded(tb)
	defer cancel()
	cmd, err := s.Cluster.On(ctx, s.node(tb, node), argv...)
	if err != nil {
		tb.Fatal(err)
	}
	out, err := cmd.CombinedOutput()
	if err != nil {
		tb.Fatalf("%q on %s: %v: %s", argv, node, err, out)
	}
	return string(out)
}

func (s *Stage) node(tb testing.TB, name string) bed.Node {
	tb.Helper()
	n, ok := s.Cluster.Node(name)
	if !ok {
		tb.Fatalf("there is no node %q", name)
	}
	return n
}

// Taint puts a taint on a node until the test ends.
func (s *Stage) Taint(tb testing.TB, node string, taint corev1.Taint) {
	tb.Helper()
	change := func(edit func([]corev1.Taint) []corev1.Taint) error {
		ctx, cancel := bounded(tb)
		defer cancel()
		return retry.RetryOnConflict(retry.DefaultRetry, func() error {
			n, err := s.Client.CoreV1().Nodes().Get(ctx, node, metav1.GetOptions{})
			if err != nil {
				return err
			}
			n.Spec.Taints = edit(n.Spec.Taints)
			_, err = s.Client.CoreV1().Nodes().Update(ctx, n, metav1.UpdateOptions{})
			return err
		})
	}
	if err := change(func(all []corev1.Taint) []corev1.Taint { return append(all, taint) }); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		err := change(func(all []corev1.Taint) []corev1.Taint {
			var rest []corev1.Taint
			for _, t := range all {
				if !t.MatchTaint(&taint) {
					rest = append(rest, t)
				}
			}
			return rest
		})
		if err != nil {
			tb.Error(err)
		}
	})
}
