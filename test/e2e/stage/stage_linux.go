package stage

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/pktrail/pktrail/test/cluster/bed"
)

// Stage is the cluster that is up and the pktrail under test.
type Stage struct {
	Cluster *bed.Cluster
	// Client may do everything.
	Client kubernetes.Interface

	image   func() error // loads the agent's image, once
	watched sync.Map     // names of tests that end with a look for what is left
}

// Open finds the cluster. Without one the test fails: `make e2e` makes one, and
// so does `go run ./test/cluster up`.
func Open(tb testing.TB) *Stage {
	tb.Helper()
	s, err := opened()
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// opened is done once for all tests of a package.
var opened = sync.OnceValues(open)

func open() (*Stage, error) {
	c, err := bed.Find()
	if err != nil {
		return nil, fmt.Errorf("%w: `make e2e` or `go run ./test/cluster up` makes one", err)
	}
	if dead := c.Dead(); len(dead) > 0 || !c.Ready {
		return nil, fmt.Errorf("the cluster is not whole: %s", strings.Join(dead, ", "))
	}
	config, err := clientcmd.BuildConfigFromFlags("", c.Kubeconfig())
	if err != nil {
		return nil, fmt.Errorf("read kubeconfig: %w", err)
	}
	config.QPS, config.Burst = 100, 200
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("make client: %w", err)
	}
	s := &Stage{Cluster: c, Client: client}
	s.image = sync.OnceValue(s.loadImage)
	return s, nil
}

// Program is the path of the pktrail under test: $PKTRAIL, or what `make build`
// builds, once.
func Program() (string, error) { return builtOnce() }

var builtOnce = sync.OnceValues(build)

func build() (string, error) {
	if path := os.Getenv("PKTRAIL"); path != "" {
		return filepath.Abs(path)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	root, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		return "", fmt.Errorf("find the tree: %w", err)
	}
	dir := strings.TrimSpace(string(root))
	if out, err := exec.CommandContext(ctx, "make", "-C", dir, "build").CombinedOutput(); err != nil {
		return "", fmt.Errorf("make build: %w: %s", err, out)
	}
	return filepath.Join(dir, "pktrail"), nil
}

// AgentImage puts the agent's image on both nodes, once: the one that pktrail
// itself saves, as in a cluster without a registry.
func (s *Stage) AgentImage(tb testing.TB) {
	tb.Helper()
	if err := s.image(); err != nil {
		tb.Fatal(err)
	}
}

func (s *Stage) loadImage() error {
	program, err := Program()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	dir, err := os.MkdirTemp("", "e2e")
	if err != nil {
		return fmt.Errorf("make folder for image: %w", err)
	}
	defer os.RemoveAll(dir)
	tar := filepath.Join(dir, "agent.tar")
	out, err := exec.CommandContext(ctx, program, "image", "save", tar).CombinedOutput()
	if err != nil {
		return fmt.Errorf("pktrail image save: %w: %s", err, out)
	}
	return s.Cluster.Load(ctx, tar)
}

// Kubectl runs kubectl as admin and returns what it prints.
func (s *Stage) Kubectl(tb testing.TB, args ...string) string {
	tb.Helper()
	ctx, cancel := bounded(tb)
	defer cancel()
	out, err := s.kubectl(ctx, s.Cluster.Kubeconfig(), "", args...)
	if err != nil {
		tb.Fatal(err)
	}
	return out
}

// KubectlAs is Kubectl as another user (User), and gives the error back.
func (s *Stage) KubectlAs(tb testing.TB, kubeconfig string, args ...string) (string, error) {
	tb.Helper()
	ctx, cancel := bounded(tb)
	defer cancel()
	return s.kubectl(ctx, kubeconfig, "", args...)
}

func (s *Stage) kubectl(ctx context.Context, kubeconfig, stdin string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, s.Cluster.Kubectl(), append([]string{"--kubeconfig=" + kubeconfig}, args...)...)
	cmd.Stdin = strings.NewReader(stdin)
	out, err := cmd.Output()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		return string(out), fmt.Errorf("kubectl %s: %w: %s", strings.Join(args, " "), err, exit.Stderr)
	}
	return string(out), err
}

// Apply hands a manifest to `kubectl apply`.
func (s *Stage) Apply(tb testing.TB, manifest string) {
	tb.Helper()
	ctx, cancel := bounded(tb)
	defer cancel()
	if _, err := s.kubectl(ctx, s.Cluster.Kubeconfig(), manifest, "apply", "-f", "-"); err != nil {
		tb.Fatal(err)
	}
}

// bounded is a context for what may also be done when a test has ended, and its
// own context with it.
func bounded(tb testing.TB) (context.Context, context.CancelFunc) {
	tb.Helper()
	return context.WithTimeout(context.WithoutCancel(tb.Context()), 2*time.Minute)
}
