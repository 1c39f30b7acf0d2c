package action

import (
	"errors"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// mostBuffers is IOV_MAX: UIO_MAXIOV of linux/uio.h.
const mostBuffers = 1024

// rows writes rows of buffers with writev(2). It keeps the row it makes for
// the kernel, since unix.Writev would make one for each call.
type rows struct{ row []unix.Iovec }

// write writes all buffers in order, and returns how many bytes it has
// written.
func (r *rows) write(f *os.File, bufs [][]byte) (int, error) {
	conn, err := f.SyscallConn()
	if err != nil {
		return 0, err
	}
	done, skip := 0, 0 // skip bytes of the first buffer are written
	var failed error
	err = conn.Write(func(fd uintptr) bool {
		for len(bufs) > 0 {
			n, err := r.once(fd, bufs, skip)
			switch {
			case errors.Is(err, unix.EINTR):
				continue
			case errors.Is(err, unix.EAGAIN):
				return false // a pipe that is full: wait for its reader
			case err != nil:
				failed = os.NewSyscallError("writev", err)
				return true
			}
			done += n
			for skip += n; len(bufs) > 0 && skip >= len(bufs[0]); bufs = bufs[1:] {
				skip -= len(bufs[0])
			}
		}
		return true
	})
	return done, errors.Join(failed, err)
}

// once hands one row to the kernel.
func (r *rows) once(fd uintptr, bufs [][]byte, skip int) (int, error) {
	r.row = r.row[:0]
	for _, b := range bufs[:min(len(bufs), mostBuffers)] {
		if b = b[skip:]; len(b) > 0 {
			v := unix.Iovec{Base: unsafe.SliceData(b)}
			v.SetLen(len(b))
			r.row = append(r.row, v)
		}
		skip = 0
	}
	if len(r.row) == 0 {
		return 0, nil
	}
	n, _, errno := unix.Syscall(unix.SYS_WRITEV, fd, uintptr(unsafe.Pointer(&r.row[0])), uintptr(len(r.row)))
	clear(r.row) // they keep memory alive that was only lent
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}
