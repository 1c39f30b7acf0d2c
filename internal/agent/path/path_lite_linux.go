//go:build pktrail_lite

package path

import (
	"context"
	"fmt"

	"github.com/pktrail/pktrail/internal/probe/netns"
	"github.com/pktrail/pktrail/internal/trail"
)

// Find gives the interfaces of the namespace but lo: this agent is inside of a
// pod, from where nothing else can be looked into.
func Find(ctx context.Context, ns *netns.Namespace) (*Path, error) {
	devices, err := ns.Devices(ctx)
	if err != nil {
		return nil, fmt.Errorf("find path of %s: %w", ns.Label, err)
	}
	p := &Path{}
	for _, d := range devices {
		if d.Loopback || d.Idle {
			continue
		}
		d.Role = trail.RolePod
		p.Points = append(p.Points, Point{Point: d.Point, In: ns})
		p.Notes = append(p.Notes, fmt.Sprintf("the way from %s/%s on was not found: this agent sees the pod alone", ns.Label, d.Interface))
	}
	if len(p.Points) == 0 {
		p.Notes = []string{ns.Label + " has no interface but lo"}
	}
	return p, nil
}
