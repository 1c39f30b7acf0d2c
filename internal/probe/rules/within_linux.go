//go:build !pktrail_lite

package rules

import (
	"errors"
	"fmt"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

const ownNetns = "/proc/thread-self/ns/net"

// within runs fn on a thread in the namespace; nil is our own. A socket stays
// in the namespace where it was made. Our own namespace is not entered again:
// that would need CAP_SYS_ADMIN for nothing.
func within(ns *os.File, fn func() error) error {
	if ns == nil {
		return fn()
	}
	conn, err := ns.SyscallConn()
	if err != nil {
		return fmt.Errorf("enter network namespace: %w", err)
	}
	// Control keeps the descriptor open while it is used.
	var result error
	if err := conn.Control(func(fd uintptr) { result = withinFD(int(fd), fn) }); err != nil {
		return fmt.Errorf("enter network namespace: %w", err)
	}
	return result
}

func withinFD(fd int, fn func() error) error {
	var own, asked unix.Stat_t
	if unix.Stat(ownNetns, &own) == nil && unix.Fstat(fd, &asked) == nil && own.Dev == asked.Dev && own.Ino == asked.Ino {
		return fn()
	}
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		home, err := unix.Open(ownNetns, unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err != nil {
			runtime.UnlockOSThread()
			done <- fmt.Errorf("open own network namespace: %w", err)
			return
		}
		if err = enter(fd); err == nil {
			err = fn()
		}
		// A thread that cannot go home dies with this goroutine, because it
		// stays locked.
		if unix.Setns(home, unix.CLONE_NEWNET) == nil {
			runtime.UnlockOSThread()
		}
		_ = unix.Close(home)
		done <- err
	}()
	return <-done
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
