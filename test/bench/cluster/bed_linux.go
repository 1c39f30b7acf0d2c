package cluster

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/pktrail/pktrail/test/cluster/bed"
)

// Options say what is measured, and how long.
type Options struct {
	// Pktrail is the program, with agents in it.
	Pktrail string
	// Tcpdump is a static tcpdump for the stand-in of ksniff; empty leaves it
	// out.
	Tcpdump string
	// Pairs is how many runs there are of each kind, Seconds how long those
	// last that carry a flood; 0 is the default of each.
	Pairs   int
	Seconds float64
	// Only picks figures whose name contains it.
	Only string
	// Verbose prints each run on stderr.
	Verbose bool
}

// ErrNone says that there is no cluster to measure on.
var ErrNone = bed.ErrNone

// bench is a namespace with pods, and what is run against them.
type bench struct {
	Options
	cluster *bed.Cluster
	config  *rest.Config
	client  kubernetes.Interface
	// space has the pods, agents those that are placed on nodes.
	space, agents string
	pods          []pod
	dir           string
	out           io.Writer
}

// pod has a shell and runs as root.
type pod struct {
	name, node, uid string
	proc            string // folder of its process in the node's /proc
}

// Figures prints all figures.
func Figures(ctx context.Context, o Options, out io.Writer) error {
	b, err := open(ctx, o, out)
	if err != nil {
		return err
	}
	defer b.close() //nolint:contextcheck // also when ctx has ended
	for _, f := range []struct {
		name string
		run  func(context.Context) error
	}{{"first", b.first}, {"sustained", b.sustained}, {"memory", b.memory}} {
		if !strings.Contains(f.name, o.Only) {
			continue
		}
		if err := f.run(ctx); err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
	}
	return nil
}

func open(ctx context.Context, o Options, out io.Writer) (_ *bench, err error) {
	c, err := bed.Find()
	if err != nil {
		return nil, err
	}
	b := &bench{Options: o, cluster: c, out: out}
	if b.Pktrail, err = filepath.Abs(o.Pktrail); err != nil {
		return nil, err
	}
	if b.config, err = clientcmd.BuildConfigFromFlags("", c.Kubeconfig()); err != nil {
		return nil, err
	}
	if b.client, err = kubernetes.NewForConfig(b.config); err != nil {
		return nil, err
	}
	if b.dir, err = os.MkdirTemp("", "pktrail-bench"); err != nil {
		return nil, err
	}
	b.space = "bench-" + strings.ToLower(rand.Text()[:6])
	b.agents = b.space + "-agents"
	if err := b.furnish(ctx); err != nil {
		b.close() //nolint:contextcheck // also when ctx has ended
		return nil, err
	}
	return b, nil
}

// furnish makes the agent's image known to both nodes, and the pods.
func (b *bench) furnish(ctx context.Context) error {
	tar := filepath.Join(b.dir, "agent.tar")
	if out, err := exec.CommandContext(ctx, b.Pktrail, "image", "save", tar).CombinedOutput(); err != nil {
		return fmt.Errorf("pktrail image save: %w: %s", err, out)
	}
	if err := b.cluster.Load(ctx, tar); err != nil {
		return err
	}
	for _, name := range []string{b.space, b.agents} {
		ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}
		if name == b.agents {
			ns.Labels = map[string]string{"pod-security.kubernetes.io/enforce": "privileged"}
		}
		if _, err := b.client.CoreV1().Namespaces().Create(ctx, ns, metav1.CreateOptions{}); err != nil {
			return err
		}
	}
	err := until(ctx, 30*time.Second, "a service account", func() (bool, error) {
		_, err := b.client.CoreV1().ServiceAccounts(b.space).Get(ctx, "default", metav1.GetOptions{})
		return err == nil, nil
	})
	if err != nil {
		return err
	}
	for i := range podCount {
		if err := b.addPod(ctx, fmt.Sprintf("shell%d", i+1), b.cluster.Nodes[i%len(b.cluster.Nodes)].Name); err != nil {
			return err
		}
	}
	return nil
}

// podCount is how many pods there are, in turn on the nodes.
const podCount = 6

func (b *bench) addPod(ctx context.Context, name, node string) error {
	zero, no := int64(0), false
	p := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"app": "shell"}},
		Spec: corev1.PodSpec{
			NodeName: node, DNSPolicy: corev1.DNSDefault, AutomountServiceAccountToken: &no, TerminationGracePeriodSeconds: &zero,
			Containers: []corev1.Container{{Name: "main", Image: bed.ShellImage, ImagePullPolicy: corev1.PullNever}},
		},
	}
	api := b.client.CoreV1().Pods(b.space)
	made, err := api.Create(ctx, p, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	out := pod{name: name, node: node, uid: string(made.UID)}
	err = until(ctx, time.Minute, "pod "+name, func() (bool, error) {
		p, err := api.Get(ctx, name, metav1.GetOptions{})
		if err != nil || p.Status.Phase != corev1.PodRunning {
			return false, err
		}
		out.proc, err = b.process(node, "/pod"+out.uid, "")
		return out.proc != "", err
	})
	b.pods = append(b.pods, out)
	return err
}

// process finds a process on a node by its cgroup and a word of its command, and
// gives its folder in the node's /proc.
func (b *bench) process(node, group, word string) (string, error) {
	n, _ := b.cluster.Node(node)
	root, err := b.cluster.Root(n)
	if err != nil {
		return "", err
	}
	files, err := filepath.Glob(filepath.Join(root, "proc/[0-9]*/cgroup"))
	if err != nil {
		return "", err
	}
	slices.SortFunc(files, func(a, b string) int { return len(a) - len(b) }) // older ones first, mostly
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil || !strings.Contains(string(text), group) {
			continue // gone, or somebody else
		}
		if words, err := os.ReadFile(filepath.Join(filepath.Dir(f), "cmdline")); err == nil && strings.Contains(string(words), word) {
			return filepath.Dir(f), nil
		}
	}
	return "", nil
}

// close takes everything away, and does not wait for it.
func (b *bench) close() {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	for _, name := range []string{b.space, b.agents} {
		_ = b.client.CoreV1().Namespaces().Delete(ctx, name, metav1.DeleteOptions{}) // or it never was
	}
	_ = os.RemoveAll(b.dir)
}

// until waits until something is so.
func until(ctx context.Context, patience time.Duration, what string, so func() (bool, error)) error {
	for late := time.Now().Add(patience); ; {
		yes, err := so()
		if yes || err != nil {
			return err
		}
		if time.Now().After(late) {
			return errors.New("waited too long for " + what)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(2 * time.Millisecond):
		}
	}
}
