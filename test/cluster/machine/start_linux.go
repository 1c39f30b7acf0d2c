package machine

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/pktrail/pktrail/internal/lab"
)

// Options say what to start.
type Options struct {
	// Name is what the process is called here. A machine has it as host name.
	Name string
	// Log takes the output.
	Log  string
	Argv []string
	// Env is added to Environment.
	Env []string
	// Stdin is nothing if nil. The end of a pipe there tells a first process
	// that its maker has died.
	Stdin *os.File
}

// Start runs a process that outlives us, among our own namespaces.
func Start(o Options) (Process, error) {
	return start(o, 0, func(cmd *exec.Cmd) error { return cmd.Start() })
}

// Boot runs a machine's first process in a network namespace below /run/netns.
// Its program has to call Enter with the same folder before anything else, and
// nobody may use the machine before it is Up.
func Boot(o Options, dir, space string) (Process, error) {
	if err := os.Remove(filepath.Join(dir, upFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Process{}, fmt.Errorf("start %s: %w", o.Name, err)
	}
	return start(o, unix.CLONE_NEWNS|unix.CLONE_NEWUTS|unix.CLONE_NEWPID|unix.CLONE_NEWIPC, func(cmd *exec.Cmd) error {
		return lab.Do(space, cmd.Start)
	})
}

func start(o Options, flags uintptr, run func(*exec.Cmd) error) (Process, error) {
	path, err := exec.LookPath(o.Argv[0])
	if err != nil {
		return Process{}, fmt.Errorf("start %s: %w", o.Name, err)
	}
	if err := os.MkdirAll(filepath.Dir(o.Log), 0o755); err != nil {
		return Process{}, fmt.Errorf("start %s: %w", o.Name, err)
	}
	log, err := os.OpenFile(o.Log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return Process{}, fmt.Errorf("start %s: %w", o.Name, err)
	}
	defer log.Close()
	cmd := &exec.Cmd{ // no context: it is to outlive all that we have
		Path: path, Args: o.Argv, Dir: "/", Env: append(Environment(), o.Env...), Stdout: log, Stderr: log,
		SysProcAttr: &syscall.SysProcAttr{Setsid: true, Cloneflags: flags},
	}
	if o.Stdin != nil {
		cmd.Stdin = o.Stdin
	}
	if err := run(cmd); err != nil {
		return Process{}, fmt.Errorf("start %s: %w", o.Name, err)
	}
	p := Process{Name: o.Name, PID: cmd.Process.Pid}
	p.Start, _, err = procStat(p.PID)
	if err != nil {
		return Process{}, fmt.Errorf("start %s: %w", o.Name, err)
	}
	go cmd.Wait() //nolint:errcheck // only to bury it, should it die while we are here
	return p, nil
}

// Root is a machine's root folder as seen from outside: its /run, /tmp, /etc,
// /var and /proc are below it. p is its first process.
func (p Process) Root() (string, error) {
	if !p.Alive() {
		return "", fmt.Errorf("%s does not run", p.Name)
	}
	return filepath.Join("/proc", strconv.Itoa(p.PID), "root"), nil
}

// Command gives a command that runs on a machine, as root in all of its
// namespaces. p is its first process.
func (p Process) Command(ctx context.Context, argv ...string) (*exec.Cmd, error) {
	if !p.Alive() {
		return nil, fmt.Errorf("%s does not run", p.Name)
	}
	args := append([]string{"-t", strconv.Itoa(p.PID), "-m", "-u", "-i", "-n", "-p", "-C", "--wd=/", "--"}, argv...)
	cmd := exec.CommandContext(ctx, "nsenter", args...)
	cmd.Env = Environment()
	return cmd, nil
}
