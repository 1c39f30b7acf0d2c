package nftrace

import (
	"slices"

	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/trail"
)

// legacyGroup is one packet in one table of iptables-legacy at one hook.
type legacyGroup struct {
	first line
	hook  trail.Hook
	rules []trail.Rule
	start int64
	last  int64
	base  int // the latest number in the chain where the hook begins
}

// legacyGrouper puts lines together that are about one packet. The lines
// carry no number of the packet: it is told by its headers. It knows no clock.
type legacyGrouper struct {
	open  []*legacyGroup // few at once; the oldest first
	ready []*legacyGroup
}

// add takes one line that came at now.
func (g *legacyGrouper) add(l *line, now int64) {
	if len(g.open) >= maxGroup {
		g.flush()
	}
	i := slices.IndexFunc(g.open, func(is *legacyGroup) bool { return is.has(l) })
	if i < 0 {
		g.open = append(g.open, &legacyGroup{first: *l, hook: l.hookOf(), start: now})
		i = len(g.open) - 1
	}
	is := g.open[i]
	is.last = now
	is.rules = append(is.rules, l.rule())
	if builtIn(l.chain) {
		is.base = l.number
		is.hook.Name = l.chain // at the same place as a hook, whichever came first
	}
	// A policy is the last that is said of a packet there.
	if l.kind == trail.RulePolicy {
		g.finish(i)
	}
}

// has is true if a line may go on with a group. A packet does not come back
// to a rule in the chain where it began: that is another with the same
// headers.
func (is *legacyGroup) has(l *line) bool {
	f := &is.first
	return f.table == l.table && f.family == l.family && f.hook == l.hook &&
		f.in == l.in && f.out == l.out && f.inName == l.inName && f.outName == l.outName &&
		(!builtIn(l.chain) || l.number > is.base) &&
		(f.hook >= 0 || is.hook.Name == "" || !builtIn(l.chain) || is.hook.Name == l.chain) &&
		identity(f.data) == identity(l.data)
}

// identity are the bytes of a packet that no rule of one table changes but
// the last: protocol, addresses, IP id, and ports or what is in their place.
func identity(b []byte) [48]byte {
	var id [48]byte
	switch {
	case len(b) >= 20 && b[0]>>4 == 4:
		copy(id[:], b[12:20])
		copy(id[32:], b[4:6])
		id[34] = b[9]
		if n := int(b[0]&0xf) * 4; n >= 20 && len(b) >= n+8 {
			copy(id[36:44], b[n:])
		}
	case len(b) >= 40 && b[0]>>4 == 6:
		copy(id[:], b[8:40])
		id[34] = b[6]
		if len(b) >= 48 {
			copy(id[36:44], b[40:])
		}
	}
	return id
}

func (g *legacyGrouper) finish(i int) {
	g.ready = append(g.ready, g.open[i])
	g.open = slices.Delete(g.open, i, i+1)
}

// expire hands on what has been silent for long, and returns when to ask
// next; 0 is when something comes.
func (g *legacyGrouper) expire(now int64) int64 {
	next := int64(0)
	for i := 0; i < len(g.open); {
		due := g.open[i].last + int64(silence)
		if due <= now {
			g.finish(i)
			continue
		}
		if next == 0 || due < next {
			next = due
		}
		i++
	}
	return next
}

func (g *legacyGrouper) flush() {
	g.ready = append(g.ready, g.open...)
	g.open = nil
}

// event is a group as an event, but for its devices.
func (is *legacyGroup) event() Event {
	f := &is.first
	e := Event{Data: f.data, Link: packet.LinkRaw}
	e.Time, e.Late = is.start, true
	if f.time != 0 {
		e.Time, e.Late = f.time, false
	}
	e.Stage = trail.StageRules
	e.Len = totalLen(f.data)
	e.Rules = is.rules
	e.Mark = f.mark
	return e
}

// at is the hook of a group.
func (is *legacyGroup) at() *trail.Hook {
	h := is.hook
	h.Priority = tablePriority(is.first.table, h.Name)
	return &h
}
