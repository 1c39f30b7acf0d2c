package labtest

import (
	"errors"
	"testing"

	"github.com/pktrail/pktrail/internal/lab"
)

// Lab makes a lab for the test, under a name of its own unless the options
// have one, and removes it when the test ends. Tests may run in parallel.
func Lab(tb testing.TB, o lab.Options) *lab.Lab {
	tb.Helper()
	RequireRoot(tb)
	if o.Name == "" {
		o.Name = Name()
	}
	l, err := lab.Up(tb.Context(), o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		alive, err := lab.Down(o.Name)
		if gone := (*lab.NotFoundError)(nil); err != nil && !errors.As(err, &gone) {
			tb.Error(err)
		}
		for _, p := range alive {
			tb.Errorf("process %d (%s) still runs in %s", p.PID, p.Command, p.Namespace)
		}
	})
	return l
}
