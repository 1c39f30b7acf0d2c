package record

import (
	"fmt"
	"time"

	"github.com/pktrail/pktrail/internal/pcapng"
	"github.com/pktrail/pktrail/internal/trail"
)

// WriteStats writes a point's counters since it was opened.
func (w *Writer) WriteStats(id int, at time.Time, c trail.Counters) error {
	if w.ended {
		return ErrEnded
	}
	if uint(id) >= uint(len(w.points)) {
		return fmt.Errorf("write counters: point %d of %d", id, len(w.points))
	}
	w.points[id].Counters = c
	s := w.stats(id, at, c)
	return w.out.Write(&s)
}

func (w *Writer) stats(id int, at time.Time, c trail.Counters) pcapng.Statistics {
	return statistics(id, w.started, at, c)
}

func statistics(id int, started, at time.Time, c trail.Counters) pcapng.Statistics {
	s := pcapng.Statistics{
		Interface: id, Ticks: ticks(at), End: pcapng.Known(ticks(at)),
		Received: pcapng.Known(c.Received), Dropped: pcapng.Known(c.Missed),
	}
	if !started.IsZero() {
		s.Start = pcapng.Known(ticks(started))
	}
	return s
}

// End writes the last counters of each point and the end record, and flushes.
// Points that e does not have get the Writer's own totals with the counters
// of the last WriteStats. Nothing can be written after it.
func (w *Writer) End(e End) error {
	if w.ended {
		return ErrEnded
	}
	end, err := custom(kindEnd, endJSON{End: End{Reason: cut(e.Reason), At: e.At}, Points: len(w.points)})
	if err != nil {
		return err
	}
	for id, t := range w.points {
		if id < len(e.Points) {
			t = e.Points[id]
		}
		s := w.stats(id, e.At, t.Counters)
		totals, err := custom(kindTotals, t)
		if err != nil {
			return err
		}
		s.Custom = append(s.Custom, totals)
		if id == len(w.points)-1 {
			s.Custom = append(s.Custom, end)
		}
		if err := w.out.Write(&s); err != nil {
			return err
		}
	}
	if len(w.points) == 0 { // an interface's statistics need an interface
		if err := w.out.Write(&pcapng.Names{Extra: pcapng.Extra{Custom: []pcapng.Custom{end}}}); err != nil {
			return err
		}
	}
	w.ended = true
	return w.Flush()
}

// ticks are nanoseconds since 1970; 0 for times before or without value.
func ticks(t time.Time) uint64 {
	if t.IsZero() {
		return 0
	}
	return uint64(max(t.UnixNano(), 0))
}
