package machine

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"golang.org/x/sys/unix"
)

// entered marks a first process that has its own root of cgroups.
const entered = "PKTRAIL_MACHINE_ENTERED"

// Enter turns a first process that Boot started into a machine: it gives it a
// host name, its own cgroups and file systems, with /var and changes to /etc
// kept in dir. It runs the program anew in between, with the same arguments: a
// cgroup namespace is a thread's, and only running a program makes one of all
// threads.
func Enter(name, dir string) error {
	if os.Getpid() != 1 {
		return errors.New("enter machine: not the first process of a PID namespace")
	}
	if os.Getenv(entered) == "" {
		runtime.LockOSThread()
		if err := joinCgroups(name); err != nil {
			return fmt.Errorf("enter machine %s: %w", name, err)
		}
		err := unix.Exec("/proc/self/exe", os.Args, append(os.Environ(), entered+"=yes"))
		return fmt.Errorf("enter machine %s: run anew: %w", name, err)
	}
	if err := os.Unsetenv(entered); err != nil {
		return fmt.Errorf("enter machine %s: %w", name, err)
	}
	own, err := os.OpenRoot(dir) // mounts may hide its path
	if err != nil {
		return fmt.Errorf("enter machine %s: %w", name, err)
	}
	defer own.Close()
	if err := unix.Sethostname([]byte(name)); err != nil {
		return fmt.Errorf("enter machine %s: set host name: %w", name, err)
	}
	if err := mounts(name, dir); err != nil {
		return fmt.Errorf("enter machine %s: %w", name, err)
	}
	if err := own.WriteFile(upFile, nil, 0o644); err != nil {
		return fmt.Errorf("enter machine %s: %w", name, err)
	}
	return nil
}

// upFile is in a machine's folder as soon as Enter has ended.
const upFile = "up"

// Up says whether a machine's first process has entered it. Before that, its
// /run and /etc are still those of the real machine.
func Up(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, upFile))
	return err == nil
}
