//go:build !pktrail_lite

package nftrace

import (
	"errors"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"

	"github.com/pktrail/pktrail/internal/probe/within"
)

// inNamespace runs fn in a namespace; nil is our own.
func inNamespace(ns *os.File, fn func() error) error {
	err := within.Do(ns, fn)
	if enter, ok := errors.AsType[*within.EnterError](err); ok && errors.Is(enter, fs.ErrPermission) {
		return &PermissionError{Op: "enter network namespace", Capability: "CAP_SYS_ADMIN", Err: enter.Err}
	}
	return err
}

// inodeOf identifies a namespace; nil is our own.
func inodeOf(ns *os.File) (uint64, error) {
	var st unix.Stat_t
	err := inNamespace(ns, func() error { return unix.Stat(within.Own, &st) })
	return st.Ino, err
}
