package netns

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// nsfsMagic is NSFS_MAGIC of linux/magic.h.
const nsfsMagic = 0x6e736673

// openFile opens a network namespace by a path: a name bound by `ip netns
// add`, /proc/PID/ns/net, or anything the user gave. Nothing else is ever
// opened: the path is looked at with O_PATH first, which has no effect on a
// device or a pipe, and only a file of nsfs is opened for reading.
func openFile(path string) (*os.File, uint64, error) {
	look, err := unix.Open(path, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, 0, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	defer func() { _ = unix.Close(look) }()
	var sfs unix.Statfs_t
	if err := unix.Fstatfs(look, &sfs); err != nil {
		return nil, 0, &fs.PathError{Op: "statfs", Path: path, Err: err}
	}
	if sfs.Type != nsfsMagic {
		return nil, 0, &NotNamespaceError{Path: path, Is: fileType(look)}
	}
	// Opening by the descriptor reaches this very file whatever happens to
	// the path meanwhile.
	fd, err := unix.Open("/proc/self/fd/"+strconv.Itoa(look), unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, 0, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	f := os.NewFile(uintptr(fd), path)
	kind, err := unix.IoctlRetInt(fd, unix.NS_GET_NSTYPE)
	if err == nil && kind != unix.CLONE_NEWNET {
		err = &NotNamespaceError{Path: path, Is: "a namespace of another type"}
	}
	var st unix.Stat_t
	if err == nil {
		err = unix.Fstat(fd, &st)
	}
	if err != nil {
		return nil, 0, errors.Join(fmt.Errorf("open %s: %w", path, err), f.Close())
	}
	return f, st.Ino, nil
}

// inodeOf gives the inode of the namespace at path, 0 if it cannot be had.
func inodeOf(path string) uint64 {
	var st unix.Stat_t
	if unix.Stat(path, &st) != nil {
		return 0
	}
	return st.Ino
}

func fileType(fd int) string {
	var st unix.Stat_t
	if unix.Fstat(fd, &st) != nil {
		return "some other file"
	}
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFREG:
		return "a plain file"
	case unix.S_IFDIR:
		return "a directory"
	case unix.S_IFSOCK:
		return "a socket"
	case unix.S_IFIFO:
		return "a pipe"
	case unix.S_IFBLK, unix.S_IFCHR:
		return "a device"
	}
	return "some other file"
}
