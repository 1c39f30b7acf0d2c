package labtest

import (
	"os"
	"os/exec"
	"runtime"
	"testing"
)

// RequireRoot skips the test, naming what is missing, unless it runs as root
// on Linux. With PKTRAIL_REQUIRE_ROOT=1, as in CI, it fails instead.
func RequireRoot(tb testing.TB) {
	tb.Helper()
	switch {
	case runtime.GOOS != "linux":
		missing(tb, "Linux")
	case os.Geteuid() != 0:
		missing(tb, "root")
	}
}

// RequireTool skips the test unless the program is on PATH, and returns its
// path. With PKTRAIL_REQUIRE_ROOT=1 it fails instead.
func RequireTool(tb testing.TB, name string) string {
	tb.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		missing(tb, "the program "+name)
	}
	return path
}

func missing(tb testing.TB, what string) {
	tb.Helper()
	if os.Getenv("PKTRAIL_REQUIRE_ROOT") == "1" {
		tb.Fatalf("needs %s, and PKTRAIL_REQUIRE_ROOT=1 forbids to skip", what)
	}
	tb.Skipf("needs %s", what)
}
