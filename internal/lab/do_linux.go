package lab

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"golang.org/x/sys/unix"
)

// netnsDir is where ip-netns(8) keeps named network namespaces.
const netnsDir = "/run/netns"

// Do runs fn in the named network namespace, on a goroutine of its own that
// is locked to its thread, and returns fn's error. Sockets that fn opens and
// processes that it starts belong to the namespace for good; goroutines that
// it starts do not. In fn, /proc/sys/net is the namespace's, and so is
// /proc/thread-self/net; /proc/net and /proc/self/net are not. fn must not end
// its goroutine (testing.T.FailNow).
//
// A namespace that does not exist is a *NotFoundError.
func Do(namespace string, fn func() error) error {
	f, err := openNamespace(namespace)
	if err != nil {
		return err
	}
	defer f.Close()
	return doIn(f, fn)
}

// openNamespace opens a named namespace, for setns. An empty file in its
// place, as a killed process can leave one, is none.
func openNamespace(name string) (*os.File, error) {
	if err := checkFileName(name); err != nil {
		return nil, err
	}
	f, err := os.Open(filepath.Join(netnsDir, name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &NotFoundError{What: "namespace", Name: name}
	}
	if err != nil {
		return nil, fmt.Errorf("open namespace: %w", err)
	}
	ok, err := isNamespace(f)
	if err == nil && !ok {
		err = &NotFoundError{What: "namespace", Name: name}
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

func isNamespace(f *os.File) (bool, error) {
	var st unix.Statfs_t
	if err := unix.Fstatfs(int(f.Fd()), &st); err != nil {
		return false, fmt.Errorf("stat namespace %s: %w", filepath.Base(f.Name()), err)
	}
	return st.Type == unix.NSFS_MAGIC, nil
}

// doIn is Do in an open namespace.
func doIn(ns *os.File, fn func() error) error {
	return away(func() error {
		if err := setns(ns); err != nil {
			return fmt.Errorf("enter namespace %s: %w", filepath.Base(ns.Name()), err)
		}
		return fn()
	})
}

// away runs fn, which may change its thread's network namespace, on a
// goroutine of its own, and brings the thread back.
func away(fn func() error) error {
	err := errors.New("run in namespace: the function ended its goroutine")
	done := make(chan struct{})
	go func() {
		defer close(done)
		// A thread that cannot go back stays locked, and ends with the goroutine.
		runtime.LockOSThread()
		if unix.Gettid() == unix.Getpid() {
			// The main thread is what /proc/self/ns/net speaks of: it stays.
			// While this goroutine holds it, the next gets another.
			defer runtime.UnlockOSThread()
			err = away(fn)
			return
		}
		home, herr := os.Open("/proc/thread-self/ns/net")
		if herr != nil {
			err = fmt.Errorf("open own namespace: %w", herr)
			return
		}
		defer home.Close()
		defer func() {
			if setns(home) == nil {
				runtime.UnlockOSThread()
			}
		}()
		err = fn()
	}()
	<-done
	return err
}

func setns(ns *os.File) error {
	return unix.Setns(int(ns.Fd()), unix.CLONE_NEWNET)
}
