//go:build e2e

package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"sigs.k8s.io/yaml"

	"github.com/pktrail/pktrail/test/cluster/bed"
	"github.com/pktrail/pktrail/test/e2e/stage"
)

// Where no agent may be on a node, it is brought into the pod.
func TestCaptureInside(t *testing.T) {
	c := newCast(t)
	c.two = c.s.TwoContainers(t, c.ns, "two", node2)
	t.Run("exec", c.exec)
	t.Run("exec without head", func(t *testing.T) { c.execWith(t, "sh", "cat", "chmod", "rm") })
	t.Run("exec without a shell", func(t *testing.T) { c.execWith(t, "tar") })
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

// A container with these programs alone takes the upload, whichever way it is,
// and has nothing of it afterwards.
func (c *cast) execWith(t *testing.T, names ...string) {
	t.Helper()
	image := "pktrail.test/" + strings.Join(names, "-") + ":1"
	c.s.Tools(t, image, names...)
	pod := c.s.Pod(t, c.plain("with-"+names[0], image))
	for _, has := range []string{"sh", "head", "tar"} {
		_, err := c.s.KubectlAs(t, c.s.Cluster.Kubeconfig(), "exec", "-n", c.ns, pod.Name, "--", has, "--help") // dash knows no --help
		if there := err == nil || !strings.Contains(err.Error(), "executable file not found"); there != slices.Contains(names, has) {
			t.Fatalf("the container has %s: %v: %v", has, there, err)
		}
	}
	out := file(t)
	r := capturing(t, c.s, pod.Name, "-n", c.ns, "--method", "exec", "-f", "icmp", "-o", out)
	if !found(c.s.Left(t), "runs pktrail as /") {
		t.Error("no agent runs in the pod")
	}
	if left := c.s.Left(t); found(left, "file /") {
		t.Errorf("its file is there while it runs: %q", left)
	}
	c.s.Ping(t, c.shell, pod.IP, 3)
	ended(t, r.Stop(), "uploaded into container main of "+c.ns+"/"+pod.Name, "ended by Ctrl-C")
	once(t, frames(t, out), 6, pod.Name)
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

// An agent that is in the pod already, as docs/sidecar.yaml has it, takes one
// session after the other. Nothing is asked of the container beside it.
func (c *cast) sidecar(t *testing.T) {
	c.s.AgentImage(t)
	pod := c.beside(t)
	for range 2 {
		r := capturing(t, c.s, pod.Name, "-n", c.ns, "--method", "exec", "-f", "icmp", "--count", "2")
		c.s.Ping(t, c.shell, pod.IP, 1)
		end := r.Wait()
		ended(t, end, "using the agent in container pktrail-agent of "+pod.Name)
		if strings.Contains(end.Stderr, "creating") || strings.Count(end.Stdout, pod.Name+" eth0") != 2 {
			t.Errorf("it says\n%s%s", end.Stderr, end.Stdout)
		}
	}
	now, err := c.s.Client.CoreV1().Pods(c.ns).Get(t.Context(), pod.Name, metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range slices.Concat(now.Status.ContainerStatuses, now.Status.InitContainerStatuses) {
		if s.RestartCount != 0 {
			t.Errorf("container %s was started again", s.Name)
		}
	}
}

// beside starts the pod of docs/sidecar.yaml with images that there are here.
func (c *cast) beside(t *testing.T) stage.Pod {
	t.Helper()
	b, err := os.ReadFile("../../docs/sidecar.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var d appsv1.Deployment
	if err := yaml.UnmarshalStrict(b, &d); err != nil {
		t.Fatal(err)
	}
	p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: c.ns, Name: "beside"}, Spec: d.Spec.Template.Spec}
	p.Spec.NodeName, p.Spec.DNSPolicy = node1, corev1.DNSDefault
	p.Spec.TerminationGracePeriodSeconds, p.Spec.AutomountServiceAccountToken = new(int64(0)), new(bool)
	main, agent := &p.Spec.Containers[0], &p.Spec.InitContainers[0]
	main.Image, main.Args, main.ImagePullPolicy = bed.WebImage, nil, corev1.PullNever
	main.SecurityContext = &corev1.SecurityContext{RunAsUser: new(int64(65534)), Capabilities: &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}}}
	agent.Image, agent.ImagePullPolicy = agentImage(t), corev1.PullNever
	return c.s.Pod(t, p)
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

// Who may place nothing on nodes gets in by exec where that works, and is told
// of the other way where it does not; that one is never taken unasked.
func TestCaptureWithoutNodes(t *testing.T) {
	c := newCast(t)
	c.s.AgentImage(t)
	pod := c.beside(t) // before anybody looks: its agent stays
	role := c.ns + "-inside"
	c.s.Kubectl(t, "create", "clusterrole", role, "--verb=get,list,create", "--resource=pods,pods/exec")
	t.Cleanup(func() { c.s.Kubectl(t, "delete", "clusterrole", role) })
	user := c.s.User(t)
	c.s.Grant(t, user, c.ns, role)
	const why = "you may not create jobs.batch in namespace pktrail, so no agent can be placed on nodes"
	o := stage.RunOptions{Kubeconfig: user.Kubeconfig}

	r := c.s.Start(t, o, "capture", "shell", "-n", c.ns, "-f", "icmp", "--count", "2")
	catches(r)
	c.s.Ping(t, c.shell, c.web.IP, 1)
	ended(t, r.Wait(), "note: "+why, "uploaded into container main of "+c.ns+"/shell")

	// An agent that is in the pod is taken then, unasked, too.
	r = c.s.Start(t, o, "capture", pod.Name, "-n", c.ns, "-f", "icmp", "--count", "2")
	catches(r)
	c.s.Ping(t, c.shell, pod.IP, 1)
	ended(t, r.Wait(), "note: "+why, "using the agent in container pktrail-agent of "+pod.Name)

	refused(t, c.s.Start(t, o, "capture", "web", "-n", c.ns).Wait(), 1,
		why, "container main of pod web", "does not run as root", "--method ephemeral adds a container to the pod, whose record Kubernetes keeps")
	says(t, c.s.Start(t, o, "capture", "shell", "-n", c.ns, "--method", "node").Wait(), 1,
		"cannot create resource \"jobs\"", `in the namespace "pktrail"`, "deploy/rbac.yaml")
}
