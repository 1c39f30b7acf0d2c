package lab_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/pktrail/pktrail/internal/lab"
	"github.com/pktrail/pktrail/internal/lab/labtest"
)

// child makes or removes a lab, after saying that it starts to.
func child(do, name string) int {
	fmt.Println("start")
	var err error
	if do == "up" {
		_, err = lab.Up(context.Background(), lab.Options{Name: name})
	} else {
		_, err = lab.Down(name)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Println("done")
	return 0
}

// killDuring starts a child and kills it that long after it starts to work.
// It says whether the child had finished.
func killDuring(t *testing.T, do, name string, after time.Duration) bool {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), "LAB_TEST_CHILD="+do, "LAB_TEST_NAME="+name)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	if !lines.Scan() {
		t.Fatal("the child does not start")
	}
	time.Sleep(after) // the moment is what the test varies
	if err := cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		t.Fatal(err)
	}
	done := lines.Scan()
	if err := cmd.Wait(); done != (err == nil) && !done {
		t.Fatal(err)
	}
	return done
}

// mountsOf returns the lines of this process's mount table with the name.
func mountsOf(t *testing.T, name string) []string {
	t.Helper()
	b, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for line := range strings.Lines(string(b)) {
		if strings.Contains(line, "/"+name+"-") {
			found = append(found, line)
		}
	}
	return found
}

// checkNothing fails unless nothing of the lab is left.
func checkNothing(t *testing.T, name string) {
	t.Helper()
	if m := mountsOf(t, name); len(m) > 0 {
		t.Errorf("mounts are left: %q", m)
	}
	entries, err := os.ReadDir("/run/netns")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), name+"-") {
			t.Errorf("%s is left", e.Name())
		}
	}
	if _, err := lab.Find(name); err == nil {
		t.Error("the lab is still found")
	}
}

// A killed Up leaves half a lab that is listed as broken, and that Down
// removes whole.
func TestKilledUp(t *testing.T) {
	labtest.RequireRoot(t)
	name := labtest.Name()
	full := buildTime(t, name)
	broken := 0
	const rounds = 40
	for i := range rounds {
		done := killDuring(t, "up", name, full*time.Duration(i)/(rounds-5))
		l, err := lab.Find(name)
		if gone := (*lab.NotFoundError)(nil); errors.As(err, &gone) && !done {
			checkNothing(t, name) // killed before anything was there
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if done && l.State != lab.StateUp {
			t.Errorf("round %d: built, and %s: %q", i, l.State, l.Problems)
		}
		if l.State == lab.StateBroken {
			broken++
			if len(l.Problems) == 0 {
				t.Error("broken, and nothing is said to be wrong")
			}
			_, err := lab.Up(t.Context(), lab.Options{Name: name})
			if exists := (*lab.ExistsError)(nil); !errors.As(err, &exists) || exists.Foreign {
				t.Fatalf("up over half a lab: %v", err)
			}
		}
		if alive, err := lab.Down(name); err != nil || len(alive) > 0 {
			t.Fatal(alive, err)
		}
		checkNothing(t, name)
	}
	t.Logf("a build takes %v; %d of %d were found broken", full, broken, rounds)
	if broken < rounds/8 {
		t.Errorf("only %d of %d were broken: the test does not hit", broken, rounds)
	}
}

// buildTime measures what a child needs at least.
func buildTime(t *testing.T, name string) time.Duration {
	t.Helper()
	full := time.Hour
	for range 5 {
		start := time.Now()
		if _, err := lab.Up(t.Context(), lab.Options{Name: name}); err != nil {
			t.Fatal(err)
		}
		full = min(full, time.Since(start))
		if _, err := lab.Down(name); err != nil {
			t.Fatal(err)
		}
	}
	return full
}

// A killed Down leaves half a lab as well.
func TestKilledDown(t *testing.T) {
	labtest.RequireRoot(t)
	for i := range 15 {
		l := labtest.Lab(t, lab.Options{})
		killDuring(t, "down", l.Name, time.Duration(i)*400*time.Microsecond)
		_, err := lab.Down(l.Name)
		if gone := (*lab.NotFoundError)(nil); err != nil && !errors.As(err, &gone) {
			t.Fatal(err)
		}
		checkNothing(t, l.Name)
	}
}

// stepContext ends at the nth time that somebody asks it.
type stepContext struct {
	context.Context
	left int
}

func (c *stepContext) Err() error {
	if c.left--; c.left < 0 {
		return context.Canceled
	}
	return nil
}

// An Up that is cancelled, at whatever step, takes back what it made.
func TestCancelledUp(t *testing.T) {
	labtest.RequireRoot(t)
	name := labtest.Name()
	for n := range 100 {
		_, err := lab.Up(&stepContext{t.Context(), n}, lab.Options{Name: name})
		if err == nil {
			if n < 10 {
				t.Errorf("only %d steps", n)
			}
			if _, err := lab.Down(name); err != nil {
				t.Fatal(err)
			}
			checkNothing(t, name)
			return
		}
		if !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		checkNothing(t, name)
	}
	t.Error("never built")
}
