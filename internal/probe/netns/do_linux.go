package netns

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/pktrail/pktrail/internal/probe/within"
)

// Do runs fn on a thread that is in the namespace. Sockets that fn opens stay
// in the namespace; goroutines that it starts do not. The thread comes back
// to where it was, and dies if it cannot. Refused by the kernel: a
// *PermissionError. In the namespace that we are in already, fn runs without
// asking for any right.
func (n *Namespace) Do(fn func() error) error {
	err := within.Do(n.file, fn)
	enter, ok := errors.AsType[*within.EnterError](err)
	switch {
	case !ok:
		return err
	case errors.Is(enter, fs.ErrPermission):
		return &PermissionError{Op: "enter network namespace " + n.Label, Capability: "CAP_SYS_ADMIN", Err: enter.Err}
	}
	return fmt.Errorf("enter network namespace %s: %w", n.Label, enter.Err)
}
