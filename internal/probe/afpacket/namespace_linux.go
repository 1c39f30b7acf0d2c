package afpacket

import (
	"errors"
	"fmt"
	"runtime"

	"golang.org/x/sys/unix"
)

// within calls open in the network namespace fd, 0 being the caller's own. A
// socket stays in the namespace where it was made. Our own namespace is not
// entered again: that would need CAP_SYS_ADMIN for nothing.
func within(fd int, open func() error) error {
	if fd == 0 || isOwn(fd) {
		return open()
	}
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		own, err := unix.Open("/proc/thread-self/ns/net", unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err != nil {
			runtime.UnlockOSThread()
			done <- fmt.Errorf("open own network namespace: %w", err)
			return
		}
		err = enter(fd)
		if err == nil {
			err = open()
		}
		// A thread that cannot go home dies with this goroutine, because it
		// stays locked.
		if unix.Setns(own, unix.CLONE_NEWNET) == nil {
			runtime.UnlockOSThread()
		}
		_ = unix.Close(own)
		done <- err
	}()
	return <-done
}

func isOwn(fd int) bool {
	var own, asked unix.Stat_t
	return unix.Stat("/proc/thread-self/ns/net", &own) == nil && unix.Fstat(fd, &asked) == nil &&
		own.Dev == asked.Dev && own.Ino == asked.Ino
}

func enter(fd int) error {
	err := unix.Setns(fd, unix.CLONE_NEWNET)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, unix.EPERM):
		return fmt.Errorf("enter network namespace: needs CAP_SYS_ADMIN: %w", err)
	}
	return fmt.Errorf("enter network namespace: %w", err)
}
