//go:build !linux || pktrail_lite

package follow

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/pktrail/pktrail/internal/record"
)

// Run is for Linux only, and not in the agent that is uploaded into
// containers: the kernel probe may not be loaded from there.
func Run(context.Context, *Request, record.Header, io.Writer, Events) error {
	return fmt.Errorf("follow packets on this machine: %w", errors.ErrUnsupported)
}
