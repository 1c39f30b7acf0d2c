package agent

import (
	"context"

	"github.com/pktrail/pktrail/internal/probe/kernel"
)

// Check is one question about this machine, and its answer.
type Check = kernel.Check

// Use is something that people do with pktrail.
type Use = kernel.Use

// Examine finds out what will work on this machine, for this process. It
// changes nothing.
func Examine(ctx context.Context) []Check { return kernel.Examine(ctx) }

// Works says whether a use will work by these answers: "ok", "no" or
// "unknown".
func Works(checks []Check, use string) string {
	return string(kernel.Works(checks, kernel.Use(use)))
}
