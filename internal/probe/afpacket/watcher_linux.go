package afpacket

import (
	"encoding/binary"
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// watcher knows the links of one namespace: from a dump, and from the
// messages that the kernel sends about changes.
type watcher struct {
	fd    int
	seq   uint32
	buf   []byte
	links map[int]link
	// gone names devices whose packets may still wait in the ring.
	gone map[int]link
	// changed is called for every change: was or is has index 0 when the
	// device came or went.
	changed func(was, is link)
}

// maxGone bounds the memory of a capture in a namespace where devices come
// and go for days.
const maxGone = 1024

// openWatcher must run in the namespace that is to be watched.
func openWatcher() (*watcher, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.NETLINK_ROUTE)
	if err != nil {
		return nil, fmt.Errorf("open rtnetlink socket: %w", err)
	}
	w := &watcher{fd: fd, buf: make([]byte, 32<<10), links: map[int]link{}, gone: map[int]link{}}
	if err := unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Groups: unix.RTMGRP_LINK}); err != nil {
		return nil, errors.Join(fmt.Errorf("subscribe to link events: %w", err), w.close())
	}
	if err := w.dump(); err != nil {
		return nil, errors.Join(err, w.close())
	}
	return w, nil
}

func (w *watcher) close() error { return unix.Close(w.fd) }

// read takes in what the kernel has told since the last time.
func (w *watcher) read() error {
	for {
		err := w.receive(func(linkMessage) {})
		switch {
		case err == nil:
		case errors.Is(err, unix.EAGAIN):
			return nil
		case errors.Is(err, unix.ENOBUFS): // events were lost
			if err := w.dump(); err != nil {
				return err
			}
		default:
			return err
		}
	}
}

// named is the link with this index, now or before it was deleted.
func (w *watcher) named(index int) (link, bool) {
	if err := w.read(); err == nil {
		if l, ok := w.links[index]; ok {
			return l, true
		}
	}
	l, ok := w.gone[index]
	return l, ok
}

// receive handles one datagram; answers to requests also go to answer.
func (w *watcher) receive(answer func(linkMessage)) error {
	n, _, err := unix.Recvfrom(w.fd, w.buf, 0)
	if err != nil {
		return err
	}
	decodeLinks(w.buf[:n], func(m linkMessage) {
		switch m.kind {
		case newLink:
			w.set(m.link)
		case delLink:
			w.remove(m.link.index)
		}
		if m.seq == w.seq {
			answer(m)
		}
	})
	return nil
}

func (w *watcher) set(is link) {
	was := w.links[is.index]
	w.links[is.index] = is
	if w.changed != nil {
		w.changed(was, is)
	}
}

func (w *watcher) remove(index int) {
	was, ok := w.links[index]
	if !ok {
		return
	}
	delete(w.links, index)
	if len(w.gone) >= maxGone {
		clear(w.gone)
	}
	w.gone[index] = was
	if w.changed != nil {
		w.changed(was, link{})
	}
}

// dump asks for all links, and removes those that are no longer there.
func (w *watcher) dump() error {
	w.seq++
	req := make([]byte, nlHeader+linkInfo)
	binary.NativeEndian.PutUint32(req, uint32(len(req)))
	binary.NativeEndian.PutUint16(req[4:], unix.RTM_GETLINK)
	binary.NativeEndian.PutUint16(req[6:], unix.NLM_F_REQUEST|unix.NLM_F_DUMP)
	binary.NativeEndian.PutUint32(req[8:], w.seq)
	if err := unix.Sendto(w.fd, req, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return fmt.Errorf("list links: %w", err)
	}
	seen := map[int]bool{}
	done := false
	var refused error
	for !done {
		err := w.receive(func(m linkMessage) {
			switch m.kind {
			case newLink:
				seen[m.link.index] = true
			case nlDone:
				done = true
			case nlError:
				done, refused = true, unix.Errno(-m.code)
			}
		})
		if errors.Is(err, unix.EAGAIN) {
			err = w.await()
		}
		if err != nil && !errors.Is(err, unix.ENOBUFS) {
			return fmt.Errorf("list links: %w", err)
		}
	}
	if refused != nil {
		return fmt.Errorf("list links: %w", refused)
	}
	for index := range w.links {
		if !seen[index] {
			w.remove(index)
		}
	}
	return nil
}

// await waits for the rest of a dump, which the kernel makes without delay.
func (w *watcher) await() error {
	n, err := unix.Poll([]unix.PollFd{{Fd: int32(w.fd), Events: unix.POLLIN}}, 1000)
	if err == nil && n == 0 {
		err = unix.ETIMEDOUT
	}
	if errors.Is(err, unix.EINTR) {
		err = nil
	}
	return err
}
