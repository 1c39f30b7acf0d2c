package nlsock

import (
	"errors"
	"syscall"
)

// ErrChanged says that a list changed while it was read (NLM_F_DUMP_INTR):
// what was handed out is of more than one moment, and may lack something.
var ErrChanged = errors.New("it changed while it was read")

// Refusal is the kernel's answer to a question that it does not like. It wraps
// its errno: errors.Is(err, fs.ErrPermission) and the like hold.
type Refusal struct {
	Errno syscall.Errno
	// Text is the kernel's reason in words (NLMSGERR_ATTR_MSG); empty for none.
	Text string
}

// Error implements error.
func (r *Refusal) Error() string {
	if r.Text == "" {
		return r.Errno.Error()
	}
	return r.Errno.Error() + ": " + r.Text
}

// Unwrap gives the errno.
func (r *Refusal) Unwrap() error { return r.Errno }
