package diagnose

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/pktrail/pktrail/internal/trail"
)

// mtu: it is larger than the next link takes, and must not be cut up.
func mtu(q *inquiry) *trail.Finding {
	r := q.told
	tooBig := r != nil && (r.Kind == "icmp" && r.Type == 3 && r.Code == 4 || r.Kind == "icmpv6" && r.Type == 2)
	unsent := q.unsent()
	if unsent {
		if !strings.HasPrefix(q.c.Conversation.Error, "message too long") {
			return nil
		}
	} else if !tooBig && q.v.Reason != "PKT_TOO_BIG" {
		return nil
	}
	size, device, limit := q.size(), "", 0
	if rt := q.route(); rt != nil {
		device = rt.Device
		limit = q.mtuOf(device)
	}
	f := &trail.Finding{
		ID:       "mtu",
		Cause:    mtuCause(size, strings.TrimSpace(device+" "+on(q.end.Point)), limit),
		Why:      "With DF set a router may not cut a packet up; it drops it and tells the sender the size that fits. If that message is filtered, connections hang once they send much.",
		Basis:    trail.Observed,
		Evidence: q.routing(),
		Check:    []string{strings.TrimSpace("ip link show " + device), fmt.Sprintf("ping -M do -s 1472 %s   # and smaller, until it passes", q.flow().Dst)},
		Fix:      []string{"give both ends' pods the MTU of the smallest link on the way (the CNI's mtu setting)", "let ICMP \"fragmentation needed\" (v6: \"packet too big\") pass every firewall on the way"},
	}
	if unsent {
		f.Cause = "the packet is larger than the MTU that its sender knows for " + q.c.Conversation.Flow.Dst.String()
		if _, known, ok := strings.Cut(q.c.Conversation.Error, ", MTU "); ok {
			f.Cause += ", " + known
		}
	}
	if q.tunnelled() || q.overlay(device) {
		f.Evidence = append(f.Evidence, trail.Evidence{Text: device + " is a tunnel: VXLAN adds 50 bytes to each packet (70 over IPv6), IPIP 20", Basis: trail.Inferred})
	}
	return f
}

func mtuCause(size int, device string, limit int) string {
	switch {
	case size > 0 && limit > 0:
		return fmt.Sprintf("the packet has %d bytes, %s takes %d", size, device, limit)
	case size > 0:
		return fmt.Sprintf("the packet has %d bytes, more than the MTU of %s", size, device)
	}
	return "the packet is larger than the MTU of " + device
}

// size is the packet's length without its Ethernet header, in bytes; 0 if it is
// not known.
func (q *inquiry) size() int {
	o := q.back(func(o *trail.Observation) bool {
		return o.Len > 0 && (o.Stage == trail.StageReceive || o.Stage == trail.StageCapture || o.Stage == trail.StageQueue)
	})
	if o == nil {
		return 0
	}
	n := o.Len
	if o.Seen.SrcMAC != "" {
		n -= 14 + 4*len(o.Seen.VLANs)
	}
	return n
}

// mtuWord is the MTU that a route has of its own.
var mtuWord = regexp.MustCompile(`\bmtu (?:lock )?(\d{2,6})\b`)

// mtuOf is the MTU of an interface where the packet ended, as a sighting or
// the kernel's answer names it; 0 if none does.
func (q *inquiry) mtuOf(device string) int {
	for i := range q.t.Observations {
		if o := &q.t.Observations[i]; o.Point.Interface == device && q.here(o) && o.Point.MTU > 0 {
			return o.Point.MTU
		}
	}
	if a := q.asked(); a != nil {
		if m := mtuWord.FindStringSubmatch(a.Text); m != nil {
			n, _ := strconv.Atoi(m[1]) // digits, and few
			return n
		}
	}
	return 0
}

// overlay says whether an interface is a tunnel, as far as the trail tells.
func (q *inquiry) overlay(device string) bool {
	for i := range q.t.Observations {
		if p := q.t.Observations[i].Point; p.Interface == device && (p.Role == trail.RoleOverlay || tunnelKind(p.Kind)) {
			return true
		}
	}
	return false
}
