package record

import (
	"encoding/binary"
	"fmt"
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
	strays trail.PointTotal // packets of points that the stream does not have
	ended  bool
	reason string
}

// Write looks through whole blocks. What stands before a block that is not
// whole or not sound is counted all the same.
func (l *Ledger) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, err := l.look(b, false); err != nil {
		return 0, err
	}
	return len(b), nil
}

// WriteBuffers looks through whole blocks in several buffers, as a Writer that
// lends them out makes them: a packet's block may be parted behind its head.
func (l *Ledger) WriteBuffers(bufs [][]byte) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	rest := 0
	var err error
	for _, b := range bufs {
		if rest >= len(b) {
			rest -= len(b)
			continue
		}
		if rest, err = l.look(b[rest:], true); err != nil {
			return err
		}
	}
	if rest != 0 {
		return fmt.Errorf("walk blocks: the last block lacks %d bytes", rest)
	}
	return nil
}

// look goes through a buffer, and returns how many bytes the last block goes
// on behind it, where it may be parted.
func (l *Ledger) look(b []byte, parted bool) (rest int, err error) {
	le := binary.LittleEndian
	for len(b) > 0 {
		n := blockLen(b)
		isPacket := n >= packetHead && len(b) >= packetHead && pcapng.BlockType(le.Uint32(b)) == pcapng.TypePacket
		if n == 0 || n > len(b) && (!parted || !isPacket) {
			return 0, fmt.Errorf("walk blocks: no whole block in the last %d bytes", len(b))
		}
		if isPacket {
			l.count(le.Uint32(b[8:]), le.Uint32(b[24:]))
		} else if err := l.take(&pcapng.Block{Type: pcapng.BlockType(le.Uint32(b)), Raw: b[:n:n]}); err != nil {
			return 0, err
		}
		if n > len(b) {
			return n - len(b), nil
		}
		b = b[n:]
	}
	return 0, nil
}

// packetHead is how much of a packet's block has to stand in one buffer: type,
// length, interface, time, captured length, length.
const packetHead = 28

func (l *Ledger) count(point, length uint32) {
	if uint(point) < uint(len(l.points)) {
		p := &l.points[point]
		p.Packets++
		p.Bytes += int64(length)
		return
	}
	l.strays.Packets++
	l.strays.Bytes += int64(length)
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
	sum := l.strays
	for i := range l.points {
		sum.Packets += l.points[i].Packets
		sum.Bytes += l.points[i].Bytes
		sum.Missed += l.points[i].Missed
	}
	return sum
}

// Ended reports whether the end record has passed, and what it gives as the
// reason.
func (l *Ledger) Ended() (reason string, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.reason, l.ended
}
