//go:build !linux

package agent

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/pktrail/pktrail/internal/record"
)

func capturePackets(context.Context, Request, io.Writer, func(Message)) error {
	return fmt.Errorf("capture on this machine: only Linux has network namespaces: %w", errors.ErrUnsupported)
}

func header(node string) record.Header {
	return record.Header{Application: "pktrail", Version: version, Started: time.Now(), Node: node}
}
