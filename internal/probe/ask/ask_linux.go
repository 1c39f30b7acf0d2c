//go:build !pktrail_lite

package ask

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/pktrail/pktrail/internal/probe/within"
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
		if a.ns, err = os.Open(within.Own); err != nil {
			return nil, fmt.Errorf("open own network namespace: %w", err)
		}
	} else if a.ns, err = duplicate(netns); err != nil {
		return nil, err
	}
	info, err := a.ns.Stat()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("look at network namespace: %w", err), a.ns.Close())
	}
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		a.inode = st.Ino
	}
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
func (a *Asker) Do(fn func() error) error { return within.Do(a.ns, fn) }
