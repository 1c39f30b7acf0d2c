package machine

import (
	"errors"
	"fmt"
	"os"
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
	if err := unix.Sethostname([]byte(name)); err != nil {
		return fmt.Errorf("enter machine %s: set host name: %w", name, err)
	}
	if err := mounts(name, dir); err != nil {
		return fmt.Errorf("enter machine %s: %w", name, err)
	}
	return nil
}
