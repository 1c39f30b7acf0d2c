//go:build e2e

package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"golang.org/x/sys/unix"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/pktrail/pktrail/internal/lab/labtest"
	"github.com/pktrail/pktrail/test/cluster/bed"
	"github.com/pktrail/pktrail/test/e2e/stage"
)

// planted is something that a test leaves behind on purpose.
type planted struct {
	name  string
	plant func(t *testing.T)
	// want is part of the line that has to be found.
	want string
}

// The look for what is left finds everything that somebody could leave, in a pod
// and on a node, and nothing in a cluster where nobody left anything.
func TestSmokeFindsWhatIsLeft(t *testing.T) {
	s := stage.Open(t)
	ns := s.Namespace(t, stage.Unlabelled)
	pod := s.Shell(t, ns, "shell", node2)
	agent := buildAgent(t)
	clean := s.Left(t)
	if len(clean) != 0 {
		t.Fatalf("found before anything was left:\n%s", strings.Join(clean, "\n"))
	}
	all := slices.Concat(plantedInPod(s, pod, agent), plantedOnNode(s), plantedInAPI(s, ns))
	for _, p := range all {
		t.Run(p.name, func(t *testing.T) {
			t.Cleanup(func() { s.Gone(t, clean) }) // after plant's own
			p.plant(t)
			if list := s.Left(t); !found(list, p.want) {
				t.Errorf("no %q in\n%s", p.want, strings.Join(list, "\n"))
			}
		})
	}
}

func found(list []string, what string) bool {
	return slices.ContainsFunc(list, func(line string) bool { return strings.Contains(line, what) })
}

func buildAgent(t *testing.T) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "agent")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", path, "github.com/pktrail/pktrail/cmd/pktrail-agent")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func plantedInPod(s *stage.Stage, pod stage.Pod, agent []byte) []planted {
	onPod := func(t *testing.T, argv ...string) { t.Helper(); s.Exec(t, pod, "", argv...) }
	return []planted{
		{"file by name", func(t *testing.T) {
			t.Helper()
			onPod(t, "touch", "/tmp/pktrail-x")
			t.Cleanup(func() { remove(t, s, pod, "/tmp/pktrail-x") })
		}, "file /tmp/pktrail-x (process"},
		{"program under another name", func(t *testing.T) {
			t.Helper()
			s.Put(t, pod, "/var-x", agent)
			t.Cleanup(func() { remove(t, s, pod, "/var-x") })
		}, "file /var-x (process"},
		{"process without its file", func(t *testing.T) {
			t.Helper()
			s.Put(t, pod, "/tmp/x", agent)
			// It waits for its request on a pipe that nobody writes to.
			onPod(t, "sh", "-c", "mkfifo /tmp/f; (exec 3<>/tmp/f; /tmp/x <&3 >/dev/null 2>&1 &)")
			labtest.Wait(t, 10*time.Second, "the agent", func() bool { return found(s.Left(t), "runs pktrail as /tmp/x (process") })
			onPod(t, "rm", "/tmp/x", "/tmp/f")
			t.Cleanup(func() {
				if n := s.KillAgents(t, pod.Node); n != 1 {
					t.Errorf("killed %d agents", n)
				}
			})
		}, "runs pktrail as /tmp/x (deleted) (process"},
		{"nft table", func(t *testing.T) {
			t.Helper()
			s.InNetwork(t, pod, "nft", "add", "table", "inet", "pktrail-x")
			t.Cleanup(func() { s.InNetwork(t, pod, "nft", "delete", "table", "inet", "pktrail-x") })
		}, "nft table inet pktrail-x"},
		{"netfilter's logger", func(t *testing.T) {
			t.Helper()
			const setting = "/proc/sys/net/netfilter/nf_log/2"
			var was []byte
			s.Enter(t, pod, func() (err error) {
				if was, err = os.ReadFile(setting); err != nil {
					return err
				}
				return os.WriteFile(setting, []byte("nfnetlink_log"), 0o644)
			})
			t.Cleanup(func() { s.Enter(t, pod, func() error { return os.WriteFile(setting, was, 0o644) }) })
		}, "netfilter logs IPv4 to nfnetlink_log"},
		{"unix socket", func(t *testing.T) {
			t.Helper()
			bindIn(t, s, pod, unix.AF_UNIX, &unix.SockaddrUnix{Name: "@pktrail-x"})
		}, "unix socket @pktrail-x"},
		{"packet socket", func(t *testing.T) {
			t.Helper()
			bindIn(t, s, pod, unix.AF_PACKET, &unix.SockaddrLinklayer{Protocol: 0x0300}) // ETH_P_ALL
		}, "packet socket"},
	}
}

