package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"
)

// tracer is a pktrail trace that runs beside a load.
type tracer struct {
	cmd   *exec.Cmd
	began time.Time
	// talked is closed when stderr is at its end; talk is what stood there.
	talked chan struct{}
	talk   strings.Builder
	// armed gets the time from exec to the line that says so.
	armed chan time.Duration
}

// launch starts a trace; out, which may be nil, takes its stdout, and extra
// becomes its file descriptor 3. The trace ends by itself after a minute at the
// latest.
func (o *options) launch(ctx context.Context, out io.Writer, extra *os.File, args ...string) (*tracer, error) {
	args = slices.Concat([]string{"trace"}, args)
	if !slices.Contains(args, "--duration") {
		args = append(args, "--duration", "1m")
	}
	t := &tracer{cmd: exec.CommandContext(ctx, o.pktrail, args...), talked: make(chan struct{}), armed: make(chan time.Duration, 1)}
	t.cmd.Stdout = out
	t.cmd.WaitDelay = 20 * time.Second
	if extra != nil {
		t.cmd.ExtraFiles = []*os.File{extra}
	}
	talk, err := t.cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	t.began = time.Now()
	if err := t.cmd.Start(); err != nil {
		return nil, err
	}
	go t.listen(talk)
	return t, nil
}

// listen reads what the trace says.
func (t *tracer) listen(talk io.Reader) {
	defer close(t.talked)
	for s := bufio.NewScanner(talk); s.Scan(); {
		if strings.HasPrefix(s.Text(), "armed") {
			t.armed <- time.Since(t.began)
		}
		t.talk.WriteString(s.Text() + "\n")
	}
}

// await waits until packets are seen.
func (t *tracer) await(ctx context.Context) (time.Duration, error) {
	select {
	case d := <-t.armed:
		return d, nil
	case <-t.talked:
	case <-ctx.Done():
	case <-time.After(20 * time.Second):
	}
	_ = t.cmd.Process.Kill()
	<-t.talked
	_ = t.cmd.Wait()
	return 0, fmt.Errorf("it did not arm: %s", t.talk.String())
}

// stop ends the trace as Ctrl-C does, and waits for its end.
func (t *tracer) stop() error {
	if err := t.cmd.Process.Signal(os.Interrupt); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	return t.wait()
}

// wait waits for the end. Exit codes 3 and 4 tell of packets, not of the trace.
func (t *tracer) wait() error {
	<-t.talked
	err := t.cmd.Wait()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && (exit.ExitCode() == 3 || exit.ExitCode() == 4) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("pktrail trace: %w: %s", err, t.talk.String())
	}
	return nil
}

// spent is the CPU time, user and system, once it has ended.
func (t *tracer) spent() time.Duration {
	usage, ok := t.cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
