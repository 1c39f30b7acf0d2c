package diagnose

import (
	"strconv"

	"github.com/pktrail/pktrail/internal/trail"
)

// datapathEnd judges a way that was last seen at a point of Cilium's; false if
// it was not, or if the point tells nothing. To the endpoint is all of the way
// that the datapath has. Behind to-stack, to-host and from-network (of a packet
// for the node) the kernel's own stack decides, of which it tells nothing.
func (q *inquiry) datapathEnd(e ending) (ending, bool) {
	o := &q.t.Observations[e.at]
	if o.Stage != trail.StageDatapath || o.Datapath == nil {
		return e, false
	}
	switch o.Datapath.Point {
	case "to-endpoint":
		e.outcome, e.basis = trail.Delivered, trail.Observed
		return e, true
	case "to-stack", "to-host", "from-network":
		return unknown(e, "what the kernel's own stack does with it is not told by Cilium"), true
	case "to-proxy":
		return unknown(e, "the proxy has it, and answers by packets of its own"), true
	}
	return e, false
}

// datapathDelivered is the sentence for a packet that an endpoint has.
func datapathDelivered(o *trail.Observation) string {
	text := "delivered to endpoint " + strconv.Itoa(int(o.Datapath.Endpoint))
	if o.Datapath.Endpoint == 0 {
		text = "delivered to its endpoint"
	}
	if name := o.Datapath.Destination.Name; name != "" {
		text += " (" + name + ")"
	}
	text += " " + on(o.Point)
	if o.Point.Interface != "" {
		text += " by " + o.Point.Interface
	}
	return text
}