func remove(t *testing.T, s *stage.Stage, pod stage.Pod, path string) {
	t.Helper()
	s.Exec(t, pod, "", "rm", path)
}

// bindIn opens a socket in a pod's network until the test ends.
func bindIn(t *testing.T, s *stage.Stage, pod stage.Pod, family int, addr unix.Sockaddr) {
	t.Helper()
	s.Enter(t, pod, func() error {
		fd, err := unix.Socket(family, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return err
		}
		t.Cleanup(func() { unix.Close(fd) })
		return unix.Bind(fd, addr)
	})
}

func plantedOnNode(s *stage.Stage) []planted {
	return []planted{
		{"file on the node", func(t *testing.T) {
			t.Helper()
			s.On(t, node1, "touch", "/run/pktrail.sock")
			t.Cleanup(func() { s.On(t, node1, "rm", "/run/pktrail.sock") })
		}, "node1: file /run/pktrail.sock"},
		{"nft table on the node", func(t *testing.T) {
			t.Helper()
			s.On(t, node2, "nft", "add", "table", "ip", "pktrail-x")
			t.Cleanup(func() { s.On(t, node2, "nft", "delete", "table", "ip", "pktrail-x") })
		}, "node2: nft table ip pktrail-x"},
		{"BPF program", func(t *testing.T) {
			t.Helper()
			node, _ := s.Cluster.Node(node1)
			root, err := s.Cluster.Root(node)
			if err != nil {
				t.Fatal(err)
			}
			prog, err := ebpf.NewProgram(&ebpf.ProgramSpec{
				Name: "pkt_left", Type: ebpf.SocketFilter, License: "GPL",
				Instructions: asm.Instructions{asm.Mov.Imm(asm.R0, 0), asm.Return()},
			})
			if err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(root, "sys/fs/bpf/x")
			if err := prog.Pin(path); err != nil {
				t.Fatal(err)
			}
			if err := prog.Close(); err != nil { // nobody holds it now
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if err := os.Remove(path); err != nil {
					t.Error(err)
				}
			})
		}, "pkt_left"},
	}
}

func plantedInAPI(s *stage.Stage, ns string) []planted {
	return []planted{
		{"pod", func(t *testing.T) {
			t.Helper()
			pods := s.Client.CoreV1().Pods(ns)
			p := &corev1.Pod{
				ObjectMeta: metav1.ObjectMeta{Name: "x", Labels: map[string]string{"app.kubernetes.io/managed-by": "pktrail"}},
				Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "x", Image: bed.PauseImage}}, TerminationGracePeriodSeconds: new(int64(0))},
			}
			if _, err := pods.Create(t.Context(), p, metav1.CreateOptions{}); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { s.Kubectl(t, "delete", "pod", "-n", ns, "x", "--wait=false") })
		}, "API: pod " + ns + "/x"},
		{"secret", func(t *testing.T) {
			t.Helper()
			s.Kubectl(t, "create", "secret", "generic", "-n", ns, "pktrail-x")
			t.Cleanup(func() { s.Kubectl(t, "delete", "secret", "-n", ns, "pktrail-x") })
		}, "API: secret " + ns + "/pktrail-x"},
	}
}
