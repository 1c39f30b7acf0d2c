package labtest

import (
	"os"
	"os/exec"
	"runtime"
	"testing"
)

// RequireRoot skips the test, naming what is missing, unless it runs as root
// on Linux. With PKTRAIL_REQUIRE_ROOT=1, as in CI, it fails instead.
func RequireRoot(t testing.TB) {
	t.Helper()
	switch {
	case runtime.GOOS != "linux":
		missing(t, "Linux")
	case os.Geteuid() != 0:
		missing(t, "root")
	}
}

// RequireTool skips the test unless the program is on PATH, and returns its
// path. With PKTRAIL_REQUIRE_ROOT=1 it fails instead.
func RequireTool(t testing.TB, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		missing(t, "the program "+name)
	}
	return path
}

func missing(t testing.TB, what string) {
	t.Helper()
	if os.Getenv("PKTRAIL_REQUIRE_ROOT") == "1" {
		t.Fatalf("needs %s, and PKTRAIL_REQUIRE_ROOT=1 forbids to skip", what)
	}
	t.Skipf("needs %s", what)
}
