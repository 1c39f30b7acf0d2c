//go:build !linux || pktrail_lite

package rules

import (
	"errors"
	"fmt"
	"os"

	"github.com/pktrail/pktrail/internal/trail"
)

var errUnsupported = fmt.Errorf("netfilter's rules are not in this build: %w", errors.ErrUnsupported)

// Source cannot be opened here.
type Source struct{}

// Open returns errors.ErrUnsupported.
func Open(*os.File) (*Source, error) { return nil, errUnsupported }

// Close does nothing.
func (*Source) Close() error { return nil }

// Describe fills in the owner, which needs no kernel.
func (*Source) Describe(r *trail.Rule) { own(r) }

// Find returns errors.ErrUnsupported.
func (*Source) Find(r *trail.Rule) error { own(r); return errUnsupported }

// Chain returns errors.ErrUnsupported.
func (*Source) Chain(_, _, _ string) (Chain, error) { return Chain{}, errUnsupported }

// LegacyChain returns errors.ErrUnsupported.
func (*Source) LegacyChain(_, _, _ string) (Chain, error) { return Chain{}, errUnsupported }

// Tables returns errors.ErrUnsupported.
func (*Source) Tables() ([]Table, error) { return nil, errUnsupported }
