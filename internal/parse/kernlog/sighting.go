package kernlog

import (
	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/parse"
	"github.com/pktrail/pktrail/internal/trail"
	"github.com/pktrail/pktrail/internal/trail/nflog"
)

// passed is a pass as a sighting.
func (h *host) passed(p *nflog.Pass) *parse.Sighting {
	f := &p.First
	hook := p.At()
	if hook.Name == "" && f.Table == "nat" && f.Out == "" {
		hook.Name = "PREROUTING" // INPUT has user chains in nat as good as never
	}
	s := h.seen(f.Words, hook, f.Time)
	s.Line = f.Line
	s.Seen.Rules = p.Rules
	return s
}

// seen is a packet at a hook. The point is as for a live trace: the device by
// which it leaves in OUTPUT and POSTROUTING, else the one by which it came.
func (h *host) seen(l *nflog.Line, hook *trail.Hook, at int64) *parse.Sighting {
	s := &parse.Sighting{Boot: h.boot, At: trail.Point{Node: h.name, Interface: l.In, Link: packet.LinkRaw}}
	o := &s.Seen
	o.Time, o.Stage, o.Hook, o.Mark = at, trail.StageRules, hook, l.Mark
	switch hook.Name {
	case "OUTPUT", "POSTROUTING", "EGRESS":
		o.Dir, s.At.Interface = trail.Out, l.Out
	case "PREROUTING", "INPUT", "INGRESS":
		o.Dir = trail.In
	default:
		switch {
		case l.In == "":
			o.Dir, s.At.Interface = trail.Out, l.Out
		case l.Out == "":
			o.Dir = trail.In
		}
	}
	show(s, l)
	return s
}

// show fills in the packet: its bytes, or what tells it where the line leaves
// out too much to make them again.
func show(s *parse.Sighting, l *nflog.Line) {
	o := &s.Seen
	l.Show(o.Dir == trail.Out, func(link packet.LinkType, data []byte, n int) {
		s.At.Link, o.Len = link, n
		s.Frame = &trail.Frame{Time: o.Time, Dir: o.Dir, Len: n, Data: data}
	}, func(k packet.Key, h trail.Headers) {
		s.Key, o.Seen, o.Len = k, h, l.Len
	})
}
