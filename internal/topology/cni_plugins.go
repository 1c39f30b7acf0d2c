package topology

import (
	"fmt"
	"strings"

	"github.com/pktrail/pktrail/internal/netstate"
)

// bridged: a bridge that no product gives away.
func (c *clue) bridged() (name, mode string, ok bool) {
	if c.bridge == nil {
		return "", "", false
	}
	c.saw("bridge %s", c.bridge.Name)
	c.sawOverlays()
	if len(c.overlays) > 0 {
		return "bridge", c.overlays[0].Kind, true
	}
	return "bridge", "", true
}

// routedPair: a pair with a route for each pod, as the ptp plugin makes it.
func (c *clue) routedPair() (name, mode string, ok bool) {
	if c.host.Master != 0 {
		return "", "", false
	}
	for _, w := range c.iface.Ways {
		if w.Kind == WayRoute && w.State == WayFound && w.Index == c.host.Index {
			c.sawHost()
			c.sawOverlays()
			if r := c.ruleFor(true); r != nil {
				c.saw("rule %d %s", r.Priority, describeRule(r))
				return "ptp", "secondary addresses", true
			}
			if len(c.overlays) > 0 {
				return "ptp", c.overlays[0].Kind, true
			}
			if r := c.toOthers(0, 0); r != nil {
				c.saw("route %s", c.sp.describe(r))
			}
			return "ptp", "", true
		}
	}
	return "", "", false
}

// describeRule writes a policy rule as ip does, without what is not looked at.
func describeRule(r *netstate.Rule) string {
	var b strings.Builder
	b.WriteString("from ")
	switch {
	case !r.From.IsValid() || r.From.Bits() == 0:
		b.WriteString("all")
	case r.From.IsSingleIP():
		b.WriteString(r.From.Addr().String())
	default:
		b.WriteString(r.From.String())
	}
	if r.To.IsValid() && r.To.Bits() > 0 {
		if r.To.IsSingleIP() {
			b.WriteString(" to " + r.To.Addr().String())
		} else {
			b.WriteString(" to " + r.To.String())
		}
	}
	switch r.Table {
	case tableMain:
		b.WriteString(" lookup main")
	default:
		fmt.Fprintf(&b, " lookup %d", r.Table)
	}
	return b.String()
}
