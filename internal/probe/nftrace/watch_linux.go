//go:build !pktrail_lite

package nftrace

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Watch waits until somebody makes rules in a network namespace. One goroutine
// waits; Close may be called from any.
type Watch struct {
	ns   *os.File
	sock *socket
	file *os.File // owns the socket
	raw  syscall.RawConn
}

// lookEvery is how often tables of iptables-legacy are looked for: nothing is
// told of those.
const lookEvery = time.Second

// OpenWatch watches a namespace from now on; nil is the caller's own. ns must
// stay open until Close.
func OpenWatch(ns *os.File) (*Watch, error) {
	w := &Watch{ns: ns}
	err := inNamespace(ns, func() (err error) {
		w.sock, err = openSocket(0)
		return err
	})
	if err != nil {
		return nil, err
	}
	w.file = os.NewFile(uintptr(w.sock.fd), "nftables") // it does not block, so the runtime's poller takes it
	if err := joinGroup(w.sock.fd, changesGroup, "changes of nft rules"); err != nil {
		return nil, errors.Join(err, w.file.Close())
	}
	if w.raw, err = w.file.SyscallConn(); err != nil {
		return nil, errors.Join(fmt.Errorf("watch nft rules: %w", err), w.file.Close())
	}
	return w, nil
}

// Wait returns when somebody other than pktrail has made a table, a chain or
// a rule, or when there is a table of iptables-legacy. After Close it returns
// os.ErrClosed.
func (w *Watch) Wait() error {
	for {
		if err := w.file.SetReadDeadline(time.Now().Add(lookEvery)); err != nil {
			return os.ErrClosed // there is no other reason
		}
		made := false
		var failed error
		err := w.raw.Read(func(uintptr) bool {
			made, failed = w.drain()
			return made || failed != nil
		})
		switch {
		case failed != nil:
			return fmt.Errorf("watch nft rules: %w", failed)
		case made:
			return nil
		case errors.Is(err, os.ErrDeadlineExceeded):
			if w.hasLegacy() {
				return nil
			}
		case err != nil:
			return os.ErrClosed
		}
	}
}

// drain takes in what the kernel has told, and reports whether rules were
// made. What did not fit into its queue may be such.
func (w *Watch) drain() (made bool, err error) {
	for {
		b, err := w.sock.receive()
		switch {
		case errors.Is(err, unix.EAGAIN):
			return made, nil
		case errors.Is(err, unix.ENOBUFS):
			made = true
			continue
		case err != nil:
			return made, err
		}
		eachMessage(b, func(m nlMessage) { made = made || madeByOthers(m) })
	}
}

// hasLegacy looks for tables of iptables-legacy. What cannot be asked is as
// good as not there: it is asked again.
func (w *Watch) hasLegacy() bool {
	var families []uint8
	err := inNamespace(w.ns, func() (err error) {
		families, err = legacyFamilies()
		return err
	})
	return err == nil && len(families) > 0
}

// Close ends the watch, and a Wait with it.
func (w *Watch) Close() error {
	if err := w.file.Close(); err != nil && !errors.Is(err, os.ErrClosed) {
		return fmt.Errorf("close netfilter socket: %w", err)
	}
	return nil
}
