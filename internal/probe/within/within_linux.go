package within

import (
	"errors"
	"fmt"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// Own is the network namespace of the thread that looks. Not /proc/self, which
// is the main thread's: that one may be at work in another namespace.
const Own = "/proc/thread-self/ns/net"

// ErrUnfinished is the result of a function that ended its goroutine
// (runtime.Goexit, as testing.T.FailNow does).
var ErrUnfinished = errors.New("the function ended its goroutine")

// EnterError is a namespace that could not be entered. errors.Is(err,
// fs.ErrPermission) holds where CAP_SYS_ADMIN is missing, in our user namespace
// or in the one that owns the network namespace.
type EnterError struct{ Err error }

// Error implements error.
func (e *EnterError) Error() string {
	if errors.Is(e.Err, unix.EPERM) {
		return fmt.Sprintf("enter network namespace: needs CAP_SYS_ADMIN: %v", e.Err)
	}
	return fmt.Sprintf("enter network namespace: %v", e.Err)
}

// Unwrap gives the kernel's error.
func (e *EnterError) Unwrap() error { return e.Err }

// Do runs fn in a namespace; nil is our own. Goroutines that fn starts are not
// in it. The thread comes back to where it was, and dies if it cannot. Our own
// namespace is not entered again: that would need a right for nothing. An
// error that is not fn's is an *EnterError, ErrUnfinished, or os.ErrClosed.
func Do(ns *os.File, fn func() error) error {
	if ns == nil {
		return fn()
	}
	conn, err := ns.SyscallConn()
	if err != nil {
		return os.ErrClosed
	}
	// Control keeps the descriptor open while it is used.
	var result error
	if err := conn.Control(func(fd uintptr) { result = DoFD(int(fd), fn) }); err != nil {
		return os.ErrClosed // there is no other reason
	}
	return result
}

// DoFD is Do for a descriptor, which must stay open until it returns.
func DoFD(fd int, fn func() error) error {
	done := make(chan error, 1)
	go func() {
		err := ErrUnfinished
		defer func() { done <- err }()
		runtime.LockOSThread()
		if isOwn(fd) {
			defer runtime.UnlockOSThread()
			err = fn()
			return
		}
		home, openErr := os.Open(Own)
		if openErr != nil {
			home = nil // this thread serves once, and dies with its locked goroutine
		}
		if enterErr := unix.Setns(fd, unix.CLONE_NEWNET); enterErr != nil {
			runtime.UnlockOSThread()
			if home != nil {
				_ = home.Close()
			}
			err = &EnterError{enterErr}
			return
		}
		defer goHome(home)
		err = fn()
	}()
	return <-done
}

// isOwn reports whether the thread is in the namespace already.
func isOwn(fd int) bool {
	var own, asked unix.Stat_t
	return unix.Stat(Own, &own) == nil && unix.Fstat(fd, &asked) == nil && own.Dev == asked.Dev && own.Ino == asked.Ino
}

// goHome puts the thread back. Where that fails the goroutine ends locked, and
// the runtime ends the thread with it.
func goHome(home *os.File) {
	if home == nil {
		return
	}
	if unix.Setns(int(home.Fd()), unix.CLONE_NEWNET) == nil {
		runtime.UnlockOSThread()
	}
	_ = home.Close()
}
