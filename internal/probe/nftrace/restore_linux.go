//go:build !pktrail_lite

package nftrace

import (
	"errors"
	"fmt"
	"os"
)

// Restore puts back what a Leftover tells of, and forgets it. ns is its
// namespace; nil is the caller's own.
func Restore(ns *os.File, l Leftover) error {
	inode, err := inodeOf(ns)
	if err != nil {
		return err
	}
	if inode != l.Netns {
		return fmt.Errorf("restore logger: network namespace %d is not %d", inode, l.Netns)
	}
	return inNamespace(ns, l.restore)
}

// restore runs in the namespace.
func (l Leftover) restore() error {
	s, err := openSocket(0)
	if err != nil {
		return err
	}
	var all []error
	for family, was := range l.Loggers {
		all = append(all, s.restoreLogger(family, was))
	}
	if err := errors.Join(all...); err != nil {
		return errors.Join(err, s.close())
	}
	return errors.Join(l.Forget(), s.close())
}
