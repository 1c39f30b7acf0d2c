package kernlog

import (
	"time"

	"github.com/pktrail/pktrail/internal/trail/nflog"
)

// silence is how long a packet may be in one table: a slow console holds the
// kernel up for tens of milliseconds at each line.
const silence = time.Second

// recent is how many of the latest lines about packets are remembered: lines
// that belong to one of them come right behind it, but for other CPUs'.
const recent = 8

// host is one kernel that a log is of.
type host struct {
	name, boot string
	passes     nflog.Passes
	clock      clock
	// traced are the latest lines of the trace, the newest at number at-1.
	traced [recent]traced
	at     int
	logged []*logged
	// martian waits for its link header.
	martian *martian
}

// mostHosts is how many kernels are remembered at once.
const mostHosts = 1024

// traced is a line of a trace and the pass that it belongs to.
type traced struct {
	words nflog.Line
	pass  *nflog.Pass
	time  int64
}

// clock turns stamps into times.
type clock struct {
	// base is the time of boot, by the first line that has both; valid iff
	// known.
	base  int64
	known bool
	last  int64
}

// slip is by how much the time since boot, which stands still while the
// machine sleeps, may be off the wall clock's until it is set anew: as much as
// a stamp without fractions leaves open.
const slip = 1500 * time.Millisecond

// of gives a line's time in nanoseconds since 1970; 0 if it has none.
func (c *clock) of(s *stamp, o *Options) int64 {
	var wall int64
	if s.hasWall {
		wall = year(s, o.Before).UnixNano()
	}
	switch {
	case s.hasWall && s.hasMono:
		if off := wall - c.base - s.mono; !c.known || off > int64(slip) || off < -int64(slip) {
			c.base, c.known = wall-s.mono, true
		}
		c.last = c.base + s.mono
	case s.hasMono:
		c.last = s.mono
		if !o.Booted.IsZero() {
			c.last += o.Booted.UnixNano()
		}
	case s.hasStep:
		c.last += s.step
	case s.hasWall && s.yearless && !s.fine && wall < c.last && c.last-wall < int64(time.Minute):
		// dmesg -H says the minute now and then
	case s.hasWall:
		c.last = wall
	default:
		return 0
	}
	return c.last
}

// year puts a time without one into the latest year that it can be of.
func year(s *stamp, before time.Time) time.Time {
	if !s.yearless {
		return s.wall
	}
	if before.IsZero() {
		return s.wall.AddDate(1970, 0, 0)
	}
	y := before.In(s.wall.Location()).Year()
	at := s.wall.AddDate(y, 0, 0)
	if at.After(before.Add(24 * time.Hour)) {
		at = s.wall.AddDate(y-1, 0, 0)
	}
	return at
}

// beat is a clock for silence: that of the log, or the count of its lines where
// that has seconds only, or none.
func (m *message) beat(at int64) int64 {
	if m.hasMono || m.hasStep || m.hasWall && m.fine {
		return at
	}
	return int64(m.line) * int64(time.Millisecond)
}

// of gives the host of a line, the one of the line before where it does not
// tell.
func (r *Reader) of(m *message) *host {
	name := m.host
	if name == "" {
		name = r.o.Node
	}
	boot := m.boot
	if boot == "" {
		boot = r.boot
	}
	if h := r.last; h != nil && h.name == name && h.boot == boot {
		return h
	}
	key := name + "\x00" + boot
	h := r.hosts[key]
	if h == nil {
		if len(r.hosts) >= mostHosts {
			r.finish()
			clear(r.hosts)
		}
		h = &host{name: name, boot: boot, passes: nflog.Passes{Silence: silence}}
		r.hosts[key] = h
	}
	r.last = h
	return h
}
