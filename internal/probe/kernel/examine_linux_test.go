package kernel

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"slices"
	"syscall"
	"testing"

	"go.uber.org/goleak"

	"github.com/pktrail/pktrail/internal/lab/labtest"
)

// asChild marks the test binary as a child that prints its checks.
const asChild = "PKTRAIL_TEST_EXAMINE"

func TestMain(m *testing.M) {
	if os.Getenv(asChild) == "1" {
		if err := json.NewEncoder(os.Stdout).Encode(Examine(context.Background())); err != nil {
			os.Exit(1)
		}
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

// examineAs runs the checks in a child of this test binary.
func examineAs(t *testing.T, attr *syscall.SysProcAttr) map[string]Check {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "/proc/self/exe")
	cmd.Env = []string{asChild + "=1"}
	cmd.Dir = "/"
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = attr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var checks []Check
	if err := json.Unmarshal(out, &checks); err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	by := map[string]Check{}
	for _, c := range checks {
		if by[c.Name].Name != "" {
			t.Errorf("two checks %q", c.Name)
		}
		by[c.Name] = c
		if !slices.Contains([]State{OK, No, Unknown}, c.State) || len(c.Needs)+len(c.Helps) == 0 {
			t.Errorf("%+v", c)
		}
		if c.State == No && c.Detail+c.Hint == "" {
			t.Errorf("%s: a no without a word", c.Name)
		}
		t.Logf("%-36s %-8s %s | %s", c.Name, c.State, c.Detail, c.Hint)
	}
	return by
}

func want(t *testing.T, by map[string]Check, s State, names ...string) {
	t.Helper()
	for _, n := range names {
		if by[n].State != s {
			t.Errorf("%s: %+v, want %s", n, by[n], s)
		}
	}
}

func works(by map[string]Check, u Use) State {
	var checks []Check
	for _, c := range by {
		checks = append(checks, c)
	}
	return Works(checks, u)
}

func TestExamineRoot(t *testing.T) {
	labtest.RequireRoot(t)
	by := examineAs(t, nil)
	want(t, by, OK, "kernel", "CAP_NET_RAW", "CAP_NET_ADMIN", "CAP_SYS_ADMIN", "packet ring", "enter namespaces", "named namespaces", "locked memory")
	if works(by, Capture) != OK {
		t.Error("capture does not work as root")
	}
}

// TestExamineNobody does without every right.
func TestExamineNobody(t *testing.T) {
	labtest.RequireRoot(t)
	by := examineAs(t, &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}})
	want(t, by, No, "CAP_NET_RAW", "CAP_NET_ADMIN", "CAP_SYS_ADMIN", "CAP_SYS_PTRACE", "CAP_BPF", "CAP_PERFMON", "CAP_SYSLOG",
		"packet ring", "enter namespaces", "other processes", "raw tracepoints")
	want(t, by, OK, "kernel")
	if works(by, Capture) != No || works(by, Trace) != No {
		t.Error("capture or trace works without any right")
	}
	if h := by["packet ring"].Hint; h != "this needs CAP_NET_RAW: run as root" {
		t.Errorf("hint %q", h)
	}
}

// TestExamineNetRaw has one capability and no more: our own namespace can be
// captured, nothing else.
func TestExamineNetRaw(t *testing.T) {
	labtest.RequireRoot(t)
	const netRaw = 13
	by := examineAs(t, &syscall.SysProcAttr{
		Credential:  &syscall.Credential{Uid: 65534, Gid: 65534},
		AmbientCaps: []uintptr{netRaw},
	})
	want(t, by, OK, "CAP_NET_RAW", "packet ring")
	want(t, by, No, "CAP_SYS_ADMIN", "enter namespaces", "raw tracepoints")
	if works(by, Capture) != OK || works(by, Trace) != No {
		t.Error("capture works with NET_RAW, trace does not")
	}
}

// TestExamineUserNamespace is root in a user namespace of its own only: it
// has all capabilities, and none that counts for this network namespace.
func TestExamineUserNamespace(t *testing.T) {
	labtest.RequireRoot(t)
	by := examineAs(t, &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: 0, Size: 1}},
	})
	want(t, by, OK, "CAP_NET_RAW", "CAP_SYS_ADMIN")
	want(t, by, No, "first user namespace", "packet ring", "enter namespaces", "raw tracepoints")
	if works(by, Capture) != No || works(by, Trace) != No {
		t.Error("capture or trace works in a user namespace")
	}
}

func BenchmarkExamine(b *testing.B) {
	for b.Loop() {
		Examine(b.Context())
	}
}
