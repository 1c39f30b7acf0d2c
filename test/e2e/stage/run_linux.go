package stage

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// RunOptions say how pktrail is run. The zero value is an administrator at a
// terminal that is none.
type RunOptions struct {
	// Kubeconfig is admin's if empty; NoKubeconfig runs without any.
	Kubeconfig   string
	NoKubeconfig bool
	// Env is added to the environment.
	Env []string
	// Stdin is empty if nil.
	Stdin io.Reader
	// Stdout takes the output in place of Result.Stdout.
	Stdout io.Writer
	// Plugin runs it as `kubectl pktrail`.
	Plugin bool
	// Limit ends a run that takes longer, and fails the test; 0 is two minutes.
	Limit time.Duration
}

// Result is how a run ended.
type Result struct {
	Stdout, Stderr string
	// Code is the exit code; -1 if a signal ended it.
	Code int
	// Took is the time from start to end.
	Took time.Duration
}

// Running is pktrail while it runs.
type Running struct {
	tb     testing.TB
	cmd    *exec.Cmd
	begin  time.Time
	stdout text
	stderr text
	done   chan struct{}
	err    error
	limit  time.Duration
}

// Pktrail runs pktrail to its end, with options that are the zero value.
func (s *Stage) Pktrail(tb testing.TB, args ...string) Result {
	tb.Helper()
	return s.Start(tb, RunOptions{}, args...).Wait()
}

// Start starts pktrail. When the test ends, it is killed if it still runs, and
// then nothing of it may be left in the cluster.
func (s *Stage) Start(tb testing.TB, o RunOptions, args ...string) *Running {
	tb.Helper()
	s.NothingLeft(tb)
	program := built(tb)
	if o.Plugin {
		program, args = s.Cluster.Kubectl(), append([]string{"pktrail"}, args...)
	}
	r := &Running{tb: tb, done: make(chan struct{}), limit: o.Limit}
	if r.limit == 0 {
		r.limit = 2 * time.Minute
	}
	r.cmd = exec.CommandContext(context.WithoutCancel(tb.Context()), program, args...)
	temp := tb.TempDir()
	r.cmd.Env = append(append(s.environment(tb, o), "TMPDIR="+temp), o.Env...)
	r.cmd.Dir = tb.TempDir()
	r.cmd.Stdin = o.Stdin
	r.cmd.Stdout, r.cmd.Stderr = &r.stdout, &r.stderr
	if o.Stdout != nil {
		r.cmd.Stdout = o.Stdout
	}
	r.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	r.cmd.WaitDelay = 5 * time.Second
	r.begin = time.Now()
	if err := r.cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	go func() { r.err = r.cmd.Wait(); close(r.done) }()
	tb.Cleanup(func() {
		r.Signal(unix.SIGKILL)
		<-r.done
		r.tidy(temp)
		if tb.Failed() {
			tb.Logf("pktrail %s\nstderr:\n%s", strings.Join(args, " "), r.stderr.String())
		}
	})
	return r
}

func built(tb testing.TB) string {
	tb.Helper()
	path, err := Program()
	if err != nil {
		tb.Fatal(err)
	}
	return path
}

// tidy says what pktrail has left of its own among the temporary files, unless
// it was killed.
func (r *Running) tidy(temp string) {
	r.tb.Helper()
	entries, err := os.ReadDir(temp)
	if err != nil {
		r.tb.Error(err)
	}
	for _, e := range entries {
		if r.cmd.ProcessState.Exited() {
			r.tb.Errorf("pktrail left the temporary file %s", e.Name())
		}
	}
}

// environment is that of somebody who has a home, a kubeconfig and nothing else.
func (s *Stage) environment(tb testing.TB, o RunOptions) []string {
	tb.Helper()
	home, program := tb.TempDir(), built(tb)
	path := filepath.Join(home, "bin")
	if err := os.Mkdir(path, 0o755); err != nil {
		tb.Fatal(err)
	}
	for _, name := range []string{"pktrail", "kubectl-pktrail", "kubectl_complete-pktrail"} {
		if err := os.Symlink(program, filepath.Join(path, name)); err != nil {
			tb.Fatal(err)
		}
	}
	kubeconfig := o.Kubeconfig
	if kubeconfig == "" {
		kubeconfig = s.Cluster.Kubeconfig()
	}
	env := []string{
		"HOME=" + home, "LANG=C.UTF-8", "TERM=dumb",
		"PATH=" + path + ":" + filepath.Dir(s.Cluster.Kubectl()) + ":/usr/sbin:/usr/bin:/sbin:/bin",
	}
	if !o.NoKubeconfig {
		env = append(env, "KUBECONFIG="+kubeconfig)
	}
	return env
}

// Wait waits for the end. A run beyond its limit is killed and fails the test.
func (r *Running) Wait() Result {
	r.tb.Helper()
	select {
	case <-r.done:
	case <-time.After(time.Until(r.begin.Add(r.limit))):
		r.Signal(unix.SIGKILL)
		<-r.done
		r.tb.Fatalf("pktrail did not end within %s", r.limit)
	}
	code := r.cmd.ProcessState.ExitCode()
	if exit := (*exec.ExitError)(nil); r.err != nil && !errors.As(r.err, &exit) {
		r.tb.Fatal(r.err)
	}
	return Result{Stdout: r.stdout.String(), Stderr: r.stderr.String(), Code: code, Took: time.Since(r.begin)}
}

// Signal sends a signal to pktrail and what it has started, if it still runs.
func (r *Running) Signal(sig unix.Signal) {
	select {
	case <-r.done:
	default:
		// Its process group: it may have ended meanwhile.
		_ = unix.Kill(-r.cmd.Process.Pid, sig)
	}
}

// Stop sends Ctrl-C's signal and waits for the end.
func (r *Running) Stop() Result {
	r.tb.Helper()
	r.Signal(unix.SIGINT)
	return r.Wait()
}

// Says waits until pktrail has said something on stderr. It fails the test if
// pktrail ends first.
func (r *Running) Says(what string) {
	r.tb.Helper()
	r.await(&r.stderr, what)
}

// Prints is Says for stdout.
func (r *Running) Prints(what string) {
	r.tb.Helper()
	r.await(&r.stdout, what)
}

// Stderr is what it has said until now.
func (r *Running) Stderr() string { return r.stderr.String() }

// PID is pktrail's process.
func (r *Running) PID() int { return r.cmd.Process.Pid }

func (r *Running) await(t *text, what string) {
	r.tb.Helper()
	for deadline := time.Now().Add(min(r.limit, time.Minute)); !strings.Contains(t.String(), what); {
		select {
		case <-r.done:
			if !strings.Contains(t.String(), what) {
				r.tb.Fatalf("pktrail ended without %q:\n%s", what, r.stderr.String())
			}
		case <-time.After(10 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			r.tb.Fatalf("waited for %q, pktrail said:\n%s", what, r.stderr.String())
		}
	}
}

// text is a buffer that is written and read at the same time.
type text struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (t *text) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.b.Write(b)
}

func (t *text) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.b.String()
}
