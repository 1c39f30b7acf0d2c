package action

import (
	"context"

	"github.com/pktrail/pktrail/internal/agent"
)

// Diagnosis is what will work on this machine.
type Diagnosis struct {
	Checks []Check `json:"checks"`
	// Capture is "ok", "no" or "unknown".
	Capture string `json:"capture"`
	// Trace is "ok", "no" or "unknown"; "no" says that trace has packet sockets
	// and netfilter tracing alone, with fewer facts.
	Trace string `json:"trace"`
}

// Doctor asks this machine what will work on it, and changes nothing.
func Doctor(ctx context.Context) Diagnosis {
	checks := agent.Examine(ctx)
	return Diagnosis{Checks: checks, Capture: agent.Works(checks, "capture"), Trace: agent.Works(checks, "trace")}
}

// Check is one question about this machine, and its answer.
type Check = agent.Check

// Use is something that people do with pktrail.
type Use = agent.Use
