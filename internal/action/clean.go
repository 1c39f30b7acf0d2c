package action

import (
	"context"
	"errors"

	"github.com/pktrail/pktrail/internal/agent"
)

// Leftover is something that a pktrail that was killed has not put back.
type Leftover = agent.Leftover

// Clean lists what killed runs have left on this machine and, unless dry, puts
// it back. It returns what it found; those that could not be put back are in
// the error.
func Clean(ctx context.Context, dry bool) ([]Leftover, error) {
	list, err := agent.Leftovers(ctx)
	if err != nil || dry {
		return list, explain(err)
	}
	var errs []error
	for i := range list {
		errs = append(errs, list[i].Restore(ctx))
	}
	return list, explain(errors.Join(errs...))
}
