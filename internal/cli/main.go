package cli

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/pktrail/pktrail/internal/action"
)

// Exit codes, the same for every command.
const (
	exitDone    = 0 // done; Ctrl-C is a capture's normal end
	exitFailed  = 1 // failed
	exitUsage   = 2 // the command was typed wrong
	exitArrived = 3 // the packet did not arrive
	exitUnknown = 4 // nothing matched, or unknown
)

// Streams are the process's three files. stdout is the result, stderr is the
// talk.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
}

// Main runs pktrail with the process's arguments and returns its exit code.
func Main() int {
	// A reader that goes away ends a capture like Ctrl-C does: the write
	// fails with EPIPE and the summary is still printed.
	signal.Ignore(syscall.SIGPIPE)
	ctx, stop := untilSignal(context.Background())
	defer stop()
	return Run(ctx, os.Args, Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr})
}

// Run runs pktrail with the given arguments; the first is the program's name.
func Run(ctx context.Context, args []string, s Streams) int {
	root := newRoot(s) //nolint:contextcheck // each command has its context from cobra
	root.SetArgs(args[1:])
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		return exitDone
	}
	return complain(s.Err, cmd, err)
}

// untilSignal gives a context that the first SIGINT, SIGTERM or SIGHUP ends.
// From then on signals have their default effect again, so that a second
// Ctrl-C kills (exit code 130 in a shell).
func untilSignal(parent context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(parent)
	ch := make(chan os.Signal, 1)
	signal.Notify(ch, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	go func() {
		select {
		case sig := <-ch:
			signal.Stop(ch)
			cancel(action.Interrupted{Signal: sig})
		case <-ctx.Done():
		}
	}()
	return ctx, func() {
		signal.Stop(ch)
		cancel(context.Canceled)
	}
}
