//go:build !linux

package agent

import (
	"context"
	"errors"
	"fmt"
	"io"
)

func capturePackets(context.Context, *Capture, io.Writer, func(Message)) error {
	return fmt.Errorf("capture on this machine: only Linux has network namespaces: %w", errors.ErrUnsupported)
}
