package image

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pktrail/pktrail/internal/lab/labtest"
)

// TestContainerd imports an archive into a containerd of the test's own.
func TestContainerd(t *testing.T) {
	labtest.RequireRoot(t)
	labtest.RequireTool(t, "containerd")
	labtest.RequireTool(t, "ctr")
	dir := t.TempDir()
	config := filepath.Join(dir, "config.toml")
	must(t, os.WriteFile(config, fmt.Appendf(nil, `version = 2
root = %q
state = %q
disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.internal.v1.opt"]
[grpc]
address = %q
`, dir+"/root", dir+"/state", dir+"/sock"), 0o600))
	var log strings.Builder
	daemon := exec.CommandContext(t.Context(), "containerd", "-c", config)
	daemon.Stdout, daemon.Stderr = &log, &log
	must(t, daemon.Start())
	t.Cleanup(func() {
		_ = daemon.Process.Signal(os.Interrupt)
		_ = daemon.Wait()
		if t.Failed() {
			t.Log(log.String())
		}
	})
	ctr := func(args ...string) string {
		t.Helper()
		out, err := exec.CommandContext(t.Context(), "ctr", append([]string{"--address", dir + "/sock", "-n", "k8s.io"}, args...)...).CombinedOutput()
		if err != nil {
			t.Fatalf("ctr %v: %v\n%s", args, err, out)
		}
		return string(out)
	}
	labtest.Wait(t, 20*time.Second, "containerd", func() bool {
		return exec.CommandContext(t.Context(), "ctr", "--address", dir+"/sock", "version").Run() == nil
	})
	b, r := saved(t, "registry.example.org/tools/agent:7", options())
	file := filepath.Join(dir, "agent.tar")
	must(t, os.WriteFile(file, b, 0o600))
	for _, args := range [][]string{{"--all-platforms"}, nil} {
		ctr(append(append([]string{"images", "import"}, args...), file)...)
		list := ctr("images", "list")
		if !strings.Contains(list, r.Name+" ") || !strings.Contains(list, r.Digest) || !strings.Contains(list, "linux/amd64,linux/arm/v7,linux/arm64/v8") {
			t.Errorf("import %v:\n%s", args, list)
		}
		if check := ctr("images", "check"); !strings.Contains(check, "complete") {
			t.Errorf("import %v:\n%s", args, check)
		}
		ctr("images", "remove", "--sync", r.Name)
	}
}
