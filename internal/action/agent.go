package action

import (
	"context"
	"io"

	"github.com/pktrail/pktrail/internal/agent"
)

// ServeAgent is the node side behind a pipe; see agent.Command.
func ServeAgent(ctx context.Context, args []string, in io.Reader, out, talk io.Writer) int {
	return agent.Command(ctx, args, in, out, talk)
}

// Targets are names that a target can have on this machine.
func Targets() []string { return agent.Targets() }
