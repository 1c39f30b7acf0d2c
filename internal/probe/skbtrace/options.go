package skbtrace

import (
	"net/netip"

	"github.com/pktrail/pktrail/internal/filter"
)

// Limits of options.
const (
	DefaultHeaderLen = 160
	MaxHeaderLen     = 256
	DefaultRing      = 16 << 20
	// MaxWatch is how many addresses of each family can be watched.
	MaxWatch = 8
	// MaxNetns is how many namespaces can be chosen.
	MaxNetns = 1024
)

// Options say what to follow. The zero value follows every IP packet.
type Options struct {
	// Filter says which packets start a flight. It is compiled with
	// filter.Options{Link: filter.Raw, Inner: true}; nil matches all.
	Filter filter.Program
	// Watch are addresses whose routing lookups are reported even if no
	// followed packet is in progress, where the lookup is for a packet of this
	// machine's own: its sender asks before there is a packet. At most MaxWatch
	// of each family.
	Watch []netip.Addr
	// Full adds transmission, ends without loss of what stays in the kernel,
	// and neighbours that are known already.
	Full bool
	// HeaderLen is how many bytes of a packet come with an event, at most
	// MaxHeaderLen; 0 is DefaultHeaderLen.
	HeaderLen int
	// Ring is the size of the ring in bytes, rounded up to a power of two; 0
	// is DefaultRing.
	Ring int
	// Limit is how many flights may start; 0 is no limit.
	Limit int
	// Netns are inodes of network namespaces: no flight starts elsewhere, and
	// lookups and neighbours elsewhere are left out; a flight that leaves them
	// is followed. None is all. At most MaxNetns. They can be changed by Only
	// and Allow.
	Netns []uint32
}

// Stats are a tracer's totals since it was opened.
type Stats struct {
	// Events that were to be reported, lost ones included.
	Events uint64
	// Lost events found no room in the ring.
	Lost uint64
	// RecursionMisses counts runs that the kernel left out because the same
	// program was running on that CPU already. Each may have been an event.
	RecursionMisses uint64
	// Flights is how many have started.
	Flights uint64
	// Evicted flights had to make room for others: what came after is missing.
	Evicted uint64
}
