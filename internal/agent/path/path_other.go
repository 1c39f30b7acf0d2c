//go:build !linux

package path

import (
	"context"
	"errors"

	"github.com/pktrail/pktrail/internal/probe/netns"
)

// Find is for Linux only.
func Find(context.Context, *netns.Namespace) (*Path, error) { return nil, errors.ErrUnsupported }
