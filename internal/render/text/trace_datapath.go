package text

import (
	"strconv"
	"strings"

	"github.com/pktrail/pktrail/internal/trail"
)

// datapath is a point of Cilium's, in its words: "to-endpoint 1177", with the
// device and what its conntrack says.
func (m *rowMaker) datapath(i int, o *trail.Observation) int {
	d := o.Datapath
	if d == nil {
		return -1
	}
	var parts []string
	if o.Point.Interface != "" {
		parts = append(parts, o.Point.Interface)
	}
	if c := o.Conntrack; c != nil && c.State != "" {
		parts = append(parts, tracked(c))
	}
	if d.ProxyPort != 0 {
		parts = append(parts, "proxy port "+strconv.Itoa(int(d.ProxyPort)))
	}
	if d.Encrypted {
		parts = append(parts, "encrypted")
	}
	if len(parts) == 0 {
		return m.open(i, o, d.Place())
	}
	return m.open(i, o, d.Place(), say{text: strings.Join(parts, ", ")})
}

// tracked is what a datapath's conntrack calls a packet: "new", "reply".
func tracked(c *trail.Conntrack) string {
	if c.Reply && c.State == "established" {
		return "reply"
	}
	return c.State
}

// policy is what network policies decided.
func (m *rowMaker) policy(i int, o *trail.Observation) int {
	if o.Policy == nil {
		return -1
	}
	denied := o.Policy.Action == "deny"
	return m.open(i, o, "policy", say{text: o.Policy.Words(), tone: toneIf(denied, bad)})
}
