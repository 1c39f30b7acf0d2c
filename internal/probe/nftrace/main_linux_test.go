//go:build !pktrail_lite

package nftrace

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/pktrail/pktrail/internal/lab/labtest"
)

// asTracer makes the test binary a process that only traces, in the namespace
// file that it names, until it is killed.
const asTracer = "PKTRAIL_TEST_TRACER"

func TestMain(m *testing.M) {
	if path := os.Getenv(asTracer); path != "" {
		if err := traceForever(path, os.Getenv(asTracer+"_STATE")); err != nil {
			fmt.Println("error", err)
			os.Exit(1)
		}
	}
	code := m.Run()
	if left := labtest.Leftovers(); len(left) > 0 {
		fmt.Fprintln(os.Stderr, "left over:", left)
		code = 1
	}
	os.Exit(code)
}

func traceForever(path, state string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	t, err := Open(Options{Netns: f, Matches: []Match{toServer}, Legacy: LegacyBind, StateDir: state})
	if err != nil {
		return err
	}
	fmt.Println("table", t.Table())
	for {
		var e Event
		if err := t.Read(&e); err != nil {
			return err
		}
	}
}

// child starts such a process and returns the name of its table.
func child(t *testing.T, ns, state string) (*exec.Cmd, string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "/proc/self/exe")
	cmd.Env = append(os.Environ(), asTracer+"=/run/netns/"+ns, asTracer+"_STATE="+state)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	name, ok := strings.CutPrefix(strings.TrimSpace(line), "table ")
	if err != nil || !ok {
		t.Fatalf("child says %q, %v", line, err)
	}
	return cmd, name
}
