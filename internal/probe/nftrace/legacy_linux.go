//go:build !pktrail_lite

package nftrace

import (
	"sync/atomic"

	"github.com/pktrail/pktrail/internal/trail"
)

type legacy struct {
	blind []trail.Blind
	ready []*group
}

func openLegacy(Options) (*legacy, error)       { return &legacy{}, nil }
func (*legacy) fds() []int                      { return nil }
func (*legacy) most() int                       { return 0 }
func (*legacy) close() error                    { return nil }
func (*legacy) flush()                          {}
func (*legacy) expire(int64) int64              { return 0 }
func (*legacy) drain(_, _ *atomic.Uint64) error { return nil }
func (t *Tracer) collectLegacy()                {}
