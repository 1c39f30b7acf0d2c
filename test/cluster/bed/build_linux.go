package bed

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// programs of Kubernetes that are built.
func programs() []string {
	return []string{"kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy", "kubectl"}
}

// stamp is what the binaries say of themselves: those of k8s.io/kubernetes'
// own build, as far as anybody asks.
func stamp() string {
	flags := []string{"-s", "-w"}
	for _, pkg := range []string{"k8s.io/component-base/version", "k8s.io/client-go/pkg/version"} {
		for _, value := range []string{".gitVersion=" + KubernetesVersion, ".gitMajor=1", ".gitMinor=34"} {
			flags = append(flags, "-X", pkg+value)
		}
	}
	return strings.Join(flags, " ")
}

// Build compiles Kubernetes into the cache, if it is not there: six minutes on
// two cores. It returns the folder with the binaries.
func Build(ctx context.Context, log io.Writer) (string, error) {
	d, err := DefaultDirs()
	if err != nil {
		return "", err
	}
	l, err := lock(d)
	if err != nil {
		return "", err
	}
	defer l.Close()
	return d.Bin(), build(ctx, d, log)
}

// build compiles what is missing in one go, which keeps all processors busy.
func build(ctx context.Context, d Dirs, log io.Writer) error {
	var missing, packages []string
	for _, name := range programs() {
		if _, err := os.Stat(filepath.Join(d.Bin(), name)); err != nil {
			missing = append(missing, name)
			packages = append(packages, "k8s.io/kubernetes/cmd/"+name)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	next := d.Bin() + ".new"
	if err := errors.Join(os.RemoveAll(next), os.MkdirAll(next, 0o755), os.MkdirAll(d.Bin(), 0o755)); err != nil {
		return fmt.Errorf("build Kubernetes: %w", err)
	}
	defer os.RemoveAll(next)
	source, err := sourceDir(ctx)
	if err != nil {
		return err
	}
	begin := time.Now()
	fmt.Fprintf(log, "build Kubernetes %s into %s: %s\n", KubernetesVersion, d.Bin(), strings.Join(missing, ", "))
	cmd := exec.CommandContext(ctx, "go", append([]string{
		"build", "-mod=readonly", "-trimpath", "-buildvcs=false", "-ldflags", stamp(), "-o", next + "/",
	}, packages...)...)
	cmd.Dir = filepath.Join(source, "k8s")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=", "GOWORK=off")
	if err := run(cmd); err != nil {
		return fmt.Errorf("build Kubernetes: %w", err)
	}
	for _, name := range missing {
		if err := os.Rename(filepath.Join(next, name), filepath.Join(d.Bin(), name)); err != nil {
			return fmt.Errorf("build Kubernetes: %w", err)
		}
	}
	fmt.Fprintf(log, "built in %s\n", time.Since(begin).Round(time.Second))
	return nil
}

// sourceDir finds test/cluster in the tree that the caller stands in.
func sourceDir(ctx context.Context) (string, error) {
	cmd := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", "github.com/pktrail/pktrail")
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("find the tree of pktrail (run this inside of it): %w", explained(err))
	}
	return filepath.Join(string(out[:len(out)-1]), "test", "cluster"), nil
}

// run runs a command whose output matters only if it fails.
func run(cmd *exec.Cmd) error {
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w: %s", err, tail(out, 2000))
	}
	return nil
}

// explained adds what the command said on stderr.
func explained(err error) error {
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		return fmt.Errorf("%w: %s", err, tail(exit.Stderr, 2000))
	}
	return err
}

// tail gives the last bytes of an output, where the reason stands.
func tail(b []byte, room int) []byte { return b[max(0, len(b)-room):] }
