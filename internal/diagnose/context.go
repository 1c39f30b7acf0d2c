package diagnose

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/pktrail/pktrail/internal/trail"
)

// Context is what is known beside the trail. The zero value is valid: nothing
// is known, and absence proves nothing.
type Context struct {
	// Source and Destination are where the packet set out, and where it should
	// arrive.
	Source, Destination Endpoint
	// Answer is the trail that answers it; nil if none was seen.
	Answer *trail.Trail
	// Request is the trail that this one answers; nil if there is none, or it
	// is not known.
	Request *trail.Trail
	// Conversation is how the probe went; nil if this is no probe's packet.
	Conversation *trail.Conversation
	// Missed counts what pktrail did not catch, by source. While any is not 0,
	// nothing is concluded from absence.
	Missed map[string]uint64
	// Blind is what cannot be seen. What is said of decisions and ends ("rules
	// of iptables-legacy", "routing lookups") hides reasons; anything else hides
	// packets, and from not seeing them there nothing is concluded.
	Blind []trail.Blind
	// Armed are the namespaces that were watched before the packet set out.
	Armed []Place
	// Unwatched are places that packets go to and that nobody watches.
	Unwatched []Place
	// Over is true when the run is over and nothing more will come.
	Over bool
}

// Endpoint is an end of a conversation, as the user named it.
type Endpoint struct {
	// Name as shown on screen, "web-x2k8l" or "svc/web"; may be empty.
	Name string
	// Netns are the inodes of its network namespaces; empty is not known.
	Netns []uint64
	// Addrs are its addresses; empty is not known.
	Addrs []netip.Addr
	// Service is true for an address that stands for others: the destination
	// is expected to be translated, and any namespace may take the packet.
	Service bool
}

// Place is a network namespace that was watched.
type Place = trail.Place

// armed finds a watched namespace by its inode.
func (c *Context) armed(netns uint64) (Place, bool) {
	i := slices.IndexFunc(c.Armed, func(p Place) bool { return p.Netns == netns && netns != 0 })
	if i < 0 {
		return Place{}, false
	}
	return c.Armed[i], true
}

// owner finds the watched namespace that has an address; false if none or
// more than one has it.
func (c *Context) owner(a netip.Addr) (Place, bool) {
	var found Place
	n := 0
	for _, p := range c.Armed {
		if slices.Contains(p.Addrs, a) {
			found = p
			n++
		}
	}
	return found, n == 1
}

// missed is how many events were missed in all.
func (c *Context) missed() uint64 {
	var n uint64
	for _, m := range c.Missed {
		n += m
	}
	return n
}

// decisions are what a Blind begins with that hides why, and not whether, a
// packet passes.
var decisions = [...]string{
	"rule", "iptables", "ip6tables", "nft", "netfilter", "packets at netfilter", "packets behind netfilter", "hook", "stage",
	"routing", "route", "conntrack", "connection", "neighbour", "the answers of neighbours", "packets that wait for",
	"drop", "the kernel function", "the end of packets", "what drivers say", "process", "which process", "socket", "which socket", "udp sockets", "packets in netfilter",
	"icmp errors", "tcp resets", "retransmissions", "martian", "kernel log",
}

// blind finds what hides packets at a place.
func (c *Context) blind(at trail.Point) (trail.Blind, bool) {
	for _, b := range c.Blind {
		if !blindAt(b, at) {
			continue
		}
		what := strings.ToLower(b.What)
		if !slices.ContainsFunc(decisions[:], func(d string) bool { return strings.HasPrefix(what, d) }) {
			return b, true
		}
	}
	return trail.Blind{}, false
}

// blindAt says whether a blind spot covers a place.
func blindAt(b trail.Blind, at trail.Point) bool {
	return (b.Node == "" || b.Node == at.Node) && (b.Namespace == "" || b.Namespace == at.Target || b.Namespace == at.Node)
}
