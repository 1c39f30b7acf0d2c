//go:build !pktrail_lite

package ask

import (
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// kmsgRecord is more than the longest record that /dev/kmsg gives
// (CONSOLE_EXT_LOG_MAX and PRINTK_MESSAGE_MAX of kernel/printk, at most 8192);
// a shorter read would fail.
const kmsgRecord = 16384

// Log reads the machine's kernel log from the moment it was opened.
type Log struct {
	file *os.File
	buf  []byte
	lost int
}

// OpenLog opens the kernel log at its end. It needs CAP_SYSLOG where
// kernel.dmesg_restrict is set.
func OpenLog() (*Log, error) {
	// Without waiting in the kernel, so that Close ends a Read.
	f, err := os.OpenFile("/dev/kmsg", os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("open kernel log: %w", err)
	}
	if _, err := f.Seek(0, io.SeekEnd); err != nil {
		return nil, errors.Join(fmt.Errorf("go to the end of the kernel log: %w", err), f.Close())
	}
	return &Log{file: f, buf: make([]byte, kmsgRecord)}, nil
}

// Read waits for the next complaint. After Close it returns os.ErrClosed.
func (l *Log) Read() (Complaint, error) {
	for {
		n, err := l.file.Read(l.buf)
		switch {
		case errors.Is(err, unix.EPIPE): // overwritten; the next read goes on
			l.lost++
			continue
		case errors.Is(err, os.ErrClosed):
			return Complaint{}, os.ErrClosed
		case err != nil:
			return Complaint{}, fmt.Errorf("read kernel log: %w", err)
		}
		if c, ok := parseComplaint(string(l.buf[:n])); ok {
			c.Lost, l.lost = l.lost, 0
			return c, nil
		}
	}
}

// Close ends the log and a Read that waits.
func (l *Log) Close() error {
	if err := l.file.Close(); err != nil {
		return os.ErrClosed
	}
	return nil
}
