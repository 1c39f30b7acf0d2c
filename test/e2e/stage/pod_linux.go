package stage

import (
	"net"
	"net/netip"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/pktrail/pktrail/internal/lab"
	"github.com/pktrail/pktrail/internal/lab/labtest"
	"github.com/pktrail/pktrail/test/cluster/bed"
)

// WebPort is where the images' web server listens, for TCP and UDP.
const WebPort = 8080

// Pod is one that runs.
type Pod struct {
	Namespace, Name, Node string
	UID                   types.UID
	IP                    netip.Addr

	client string // where the test bed's client is in the first container
}

// Web is the address of the pod's web server.
func (p Pod) Web() netip.AddrPort { return netip.AddrPortFrom(p.IP, WebPort) }

// Shell starts a pod with a shell that runs as root and serves nothing. An empty
// node lets the scheduler choose, for all pods here.
func (s *Stage) Shell(tb testing.TB, namespace, name, node string) Pod {
	tb.Helper()
	return s.Pod(tb, pod(namespace, name, node, shell("main")))
}

// Distroless starts a pod without a shell, as user 65534 and without any
// capability, that serves on WebPort. It is good for a restricted namespace.
func (s *Stage) Distroless(tb testing.TB, namespace, name, node string) Pod {
	tb.Helper()
	return s.serving(tb, s.Pod(tb, pod(namespace, name, node, web("main"))))
}

// HostNetwork starts a pod in its node's network, with a shell.
func (s *Stage) HostNetwork(tb testing.TB, namespace, name, node string) Pod {
	tb.Helper()
	p := pod(namespace, name, node, shell("main"))
	p.Spec.HostNetwork = true
	return s.Pod(tb, p)
}

// TwoContainers starts a pod with a container "web" without a shell and a
// container "shell".
func (s *Stage) TwoContainers(tb testing.TB, namespace, name, node string) Pod {
	tb.Helper()
	return s.serving(tb, s.Pod(tb, pod(namespace, name, node, web("web"), shell("shell"))))
}

// Pod starts a pod and waits until it is ready.
func (s *Stage) Pod(tb testing.TB, p *corev1.Pod) Pod {
	tb.Helper()
	if _, err := s.Client.CoreV1().Pods(p.Namespace).Create(tb.Context(), p, metav1.CreateOptions{}); err != nil {
		tb.Fatal(err)
	}
	return s.Ready(tb, p.Namespace, p.Name)
}

// Ready waits until a pod is ready.
func (s *Stage) Ready(tb testing.TB, namespace, name string) Pod {
	tb.Helper()
	var found Pod
	labtest.Wait(tb, time.Minute, "pod "+namespace+"/"+name, func() bool {
		p, err := s.Client.CoreV1().Pods(namespace).Get(tb.Context(), name, metav1.GetOptions{})
		if err != nil || !ready(p) {
			return false
		}
		found, err = running(p)
		return err == nil
	})
	return found
}

// serving waits until the pod's web server answers. A readiness probe would do
// that too, and be in every capture.
func (s *Stage) serving(tb testing.TB, p Pod) Pod {
	tb.Helper()
	n, ok := s.Cluster.Node(p.Node)
	if !ok {
		tb.Fatalf("pod %s is on %q", p.Name, p.Node)
	}
	labtest.Wait(tb, 10*time.Second, "the server in pod "+p.Name, func() bool {
		return lab.Do(n.Space, func() error {
			c, err := net.DialTimeout("tcp", p.Web().String(), time.Second) //nolint:noctx // it has a timeout
			if err != nil {
				return err
			}
			return c.Close()
		}) == nil
	})
	return p
}

func ready(p *corev1.Pod) bool {
	for _, c := range p.Status.Conditions {
		if c.Type == corev1.PodReady {
			return c.Status == corev1.ConditionTrue && p.DeletionTimestamp == nil
		}
	}
	return false
}

func running(p *corev1.Pod) (Pod, error) {
	ip, err := netip.ParseAddr(p.Status.PodIP)
	client := "/web"
	if p.Spec.Containers[0].Image == bed.ShellImage {
		client = "/bin/web"
	}
	return Pod{Namespace: p.Namespace, Name: p.Name, Node: p.Spec.NodeName, UID: p.UID, IP: ip, client: client}, err
}

// pod goes at once when it is told to: its processes have nothing to save.
func pod(namespace, name, node string, containers ...corev1.Container) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, Labels: map[string]string{"app": name}},
		Spec: corev1.PodSpec{
			NodeName:                      node,
			Containers:                    containers,
			DNSPolicy:                     corev1.DNSDefault, // there is no DNS in the cluster
			AutomountServiceAccountToken:  new(bool),
			EnableServiceLinks:            new(bool),
			TerminationGracePeriodSeconds: new(int64(0)),
		},
	}
}

func shell(name string) corev1.Container {
	return corev1.Container{Name: name, Image: bed.ShellImage, ImagePullPolicy: corev1.PullNever}
}

func web(name string) corev1.Container {
	return corev1.Container{
		Name: name, Image: bed.WebImage, ImagePullPolicy: corev1.PullNever,
		Ports: []corev1.ContainerPort{{ContainerPort: WebPort}},
		SecurityContext: &corev1.SecurityContext{
			RunAsUser:                new(int64(65534)),
			RunAsNonRoot:             new(true),
			AllowPrivilegeEscalation: new(bool),
			ReadOnlyRootFilesystem:   new(true),
			Capabilities:             &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
			SeccompProfile:           &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
		},
	}
}
