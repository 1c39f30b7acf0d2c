package lab

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// Exec runs a program in the network namespace of a pod, a node or the
// outside host and waits for it. argv[0] is looked up in PATH; no shell is
// involved. It returns the program's exit code, or 128 and the signal's
// number, as shells do, if a signal ended it. The error says that it did not
// run, or that the context ended: then the program got an interrupt and, if
// it stayed for 3 s, was killed; its exit code comes with the error.
//
// Only the network is the pod's: files, /sys and /etc/resolv.conf are the
// machine's. The name may leave out the lab's ("node1-pod1").
func (l *Lab) Exec(ctx context.Context, where string, argv []string, std Stdio) (int, error) {
	ns, err := l.Resolve(where)
	if err != nil {
		return 0, err
	}
	if len(argv) == 0 {
		return 0, errors.New("exec in lab: no program given")
	}
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = std.In, std.Out, std.Err
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 3 * time.Second
	// The child is forked from the thread that is in the namespace.
	if err := Do(ns, cmd.Start); err != nil {
		return 0, fmt.Errorf("exec in %s: %w", ns, err)
	}
	err = cmd.Wait()
	code := exitCode(cmd.ProcessState)
	if ctx.Err() != nil {
		return code, fmt.Errorf("exec in %s: %w", ns, context.Cause(ctx))
	}
	if e := (*exec.ExitError)(nil); err != nil && !errors.As(err, &e) {
		return code, fmt.Errorf("exec in %s: %w", ns, err)
	}
	return code, nil
}

func exitCode(p *os.ProcessState) int {
	if st, ok := p.Sys().(syscall.WaitStatus); ok && st.Signaled() {
		return 128 + int(st.Signal())
	}
	return p.ExitCode()
}
