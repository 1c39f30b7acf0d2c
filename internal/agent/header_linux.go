package agent

import (
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/pktrail/pktrail/internal/record"
)

// header says who makes the stream, and on which node if it was told.
func header(node string) record.Header {
	h := record.Header{Application: "pktrail", Version: version, Started: time.Now(), Node: node, Boot: bootID()}
	var u unix.Utsname
	if unix.Uname(&u) == nil {
		h.OS = unix.ByteSliceToString(u.Sysname[:]) + " " + unix.ByteSliceToString(u.Release[:])
		h.Hardware = unix.ByteSliceToString(u.Machine[:])
	}
	return h
}

// bootID is the kernel's, the same for all who share it; empty if not known.
func bootID() string {
	b, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}
