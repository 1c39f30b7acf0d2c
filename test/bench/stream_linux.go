package main

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// Sizes of a stream's writes and reads, in bytes.
const (
	writeSize = 64 << 10
	readSize  = 256 << 10
)

// stream writes as fast as it goes: 99 writes to the main connection, then one
// to the other. Both ends share the first CPU: apart, either may be the one
// that the other waits for, and what a packet costs shows only at times.
func (s *sockets) stream() *drive {
	d := &drive{}
	d.pinned(0, func() error {
		buf := make([]byte, writeSize)
		var spent clock
		for turn := 0; !d.over.Load(); turn++ {
			fd := s.main
			if turn%100 == 99 {
				fd = s.mark
			}
			n, err := unix.Write(fd, buf)
			if err != nil && !passing(err) {
				return fmt.Errorf("send: %w", err)
			}
			d.sent.Add(int64(max(n, 0)))
			spent.tell(d)
		}
		return nil
	})
	for _, fd := range s.in {
		d.pinned(0, func() error {
			buf := make([]byte, readSize)
			var spent clock
			for {
				over := d.over.Load()
				n, err := unix.Read(fd, buf)
				spent.tell(d)
				switch {
				case err != nil && !passing(err):
					return fmt.Errorf("receive: %w", err)
				case err != nil && over:
					return nil
				case n == 0 && err == nil:
					return errors.New("receive: the connection was closed")
				}
				d.received.Add(int64(max(n, 0)))
			}
		})
	}
	return d
}

// passing says whether a call may be made again.
func passing(err error) bool {
	return errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EINTR)
}
