package netns

import (
	"errors"
	"fmt"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

var errUnfinished = errors.New("the function ended its goroutine")

// Do runs fn on a thread that is in the namespace. Sockets that fn opens stay
// in the namespace; goroutines that it starts do not. The thread comes back
// to where it was, and dies if it cannot. Refused by the kernel: a
// *PermissionError. In the namespace that we are in already, fn runs without
// asking for any right.
func (n *Namespace) Do(fn func() error) error {
	conn, err := n.file.SyscallConn()
	if err != nil {
		return fmt.Errorf("enter network namespace %s: %w", n.Label, err)
	}
	// Control keeps the descriptor open while we use it.
	var result error
	err = conn.Control(func(fd uintptr) { result = n.doAt(int(fd), fn) })
	if err != nil {
		return fmt.Errorf("enter network namespace %s: %w", n.Label, err)
	}
	return result
}

func (n *Namespace) doAt(fd int, fn func() error) error {
	result := make(chan error, 1)
	go func() {
		err := errUnfinished // if fn calls runtime.Goexit, as t.FailNow does
		defer func() { result <- err }()
		runtime.LockOSThread()
		if inodeOf(ownNS) == n.Inode {
			defer runtime.UnlockOSThread()
			err = fn()
			return
		}
		home, openErr := os.Open("/proc/thread-self/ns/net")
		if openErr != nil {
			// Without a way back this thread serves once, and dies with
			// its locked goroutine.
			home = nil
		}
		if enterErr := unix.Setns(fd, unix.CLONE_NEWNET); enterErr != nil {
			runtime.UnlockOSThread()
			err = enterError(n.Label, enterErr)
			if home != nil {
				_ = home.Close()
			}
			return
		}
		defer goHome(home)
		err = fn()
	}()
	return <-result
}

// goHome puts the thread back. Where that fails the goroutine ends locked,
// and the runtime ends the thread with it.
func goHome(home *os.File) {
	if home == nil {
		return
	}
	if unix.Setns(int(home.Fd()), unix.CLONE_NEWNET) == nil {
		runtime.UnlockOSThread()
	}
	_ = home.Close()
}

func enterError(label string, err error) error {
	op := "enter network namespace " + label
	if errors.Is(err, unix.EPERM) {
		// setns(2): CAP_SYS_ADMIN in our user namespace and in the one that
		// owns the network namespace.
		return &PermissionError{Op: op, Capability: "CAP_SYS_ADMIN", Err: err}
	}
	return fmt.Errorf("%s: %w", op, err)
}
