package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/pktrail/pktrail/internal/action"
)

// Exit codes, the same for every command.
const (
	exitDone       = 0   // done; Ctrl-C is a capture's normal end
	exitFailed     = 1   // failed
	exitUsage      = 2   // the command was typed wrong
	exitNotArrived = 3   // the packet did not arrive
	exitUnknown    = 4   // nothing matched, or pktrail cannot say
	exitKilled     = 128 // plus the number of the second signal
)

// Streams are the process's three files. stdout is the result, stderr is the
// talk.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
	// plugin is true if kubectl runs us: then a cluster is meant where nothing
	// else is said.
	plugin bool
}

// Main runs pktrail with the process's arguments and returns its exit code.
func Main() int {
	// A reader that goes away ends a capture like Ctrl-C does: the write
	// fails with EPIPE and the summary is still printed.
	signal.Ignore(syscall.SIGPIPE)
	ctx, stop := untilSignal(context.Background(), os.Stderr)
	defer stop()
	return Run(ctx, os.Args, Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr})
}

// Run runs pktrail with the given arguments; the first is the program's name.
func Run(ctx context.Context, args []string, s Streams) int {
	s.plugin = isPlugin(args)
	root := newRoot(s) //nolint:contextcheck // each command has its context from cobra
	words := asAgent(args)
	if w, ok := asExtcap(args); ok {
		words = w
	}
	root.SetArgs(words)
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		return exitDone
	}
	return complain(s.Err, cmd, err)
}

// isPlugin reports whether the program goes by the name of a plugin of
// kubectl's.
func isPlugin(args []string) bool {
	return len(args) > 0 && strings.HasPrefix(filepath.Base(args[0]), "kubectl-")
}

// stalled is how long the end may take until a person is told what it waits
// for.
const stalled = 2 * time.Second

// untilSignal gives a context that the first SIGINT, SIGTERM or SIGHUP ends.
// The second kills, with an exit code as a shell gives it: also where signals
// were ignored when the program started, as behind a shell's &.
func untilSignal(parent context.Context, talk io.Writer) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(parent)
	ch := make(chan os.Signal, 2)
	signal.Notify(ch, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	done := make(chan struct{})
	go func() {
		select {
		case sig := <-ch:
			cancel(action.Interrupted{Signal: sig})
		case <-done:
			return
		}
		late := time.After(stalled)
		for {
			select {
			case <-late:
				fmt.Fprintln(talk, "note: what was caught waits for the output, which takes nothing; a second Ctrl-C ends at once")
			case sig := <-ch:
				code := exitKilled
				if n, ok := sig.(syscall.Signal); ok {
					code += int(n)
				}
				os.Exit(code)
			case <-done:
				return
			}
		}
	}()
	return ctx, func() {
		signal.Stop(ch)
		close(done)
		cancel(context.Canceled)
	}
}
