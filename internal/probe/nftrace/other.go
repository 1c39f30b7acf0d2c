//go:build !linux || pktrail_lite

package nftrace

import (
	"errors"
	"fmt"
	"os"

	"github.com/pktrail/pktrail/internal/trail"
)

var errUnsupported = fmt.Errorf("netfilter trace is not in this build: %w", errors.ErrUnsupported)

// Tracer cannot be opened here.
type Tracer struct{}

// Open returns errors.ErrUnsupported.
func Open(Options) (*Tracer, error) { return nil, errUnsupported }

// Table is empty.
func (*Tracer) Table() string { return "" }

// Read returns errors.ErrUnsupported.
func (*Tracer) Read(*Event) error { return errUnsupported }

// Stop does nothing.
func (*Tracer) Stop() {}

// Close does nothing.
func (*Tracer) Close() error { return nil }

// Stats returns errors.ErrUnsupported.
func (*Tracer) Stats() (Stats, error) { return Stats{}, errUnsupported }

// Blind is empty.
func (*Tracer) Blind() []trail.Blind { return nil }

// Watch cannot be opened here.
type Watch struct{}

// OpenWatch returns errors.ErrUnsupported.
func OpenWatch(*os.File) (*Watch, error) { return nil, errUnsupported }

// Wait returns errors.ErrUnsupported.
func (*Watch) Wait() error { return errUnsupported }

// Close does nothing.
func (*Watch) Close() error { return nil }

// Restore returns errors.ErrUnsupported.
func Restore(*os.File, Leftover) error { return errUnsupported }
