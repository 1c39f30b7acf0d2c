package afpacket

import (
	"fmt"
	"time"

	"golang.org/x/net/bpf"

	"github.com/pktrail/pktrail/internal/trail"
)

// Defaults and limits of Options.
const (
	DefaultBuffer  = 32 << 20
	MinBuffer      = 512 << 10
	MaxBuffer      = 1 << 30
	DefaultTimeout = 100 * time.Millisecond
	// MaxSnapLen is what tcpdump takes as "whole packets". Packets that the
	// kernel has not yet segmented can be larger than 64 KiB.
	MaxSnapLen = 262144
)

// Options say what a Ring reads. The zero value reads whole packets of all
// interfaces of the caller's network namespace.
type Options struct {
	// Netns is an open file descriptor of the network namespace in which the
	// socket is made; 0 is the caller's own. It may be closed after Open.
	Netns int
	// Interface is the index of the only interface to read; 0 reads all
	// interfaces of the namespace, also those that come later.
	Interface int
	// Filter is attached before the socket sees a packet; nil takes all. What
	// it accepts is cut to SnapLen. It needs no care for loopback: outgoing
	// packets there, the second sight of each, are always dropped.
	Filter []bpf.RawInstruction
	// SnapLen is the number of bytes kept of each packet, from the link
	// header on; 0 is MaxSnapLen.
	SnapLen int
	// Buffer is the ring's size in bytes, rounded to whole blocks; 0 is
	// DefaultBuffer. Smaller values than MinBuffer are raised to it.
	Buffer int
	// Timeout is the longest time for which a packet waits in a block that is
	// not yet full; 0 is DefaultTimeout. The kernel counts in milliseconds.
	Timeout time.Duration
	// Promiscuous asks the interfaces for packets to other stations too.
	Promiscuous bool
	// Point is copied into each point of this ring: Node, Target, Netns and
	// Role are the caller's; the rest is filled in from the device.
	Point trail.Point
	// Alive, if not nil, is asked about once a second, from Read. Its error
	// ends the ring, as ErrNamespaceGone does. A namespace lives as long as a
	// socket in it, so that only its name or its process tells of its end.
	Alive func() error
}

// layout is a ring's geometry.
type layout struct {
	block int // bytes of a block
	count int // number of blocks
}

// Few large blocks cost less than many small ones, but each wait for a packet
// at low rates takes one block: there are at least 4, better 8. A block below
// 128 KiB could not hold a packet of 64 KiB with its headers.
const (
	maxBlock = 1 << 20
	minBlock = 128 << 10
	// Who waits for half a second or more wants few wakeups, and has time
	// enough in 8 blocks.
	patientBlock = 4 << 20
	patient      = 500 * time.Millisecond
	// Who waits for a few milliseconds needs more blocks, or they would all be
	// used up, with a packet in each, in the time that a reader may be kept from
	// running.
	promptBlock = 512 << 10
	prompt      = 30 * time.Millisecond
)

func (o Options) layout() layout {
	size := max(o.Buffer, MinBuffer)
	if o.Buffer == 0 {
		size = DefaultBuffer
	}
	block := maxBlock
	switch {
	case o.Timeout >= patient:
		block = patientBlock
	case o.Timeout > 0 && o.Timeout <= prompt:
		block = promptBlock
	}
	for block > minBlock && size/block < 8 {
		block /= 2
	}
	return layout{block: block, count: max(size/block, 4)}
}

// smaller is the same ring in smaller blocks, for a kernel that does not find
// contiguous memory; ok is false at the end.
func (l layout) smaller() (layout, bool) {
	if l.block <= minBlock {
		return l, false
	}
	return layout{block: l.block / 2, count: l.count * 2}, true
}

func (l layout) bytes() int { return l.block * l.count }

func (o Options) withDefaults() (Options, error) {
	if o.SnapLen == 0 {
		o.SnapLen = MaxSnapLen
	}
	if o.Timeout == 0 {
		o.Timeout = DefaultTimeout
	}
	switch {
	case o.Interface < 0:
		return o, fmt.Errorf("interface index %d is negative", o.Interface)
	case o.SnapLen < 0 || o.SnapLen > MaxSnapLen:
		return o, fmt.Errorf("snap length %d is not within 0 to %d", o.SnapLen, MaxSnapLen)
	case o.Buffer < 0 || o.Buffer > MaxBuffer:
		return o, fmt.Errorf("buffer of %d bytes is not within 0 to %d", o.Buffer, MaxBuffer)
	case o.Timeout < time.Millisecond || o.Timeout > time.Minute:
		return o, fmt.Errorf("block timeout %v is not within 1ms to 1m", o.Timeout)
	}
	return o, nil
}
