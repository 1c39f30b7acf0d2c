//go:build e2e

package e2e

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/pktrail/pktrail/test/cluster/bed"
	"github.com/pktrail/pktrail/test/e2e/stage"
)

// Where no agent may be on a node, it is brought into the pod.
func TestCaptureInside(t *testing.T) {
	c := newCast(t)
	c.two = c.s.TwoContainers(t, c.ns, "two", node2)
	t.Run("exec", c.exec)
	t.Run("exec refused", c.execRefused)
	t.Run("exec in a container", c.execContainer)
	t.Run("ephemeral", c.ephemeral)
	t.Run("sidecar", c.sidecar)
}

// The upload leaves neither a file nor a process; the look for what is left
// goes into the pod.
func (c *cast) exec(t *testing.T) {
	out := file(t)
	r := capturing(t, c.s, "shell", "-n", c.ns, "--method", "exec", "-f", "icmp", "-o", out)
	if !found(c.s.Left(t), "runs pktrail as /") {
		t.Error("no agent runs in the pod")
	}
	c.s.Ping(t, c.shell, c.web.IP, 3)
	end := r.Stop()
	ended(t, end, "creating an agent of ", "uploaded into container main of "+c.ns+"/shell", "ended by Ctrl-C")
	if strings.Contains(end.Stderr, "Job") {
		t.Error("it speaks of a Job")
	}
	once(t, frames(t, out), 6, "shell")
}

func (c *cast) execRefused(t *testing.T) {
	refused(t, c.s.Pktrail(t, "capture", "web", "-n", c.ns, "--method", "exec"), 1,
		"container main of pod web in namespace "+c.ns+" does not run as root", "--method node needs nothing in the pod")

	p := c.plain("no-shell", bed.WebImage)
	c.s.Pod(t, p)
	says(t, c.s.Pktrail(t, "capture", "no-shell", "-n", c.ns, "--method", "exec"), 1,
		"the container has neither a shell nor tar to upload with", "--method node")

	p = c.plain("no-raw", bed.ShellImage)
	p.Spec.Containers[0].SecurityContext = &corev1.SecurityContext{Capabilities: &corev1.Capabilities{Drop: []corev1.Capability{"NET_RAW"}}}
	c.s.Pod(t, p)
	refused(t, c.s.Pktrail(t, "capture", "no-raw", "-n", c.ns, "--method", "exec"), 1, "has no capability NET_RAW")

	p = c.plain("read-only", bed.ShellImage)
	p.Spec.Containers[0].SecurityContext = &corev1.SecurityContext{ReadOnlyRootFilesystem: new(true)}
	c.s.Pod(t, p)
	refused(t, c.s.Pktrail(t, "capture", "read-only", "-n", c.ns, "--method", "exec"), 1, "has a read-only file system")
}

// plain is a pod of one container as root.
func (c *cast) plain(name, image string) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: c.ns, Name: name},
		Spec: corev1.PodSpec{
			NodeName: node1, TerminationGracePeriodSeconds: new(int64(0)), AutomountServiceAccountToken: new(bool),
			DNSPolicy:  corev1.DNSDefault,
			Containers: []corev1.Container{{Name: "main", Image: image, ImagePullPolicy: corev1.PullNever}},
		},
	}
}

// The first container has no shell, the second has.
func (c *cast) execContainer(t *testing.T) {
	refused(t, c.s.Pktrail(t, "capture", "two", "-n", c.ns, "--method", "exec"), 1, "container web of pod two")
	r := capturing(t, c.s, "two", "-n", c.ns, "--method", "exec", "-c", "shell", "-f", "icmp", "--count", "4")
	c.s.Ping(t, c.shell, c.two.IP, 2)
	end := r.Wait()
	ended(t, end, "uploaded into container shell of "+c.ns+"/two")
	if n := strings.Count(end.Stdout, "two eth0"); n != 4 {
		t.Errorf("%d lines:\n%s", n, end.Stdout)
	}
}

// The container ends; that it was there stays in the pod, which is said before.
func (c *cast) ephemeral(t *testing.T) {
	out := file(t)
	r := capturing(t, c.s, "web", "-n", c.ns, "--method", "ephemeral", "-f", "icmp", "-o", out)
	if !strings.Contains(r.Stderr(), "creating an ephemeral container (") ||
		!strings.Contains(r.Stderr(), "Kubernetes keeps its record in the pod until the pod goes") {
		t.Errorf("it says\n%s", r.Stderr())
	}
	c.s.Ping(t, c.shell, c.web.IP, 2)
	ended(t, r.Stop(), "ended by Ctrl-C")
	once(t, frames(t, out), 4, "web")
	p, err := c.s.Client.CoreV1().Pods(c.ns).Get(t.Context(), "web", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if n := len(p.Spec.EphemeralContainers); n != 1 {
		t.Errorf("%d ephemeral containers in the pod's record", n)
	}
	if p.Status.ContainerStatuses[0].RestartCount != 0 {
		t.Error("the pod's own container was started again")
	}
}

// An agent that is in the pod already takes one session after the other, and
// nothing is asked of the container beside it.
func (c *cast) sidecar(t *testing.T) {
	c.s.AgentImage(t)
	p := c.plain("beside", bed.WebImage)
	p.Spec.Containers[0].SecurityContext = &corev1.SecurityContext{RunAsUser: new(int64(65534)), Capabilities: &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}}}
	p.Spec.Containers = append(p.Spec.Containers, corev1.Container{
		Name: "tracer", Image: agentImage(t), ImagePullPolicy: corev1.PullNever, Args: []string{"serve", "--stay"},
		VolumeMounts: []corev1.VolumeMount{{Name: "run", MountPath: "/run/pktrail"}},
		SecurityContext: &corev1.SecurityContext{
			RunAsUser: new(int64), ReadOnlyRootFilesystem: new(true), AllowPrivilegeEscalation: new(bool),
			Capabilities: &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}, Add: []corev1.Capability{"NET_RAW", "NET_ADMIN"}},
		},
	})
	p.Spec.Volumes = []corev1.Volume{{Name: "run", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{Medium: corev1.StorageMediumMemory}}}}
	pod := c.s.Pod(t, p)
	for range 2 {
		r := capturing(t, c.s, "beside", "-n", c.ns, "--method", "exec", "-f", "icmp", "--count", "2")
		c.s.Ping(t, c.shell, pod.IP, 1)
		end := r.Wait()
		ended(t, end, "using the agent in container tracer of beside")
		if strings.Contains(end.Stderr, "creating") || strings.Count(end.Stdout, "beside eth0") != 2 {
			t.Errorf("it says\n%s%s", end.Stderr, end.Stdout)
		}
	}
	now, err := c.s.Client.CoreV1().Pods(c.ns).Get(t.Context(), "beside", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range now.Status.ContainerStatuses {
		if s.RestartCount != 0 {
			t.Errorf("container %s was started again", s.Name)
		}
	}
}

// agentImage is the name that pktrail gives its image.
func agentImage(t *testing.T) string {
	t.Helper()
	program, err := stage.Program()
	if err != nil {
		t.Fatal(err)
	}
	tar := filepath.Join(t.TempDir(), "agent.tar")
	said, err := exec.CommandContext(t.Context(), program, "image", "save", tar).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	name, _, _ := strings.Cut(strings.TrimPrefix(string(said), tar+": "), " ")
	return name
}
