//go:build !pktrail_lite

package follow

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/pktrail/pktrail/internal/filter"
	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/probe/afpacket"
	"github.com/pktrail/pktrail/internal/probe/netns"
	"github.com/pktrail/pktrail/internal/trail"
)

// socketRing is each packet socket's ring in bytes: what is followed is little.
const socketRing = 2 << 20

// socketFacts are what packet sockets do not tell.
var socketFacts = [...]string{"drop reasons and where in the kernel a packet was dropped", "routing lookups", "which process took a packet"}

// armSockets captures at every point between the ends and the wire. In a
// target's own namespace one socket serves all devices; on a node each device
// on the way has its own, since a socket for all would tax every pod there.
func (s *session) armSockets(ctx context.Context, expr *filter.Expr, way []*netns.Namespace, why string) (err error) {
	var rings []*afpacket.Ring
	defer func() {
		if err != nil {
			for _, r := range rings {
				err = errors.Join(err, r.Close())
			}
		}
	}()
	for _, ns := range way {
		at := s.places.know(ctx, ns)
		for _, pt := range s.socketPoints(at) {
			r, err := openSocket(expr, ns, pt)
			if err != nil {
				return err
			}
			rings = append(rings, r)
		}
	}
	if len(rings) == 0 {
		return &UsageError{errors.New("no point to capture at"), "name a source or a destination on this machine"}
	}
	reader, err := afpacket.NewReader(rings, nil)
	if err != nil {
		return err
	}
	for _, what := range socketFacts {
		s.blind([]trail.Blind{{What: what, Why: why}}, nil)
	}
	e := &emitter{session: s, ctx: ctx}
	s.addSource(source{
		name: "packet sockets",
		run: readAll(reader.Read, func(f *trail.Frame) error {
			p := reader.Points()[f.Point]
			o := trail.Observation{Time: f.Time, Point: p, Stage: trail.StageCapture, Dir: f.Dir, Len: f.Len}
			return e.emit(&o, p.Link, f.Data)
		}),
		stop:  reader.Stop,
		close: reader.Close,
		missed: func() (map[string]uint64, error) {
			stats, err := reader.Stats()
			var n uint64
			for _, st := range stats {
				n += st.Missed
			}
			return map[string]uint64{"packet sockets": n}, err
		},
	})
	return nil
}

// socketPoints are where a namespace is captured at.
func (s *session) socketPoints(at *placeOf) []trail.Point {
	all := trail.Point{Node: at.node, Target: at.target, Netns: at.inode, Interface: "any"}
	if at.target != "" {
		return []trail.Point{all}
	}
	var list []trail.Point
	for _, p := range at.devices {
		if p.Role != trail.RoleNone {
			list = append(list, p)
		}
	}
	if len(list) == 0 {
		return []trail.Point{all}
	}
	slices.SortFunc(list, func(a, b trail.Point) int { return a.Index - b.Index })
	return list
}

func openSocket(expr *filter.Expr, ns *netns.Namespace, pt trail.Point) (*afpacket.Ring, error) {
	o := filter.Options{Live: true, Inner: true, Link: filter.AnyDevice}
	if pt.Index > 0 {
		o.Link = filter.Ethernet
		if pt.Link == packet.LinkRaw {
			o.Link = filter.Raw
		}
	}
	prog, err := expr.Compile(o)
	if err != nil {
		return nil, err
	}
	r, err := afpacket.Open(afpacket.Options{
		Netns: int(ns.File().Fd()), Interface: pt.Index, Filter: prog, SnapLen: socketSnap, Buffer: socketRing,
		Point: trail.Point{Node: pt.Node, Target: pt.Target, Netns: pt.Netns, Role: pt.Role}, Alive: ns.Alive,
	})
	if err != nil {
		return nil, fmt.Errorf("capture at %s: %w", pt.Path(), err)
	}
	return r, nil
}

// socketSnap is how much is kept of each packet: headers, in a tunnel too.
const socketSnap = 256
