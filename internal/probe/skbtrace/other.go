//go:build !linux || pktrail_lite

package skbtrace

import (
	"errors"
	"fmt"
	"os"

	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/trail"
)

// Tracer needs Linux, and an agent that was not built without BPF.
type Tracer struct{}

var errHere = fmt.Errorf("open packet tracer: %w", errors.ErrUnsupported)

// Open returns errors.ErrUnsupported.
func Open(Options) (*Tracer, error) { return nil, errHere }

// Read returns errors.ErrUnsupported.
func (*Tracer) Read(*Event) error { return errHere }

// Stop does nothing.
func (*Tracer) Stop() {}

// Close returns errors.ErrUnsupported.
func (*Tracer) Close() error { return errHere }

// Stats returns errors.ErrUnsupported.
func (*Tracer) Stats() (Stats, error) { return Stats{}, errHere }

// Netfilter returns errors.ErrUnsupported.
func (*Tracer) Netfilter(*os.File) error { return errHere }

// Follow returns errors.ErrUnsupported.
func (*Tracer) Follow(packet.Flow) error { return errHere }

// Asking returns errors.ErrUnsupported.
func (*Tracer) Asking(bool) error { return errHere }

// Only returns errors.ErrUnsupported.
func (*Tracer) Only([]uint32) error { return errHere }

// Allow returns errors.ErrUnsupported.
func (*Tracer) Allow(uint32) error { return errHere }

// SetLimit returns errors.ErrUnsupported.
func (*Tracer) SetLimit(int) error { return errHere }

// Blind returns nothing.
func (*Tracer) Blind() []trail.Blind { return nil }
