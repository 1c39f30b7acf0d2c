//go:build !linux || pktrail_lite

package dial

import (
	"context"
	"errors"

	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/trail"
)

// Prepared is for Linux only.
type Prepared struct{}

// Prepare returns errors.ErrUnsupported.
func Prepare(Options) (*Prepared, error) { return nil, errors.ErrUnsupported }

// Run returns errors.ErrUnsupported.
func Run(context.Context, Options) (trail.Conversation, error) {
	return trail.Conversation{}, errors.ErrUnsupported
}

// Flow is empty.
func (p *Prepared) Flow() packet.Flow { return packet.Flow{} }

// Run returns errors.ErrUnsupported.
func (p *Prepared) Run(context.Context) (trail.Conversation, error) {
	return trail.Conversation{}, errors.ErrUnsupported
}

// Close does nothing.
func (p *Prepared) Close() error { return nil }
