package action

import (
	"context"
	"io"
	"os"
	"syscall"
)

// ownGroup keeps the console's Ctrl-C from a program.
func ownGroup() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
}

// readerGone reports whether an output is a pipe that nobody reads any more,
// which cannot be asked here.
func readerGone(io.Writer) bool { return false }

// fifo gives no pipe with a name: Wireshark takes its stdin.
func fifo(string, string) (string, error) { return "", nil }

// OpenPipe opens a named pipe, which its reader has made, to write to.
func OpenPipe(_ context.Context, path string) (*os.File, error) {
	return os.OpenFile(path, os.O_WRONLY, 0)
}
