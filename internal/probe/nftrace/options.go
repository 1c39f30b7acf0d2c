package nftrace

import (
	"fmt"
	"os"

	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/trail"
)

// Defaults and limits of Options.
const (
	DefaultRate   = 10
	MaxRate       = 100_000
	MaxTotal      = 1_000_000
	DefaultBuffer = 8 << 20
	MinBuffer     = 4 << 10
	MaxBuffer     = 1 << 30
	// KernelLogTotal is the most packets that are marked where iptables-legacy
	// answers in the kernel log.
	KernelLogTotal = 10
	// DefaultStateDir is where LegacyBind notes what it changed.
	DefaultStateDir = "/run/pktrail"
)

// Options of Open.
type Options struct {
	// Netns is the namespace to trace in; nil is the caller's own. It may be
	// closed after Open.
	Netns *os.File
	// Matches are the packets to mark. With none nothing is marked, and only
	// what others mark is read.
	Matches []Match
	// Rate is the most packets marked per second, and the most at once; 0 is
	// DefaultRate. Packets that match inside a tunnel are counted apart, since
	// the same packet comes by again without its tunnel: the sum of both is
	// at most twice Rate.
	Rate int
	// Total is the most packets ever marked, tunnels counted apart as for
	// Rate; 0 is no limit.
	Total int
	// Legacy says how iptables-legacy is heard.
	Legacy LegacyMode
	// StateDir is where LegacyBind notes what it changed; empty is
	// DefaultStateDir.
	StateDir string
	// Buffer is the size of the kernel's queue of messages, in bytes; 0 is
	// DefaultBuffer. One packet needs some 4 KiB.
	Buffer int
	// Point is copied into each event: Node and Target are the caller's, the
	// rest is filled in.
	Point trail.Point
	// Describe, if not nil, is called for each rule of each event, from Read:
	// it fills in Text, Comment, Owner and what else it knows. It is its own
	// business to remember what it looked up.
	Describe func(*trail.Rule)
}

// LegacyMode says how the trace of iptables-legacy is read.
type LegacyMode uint8

// The modes.
const (
	// LegacyAuto listens where the namespace sends that trace: to NFLOG, or to
	// the kernel log, or nowhere. No setting is changed.
	LegacyAuto LegacyMode = iota
	// LegacyBind makes NFLOG the namespace's logger, which is a setting of
	// the namespace, and restores what it was on Close.
	LegacyBind
	// LegacyOff does not listen.
	LegacyOff
)

// Event is a packet at one hook in one table.
//
// Events are not in the order of time: one waits until its packet has left
// the table, or for 20 ms where the trace does not tell.
type Event struct {
	// Observation has Stage trail.StageRules. Time is when the first message
	// came, and Late is true, unless the kernel gave a time (NFLOG).
	trail.Observation
	// Data is as much of the packet as the trace has: the network header and
	// 20 bytes from the transport header on, as they were after the first rule
	// named; of NFLOG the first 128 bytes; of the kernel log, headers made
	// from its text, without the transport's checksum. Link is LinkRaw, or
	// LinkEthernet in the families bridge, netdev and arp.
	Data []byte
	Link packet.LinkType
	// Out is the device by which the packet is to leave, where Point is the
	// one by which it came (FORWARD); else empty.
	Out string
	// ID is the trace's number for the packet: equal at most hooks of one
	// namespace, and soon used again for other packets. 0 is not known.
	ID uint32
	// ConntrackID is CTA_ID of the packet's connection (ctnetlink); 0 is not
	// known (kernels before 6.16).
	ConntrackID uint32
}

// Stats are a Tracer's counters since Open.
type Stats struct {
	// Messages is how many the kernel sent, about other people's marks and
	// our own table too.
	Messages uint64
	// Overruns is how often the kernel's queue was full; each time an unknown
	// number of messages was lost.
	Overruns uint64
	// Marked is how many packets our table marked, as far as it was heard.
	// One packet is counted once in and once out of a tunnel.
	Marked uint64
	// Headless is messages whose packet is not known, since the message that
	// had its headers was lost.
	Headless uint64
}

func (o Options) withDefaults() (Options, error) {
	if o.Rate == 0 {
		o.Rate = DefaultRate
	}
	if o.Buffer == 0 {
		o.Buffer = DefaultBuffer
	}
	if o.StateDir == "" {
		o.StateDir = DefaultStateDir
	}
	switch {
	case o.Rate < 1 || o.Rate > MaxRate:
		return o, fmt.Errorf("rate of %d packets per second is not within 1 to %d", o.Rate, MaxRate)
	case o.Total < 0 || o.Total > MaxTotal:
		return o, fmt.Errorf("total of %d packets is not within 0 to %d", o.Total, MaxTotal)
	case o.Buffer < MinBuffer || o.Buffer > MaxBuffer:
		return o, fmt.Errorf("buffer of %d bytes is not within %d to %d", o.Buffer, MinBuffer, MaxBuffer)
	case o.Legacy > LegacyOff:
		return o, fmt.Errorf("legacy mode %d is not known", o.Legacy)
	}
	for _, m := range o.Matches {
		if err := m.check(); err != nil {
			return o, err
		}
	}
	return o, nil
}
