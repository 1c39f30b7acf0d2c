//go:build !pktrail_lite

package ask

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync"

	"golang.org/x/sys/unix"
)

// Asker puts questions to one network namespace. All methods may be called
// from several goroutines at once; questions of one kind wait for each other.
type Asker struct {
	ns    *os.File
	inode uint64
	proc  string

	mu     sync.Mutex
	conns  map[int]*conn // by netlink family
	closed bool
}

// Open prepares to ask the network namespace that the file is of; nil is our
// own. The file may be closed afterwards. It needs CAP_SYS_ADMIN unless the
// namespace is our own; some questions need CAP_NET_ADMIN.
func Open(netns *os.File) (*Asker, error) {
	a := &Asker{conns: map[int]*conn{}, proc: "/proc"}
	var err error
	if netns == nil {
		if a.ns, err = os.Open("/proc/thread-self/ns/net"); err != nil {
			return nil, fmt.Errorf("open own network namespace: %w", err)
		}
	} else if a.ns, err = duplicate(netns); err != nil {
		return nil, err
	}
	var st unix.Stat_t
	err = a.control(func(fd int) error { return unix.Fstat(fd, &st) })
	if err != nil {
		return nil, errors.Join(fmt.Errorf("look at network namespace: %w", err), a.ns.Close())
	}
	a.inode = st.Ino
	if _, err := a.conn(unix.NETLINK_ROUTE); err != nil {
		return nil, errors.Join(err, a.ns.Close())
	}
	return a, nil
}

func duplicate(f *os.File) (*os.File, error) {
	raw, err := f.SyscallConn()
	if err != nil {
		return nil, fmt.Errorf("keep network namespace open: %w", err)
	}
	fd := -1
	var dupErr error
	err = raw.Control(func(old uintptr) {
		fd, dupErr = unix.FcntlInt(old, unix.F_DUPFD_CLOEXEC, 0)
	})
	if err = errors.Join(err, dupErr); err != nil {
		return nil, fmt.Errorf("keep network namespace open: %w", err)
	}
	return os.NewFile(uintptr(fd), f.Name()), nil
}

// Close ends the Asker. Questions fail with os.ErrClosed from then on.
func (a *Asker) Close() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		return os.ErrClosed
	}
	a.closed = true
	err := a.ns.Close()
	for _, c := range a.conns {
		err = errors.Join(err, c.close())
	}
	return err
}

// conn is the socket of a netlink family, opened when first needed.
func (a *Asker) conn(family int) (*conn, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		return nil, os.ErrClosed
	}
	c, ok := a.conns[family]
	if ok && !c.late.Load() {
		return c, nil
	}
	if ok {
		delete(a.conns, family)
		if err := c.close(); err != nil {
			return nil, fmt.Errorf("close netlink socket: %w", err)
		}
	}
	err := a.Do(func() (err error) {
		c, err = dial(family)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("open netlink socket: %w", err)
	}
	a.conns[family] = c
	return c, nil
}

// Do runs fn on a thread that is in the namespace. Sockets that fn opens stay
// there; goroutines that it starts do not. Where it is our own namespace, fn
// runs without asking for any right.
func (a *Asker) Do(fn func() error) error {
	return a.control(func(fd int) error { return within(fd, a.inode, fn) })
}

// control keeps the descriptor open while f uses it.
func (a *Asker) control(f func(fd int) error) error {
	raw, err := a.ns.SyscallConn()
	if err != nil {
		return os.ErrClosed
	}
	var result error
	if err := raw.Control(func(fd uintptr) { result = f(int(fd)) }); err != nil {
		return os.ErrClosed // there is no other reason
	}
	return result
}

var errUnfinished = errors.New("the function ended its goroutine")

func within(fd int, inode uint64, fn func() error) error {
	done := make(chan error, 1)
	go func() {
		err := errUnfinished // if fn calls runtime.Goexit, as t.FailNow does
		defer func() { done <- err }()
		runtime.LockOSThread()
		// /proc/thread-self and not /proc/self: the main thread may be in
		// another namespace than this one.
		home, openErr := os.Open("/proc/thread-self/ns/net")
		if openErr != nil {
			home = nil // this thread serves once, and dies with its goroutine
		}
		var own unix.Stat_t
		if home != nil && unix.Fstat(int(home.Fd()), &own) == nil && own.Ino == inode {
			_ = home.Close()
			defer runtime.UnlockOSThread()
			err = fn()
			return
		}
		defer goHome(home)
		if err = unix.Setns(fd, unix.CLONE_NEWNET); err != nil {
			if errors.Is(err, unix.EPERM) {
				err = fmt.Errorf("needs CAP_SYS_ADMIN: %w", err)
			}
			err = fmt.Errorf("enter network namespace: %w", err)
			return
		}
		err = fn()
	}()
	return <-done
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
