package diagnose

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pktrail/pktrail/internal/trail"
)

// asymmetricRoute: the answer took another way back than the packet there. It
// is no fault by itself; filters that look at both directions make it one. Nil
// if the ways are the same as far as they were seen.
func asymmetricRoute(there, back *trail.Trail) *trail.Finding {
	a, b := doors(there), doors(back)
	var other []string
	for _, d := range b {
		node, _, _ := strings.Cut(d, " ")
		if !slices.Contains(a, d) && slices.ContainsFunc(a, func(s string) bool { return strings.HasPrefix(s, node+" ") }) {
			other = append(other, d)
		}
	}
	if len(other) == 0 {
		return nil
	}
	return &trail.Finding{
		ID:    "asymmetric-route",
		Cause: "the answer goes another way than the packet came: by " + strings.Join(other, ", "),
		Why:   "Routing allows that. Connection tracking, reverse-path filters and firewalls between see only half of the connection then, and may drop it.",
		Basis: trail.Observed,
		Evidence: []trail.Evidence{
			{Text: "there: " + strings.Join(a, ", "), Basis: trail.Observed},
			{Text: "back: " + strings.Join(b, ", "), Basis: trail.Observed},
		},
		Check: []string{fmt.Sprintf("ip route get %s from %s   # on each node of the way back", there.Flow.Src, back.Flow.Src)},
		Fix:   []string{"let both ways use the same interfaces, or loosen what insists on it (rp_filter=2)"},
	}
}

// doors are the nodes' own interfaces that a packet passed, in order, each
// once: "node-a eth0". Those of pods and bridges are left out.
func doors(t *trail.Trail) []string {
	var out []string
	for i := range t.Observations {
		o := &t.Observations[i]
		p := o.Point
		if o.Copy != 0 || p.Interface == "" || p.Interface == "lo" || p.Role != trail.RoleUplink && p.Role != trail.RoleOverlay {
			continue
		}
		d := p.Node + " " + p.Interface
		if !slices.Contains(out, d) {
			out = append(out, d)
		}
	}
	return out
}
