package record

import (
	"slices"
	"sync"

	"github.com/pktrail/pktrail/internal/pcapng"
	"github.com/pktrail/pktrail/internal/trail"
)

// Ledger keeps the books of a stream while its blocks pass by on the way to a
// file: which points there are, how many packets and bytes, how many were
// missed, whether it has ended. It decodes no frame and costs a few
// nanoseconds per block. Write takes whole blocks of one section, as a Writer
// writes them; the other methods may be called from any goroutine.
type Ledger struct {
	mu     sync.Mutex
	points []trail.PointTotal
	sum    trail.PointTotal
	ended  bool
	reason string
}

// Write looks through whole blocks. What stands before a block that is not
// whole or not sound is counted all the same.
func (l *Ledger) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var failed error
	err := Walk(b, func(kind pcapng.BlockType, block []byte) bool {
		if info, ok := Info(block); ok {
			if uint(info.Point) < uint(len(l.points)) {
				p := &l.points[info.Point]
				p.Packets++
				p.Bytes += int64(info.Len)
			}
			l.sum.Packets++
			l.sum.Bytes += int64(info.Len)
			return true
		}
		failed = l.take(&pcapng.Block{Type: kind, Raw: block})
		return failed == nil
	})
	if err == nil {
		err = failed
	}
	if err != nil {
		return 0, err
	}
	return len(b), nil
}

func (l *Ledger) take(b *pcapng.Block) error {
	switch b.Type {
	case pcapng.TypeInterface:
		i, err := b.Interface()
		if err != nil {
			return err
		}
		l.points = append(l.points, trail.PointTotal{Point: pointOf(&i, len(l.points))})
	case pcapng.TypeStatistics:
		s, err := b.Statistics()
		if err != nil {
			return err
		}
		if s.Dropped.Known && uint(s.Interface) < uint(len(l.points)) {
			l.sum.Missed += s.Dropped.N - l.points[s.Interface].Missed
			l.points[s.Interface].Missed = s.Dropped.N
		}
		l.takeEnd(s.Custom)
	case pcapng.TypeNames: // of a stream without points
		n, err := b.Names()
		if err != nil {
			return err
		}
		l.takeEnd(n.Custom)
	}
	return nil
}

func (l *Ledger) takeEnd(list []pcapng.Custom) {
	var e endJSON
	if find(list, kindEnd, &e) && e.Points == len(l.points) {
		l.ended, l.reason = true, e.Reason
	}
}

// Totals are those of each point so far.
func (l *Ledger) Totals() []trail.PointTotal {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.points)
}

// Sum is the total of all points so far; its Point is empty.
func (l *Ledger) Sum() trail.PointTotal {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.sum
}

// Ended reports whether the end record has passed, and what it gives as the
// reason.
func (l *Ledger) Ended() (reason string, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.reason, l.ended
}
