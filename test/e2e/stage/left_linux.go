package stage

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pktrail/pktrail/test/e2e/left"
)

// patience is how long something may take to go by itself.
const patience = 60 * time.Second

// NothingLeft lets the test end with a look at all of the cluster: within a
// minute nothing of pktrail may be left but what was there before. Start calls
// it; more than one call is one look. A test that calls it itself looks for all
// of its subtests.
func (s *Stage) NothingLeft(tb testing.TB) {
	tb.Helper()
	for at, c := range tb.Name() {
		if _, covered := s.watched.Load(tb.Name()[:at]); c == '/' && covered {
			return
		}
	}
	if _, again := s.watched.LoadOrStore(tb.Name(), true); again {
		return
	}
	before := s.Left(tb)
	tb.Cleanup(func() {
		s.watched.Delete(tb.Name())
		s.Gone(tb, before)
	})
}

// Left lists what there is of pktrail in the cluster now.
func (s *Stage) Left(tb testing.TB) []string {
	tb.Helper()
	ctx, cancel := bounded(tb)
	defer cancel()
	found, err := left.Look(ctx, s.Cluster, s.Client)
	if err != nil {
		tb.Fatal(err)
	}
	return found
}

// Gone waits until nothing of pktrail is left but what was there before, and
// fails the test if that takes over a minute.
func (s *Stage) Gone(tb testing.TB, before []string) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(tb.Context()), patience+30*time.Second)
	defer cancel()
	begin := time.Now()
	for {
		found, err := left.Look(ctx, s.Cluster, s.Client)
		rest := slices.DeleteFunc(found, func(what string) bool { return slices.Contains(before, what) })
		switch {
		case err == nil && len(rest) == 0:
			if took := time.Since(begin); took > 2*time.Second {
				tb.Logf("all of pktrail was gone after %.1f s", took.Seconds())
			}
			return
		case time.Since(begin) > patience && err != nil:
			tb.Errorf("look for what is left: %v", err)
			return
		case time.Since(begin) > patience:
			tb.Errorf("left of pktrail after %s:\n%s", patience, strings.Join(rest, "\n"))
			return
		}
		time.Sleep(200 * time.Millisecond)
	}
}
