//go:build !linux

package afpacket

import (
	"errors"
	"fmt"

	"github.com/pktrail/pktrail/internal/trail"
)

var errUnsupported = fmt.Errorf("AF_PACKET is a Linux interface: %w", errors.ErrUnsupported)

// Ring cannot be opened on this system.
type Ring struct{}

// Open returns errors.ErrUnsupported.
func Open(Options) (*Ring, error) { return nil, errUnsupported }

// Stats returns errors.ErrUnsupported.
func (*Ring) Stats() (Stats, error) { return Stats{}, errUnsupported }

// Close does nothing.
func (*Ring) Close() error { return nil }

// Reader cannot be opened on this system.
type Reader struct{}

// NewReader returns errors.ErrUnsupported.
func NewReader([]*Ring, func(Event)) (*Reader, error) { return nil, errUnsupported }

// Points is empty.
func (*Reader) Points() []trail.Point { return nil }

// Stats returns errors.ErrUnsupported.
func (*Reader) Stats() ([]Stats, error) { return nil, errUnsupported }

// OnReuse does nothing.
func (*Reader) OnReuse(func()) {}

// Stop does nothing.
func (*Reader) Stop() {}

// Close does nothing.
func (*Reader) Close() error { return nil }

// Read returns errors.ErrUnsupported.
func (*Reader) Read(*trail.Frame) error { return errUnsupported }
