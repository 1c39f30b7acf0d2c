package lab_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/pktrail/pktrail/internal/lab"
	"github.com/pktrail/pktrail/internal/lab/labtest"
)

func TestExec(t *testing.T) {
	t.Parallel()
	l := labtest.Lab(t, lab.Options{Nodes: 1, Pods: 1})
	pod := l.Pods[0]
	var out, stderr strings.Builder
	code, err := l.Exec(t.Context(), "node1-pod1", []string{"cat", "/proc/self/net/fib_trie", "/no/such/file"}, lab.Stdio{Out: &out, Err: &stderr})
	if err != nil || code != 1 || !strings.Contains(out.String(), pod.IPv4.String()) || !strings.Contains(stderr.String(), "/no/such/file") {
		t.Errorf("code %d, %v, %s, %s", code, err, out.String(), stderr.String())
	}
	out.Reset()
	code, err = l.Exec(t.Context(), pod.Name, []string{"cat"}, lab.Stdio{In: strings.NewReader("through"), Out: &out})
	if err != nil || code != 0 || out.String() != "through" {
		t.Errorf("code %d, %v, %q", code, err, out.String())
	}
	for _, tc := range []struct {
		where string
		argv  []string
		code  int
		bad   bool
	}{
		{"node1", []string{"true"}, 0, false},
		{"outside", []string{"sh", "-c", "exit 7"}, 7, false},
		{"outside", []string{"sh", "-c", "kill -TERM $$"}, 143, false},
		{"node1", []string{"no-such-program"}, 0, true},
		{"node1", nil, 0, true},
		{"node9", []string{"true"}, 0, true},
	} {
		code, err := l.Exec(t.Context(), tc.where, tc.argv, lab.Stdio{})
		if code != tc.code || (err != nil) != tc.bad {
			t.Errorf("%s %q: %d, %v", tc.where, tc.argv, code, err)
		}
	}
}

// A context that ends interrupts the program, and its exit code still comes.
func TestExecCancelled(t *testing.T) {
	t.Parallel()
	l := labtest.Lab(t, lab.Options{Nodes: 1, Pods: 1})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	go func() {
		r.Read(make([]byte, 1)) //nolint:errcheck // an error ends the test as well
		cancel()
	}()
	start := time.Now()
	code, err := l.Exec(ctx, "node1", []string{"sh", "-c", `trap "exit 5" INT; echo; while :; do sleep 0.01; done`}, lab.Stdio{Out: w})
	w.Close()
	if !errors.Is(err, context.Canceled) || code != 5 || time.Since(start) > 2*time.Second {
		t.Errorf("code %d, %v after %v", code, err, time.Since(start))
	}
}

// Down names the processes that keep a namespace alive, and ends none.
func TestDownWithProcess(t *testing.T) {
	t.Parallel()
	l := labtest.Lab(t, lab.Options{Nodes: 1, Pods: 1})
	// The program says that it runs, and ends with its input.
	in, feed := io.Pipe()
	said, out := io.Pipe()
	ended := make(chan error)
	go func() {
		code, err := l.Exec(t.Context(), "node1-pod1", []string{"cat"}, lab.Stdio{In: in, Out: out})
		if code != 0 {
			err = fmt.Errorf("cat ended with %d, %w", code, err)
		}
		ended <- err
	}()
	if _, err := feed.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	if _, err := said.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	alive, err := lab.Down(l.Name)
	if err != nil {
		t.Fatal(err)
	}
	checkNothing(t, l.Name)
	feed.Close()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if len(alive) != 1 || alive[0].Command != "cat" || alive[0].Namespace != l.Pods[0].Name || alive[0].PID <= 0 {
		t.Errorf("got %+v", alive)
	}
}
