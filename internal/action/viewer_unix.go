//go:build unix

package action

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// ownGroup keeps the terminal's Ctrl-C from a program.
func ownGroup() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// readerGone reports whether an output is a pipe that nobody reads any more.
// tshark ends with code 2 then, as with arguments that it does not take.
func readerGone(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	c, err := f.SyscallConn()
	if err != nil {
		return false
	}
	gone := false
	err = c.Control(func(fd uintptr) {
		p := []unix.PollFd{{Fd: int32(fd)}}
		n, err := unix.Poll(p, 0)
		gone = err == nil && n > 0 && p[0].Revents&unix.POLLERR != 0
	})
	return err == nil && gone
}

// fifo makes a named pipe for Wireshark, in a folder of its own. Where stdin is
// the pipe, Wireshark's window keeps it open when its capture has been stopped,
// and nobody learns of that. Programs in a sandbox see no folder of ours, and
// have to take stdin: an empty path.
func fifo(program, title string) (path string, err error) {
	if real, err := filepath.EvalSymlinks(program); err != nil || strings.Contains(real, "snap") || strings.Contains(real, "flatpak") {
		return "", nil //nolint:nilerr // stdin works with all of them
	}
	dir, err := os.MkdirTemp("", "pktrail-")
	if err != nil {
		return "", fmt.Errorf("make a pipe: %w", err)
	}
	path = filepath.Join(dir, fileName(title))
	if err := unix.Mkfifo(path, 0o600); err != nil {
		return "", errors.Join(fmt.Errorf("make a pipe: %w", err), os.RemoveAll(dir))
	}
	return path, nil
}

// OpenPipe opens a named pipe to write to, as soon as somebody reads it.
func OpenPipe(ctx context.Context, path string) (*os.File, error) {
	for {
		f, err := os.OpenFile(path, os.O_WRONLY|syscall.O_NONBLOCK, 0)
		if !errors.Is(err, syscall.ENXIO) {
			return f, err
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-time.After(pipePatience):
		}
	}
}
