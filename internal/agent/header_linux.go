package agent

import (
	"time"

	"golang.org/x/sys/unix"

	"github.com/pktrail/pktrail/internal/record"
)

// header says who makes the stream.
func header() record.Header {
	h := record.Header{Application: "pktrail", Version: version, Started: time.Now()}
	var u unix.Utsname
	if unix.Uname(&u) == nil {
		h.OS = unix.ByteSliceToString(u.Sysname[:]) + " " + unix.ByteSliceToString(u.Release[:])
		h.Hardware = unix.ByteSliceToString(u.Machine[:])
	}
	return h
}
