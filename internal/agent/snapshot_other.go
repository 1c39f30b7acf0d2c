//go:build !linux || pktrail_lite

package agent

import (
	"context"
	"errors"
	"fmt"
	"io"
)

// takeSnapshot needs Linux, and is left out of the small build, which is
// uploaded into containers: a node's state is not to be seen from in there.
func takeSnapshot(context.Context, Request, io.Writer, func(Message)) error {
	return fmt.Errorf("take a snapshot of this machine: %w", errors.ErrUnsupported)
}
