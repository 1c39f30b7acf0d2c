package ask

import (
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// Complaint is a line of the kernel log about packets that it threw away. The
// log is the machine's: it does not tell the namespace, except where Netns is
// set.
type Complaint struct {
	Kind ComplaintKind
	// Boot is when, since the machine started, on the monotonic clock without
	// suspension.
	Boot time.Duration
	// Src, Dst and Device are a martian's.
	Src, Dst netip.Addr
	Device   string
	// Cache is "arp_cache" or "ndisc_cache" of a neighbour table.
	Cache string
	// Netns is the namespace's inode where the kernel tells it; valid iff not 0.
	Netns uint64
	// Text is the line itself.
	Text string
	// Lost counts records that were overwritten before they could be read,
	// between the complaint before and this one.
	Lost int
}

// ComplaintKind is what a Complaint is about.
type ComplaintKind string

// The kinds. The kernel says each only now and then (net.core.message_cost):
// one line may stand for many packets.
const (
	// MartianSource: the source address cannot come in by this device.
	MartianSource ComplaintKind = "martian source"
	// MartianDestination: the destination cannot.
	MartianDestination ComplaintKind = "martian destination"
	// ConntrackFull: nf_conntrack_max is reached, and new connections' packets
	// are dropped.
	ConntrackFull ComplaintKind = "conntrack full"
	// NeighboursFull: gc_thresh3 of the neighbour table is reached.
	NeighboursFull ComplaintKind = "neighbour table full"
)

// parseComplaint reads one record of /dev/kmsg
// (Documentation/ABI/testing/dev-kmsg): "6,1234,567890123,-;text" with lines of
// properties below. It returns false for what is none of the kinds.
func parseComplaint(record string) (Complaint, bool) {
	head, text, ok := strings.Cut(record, ";")
	if !ok {
		return Complaint{}, false
	}
	fields := strings.Split(head, ",")
	if len(fields) < 3 {
		return Complaint{}, false
	}
	// The facility stands above the lowest three bits; what programs write
	// into the log has another than the kernel's, 0.
	prefix, err := strconv.ParseUint(fields[0], 10, 32)
	if err != nil || prefix>>3 != 0 {
		return Complaint{}, false
	}
	us, err := strconv.ParseInt(fields[2], 10, 64)
	if err != nil || us < 0 || us > int64(1<<62)/int64(time.Microsecond) {
		return Complaint{}, false
	}
	text, _, _ = strings.Cut(text, "\n")
	c := Complaint{Boot: time.Duration(us) * time.Microsecond, Text: text}
	return c, c.understand(text)
}

func (c *Complaint) understand(text string) bool {
	switch {
	case strings.Contains(text, "martian source "):
		c.Kind = MartianSource
		return c.martian(text)
	case strings.Contains(text, "martian destination "):
		c.Kind = MartianDestination
		return c.martian(text)
	case strings.Contains(text, "nf_conntrack: table full"):
		c.Kind = ConntrackFull
		if _, rest, ok := strings.Cut(text, "in netns "); ok {
			digits, _, _ := strings.Cut(rest, ",")
			c.Netns, _ = strconv.ParseUint(strings.TrimSpace(digits), 10, 64)
		}
		return true
	case strings.Contains(text, "neighbor table overflow"):
		c.Kind = NeighboursFull
		before, _, _ := strings.Cut(text, ": neighbor table overflow")
		c.Cache = before[strings.LastIndexByte(before, ' ')+1:]
		return true
	}
	return false
}

// martian reads "martian source DST from SRC, on dev DEVICE" and "martian
// destination DST from SRC, dev DEVICE" (net/ipv4/route.c): in both the
// destination comes first.
func (c *Complaint) martian(text string) bool {
	_, rest, _ := strings.Cut(text, string(c.Kind)+" ")
	dst, rest, ok := strings.Cut(rest, " from ")
	if !ok {
		return false
	}
	src, rest, ok := strings.Cut(rest, ", ")
	if !ok {
		return false
	}
	device, ok := strings.CutPrefix(strings.TrimPrefix(rest, "on "), "dev ")
	if !ok {
		return false
	}
	var dstErr, srcErr error
	c.Dst, dstErr = netip.ParseAddr(dst)
	c.Src, srcErr = netip.ParseAddr(src)
	c.Device = strings.TrimSpace(device)
	return dstErr == nil && srcErr == nil && c.Device != ""
}
