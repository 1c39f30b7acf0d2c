//go:build !linux

package netlink

import (
	"context"
	"errors"
	"os"

	"github.com/pktrail/pktrail/internal/netstate"
)

// Take returns errors.ErrUnsupported.
func Take(context.Context, *os.File, Options) (*netstate.Namespace, error) {
	return nil, errors.ErrUnsupported
}
