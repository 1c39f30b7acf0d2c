package agent

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"time"

	"github.com/pktrail/pktrail/internal/probe/afpacket"
	"github.com/pktrail/pktrail/internal/record"
	"github.com/pktrail/pktrail/internal/trail"
)

// run reads until the end and writes the end record, in whatever way it ends:
// the stream is then whole, and says why there is no more of it.
func (s *session) run(ctx context.Context) error {
	started := time.Now()
	if d := s.req.Limits.Duration; d > 0 {
		t := time.AfterFunc(d, s.stop)
		defer t.Stop()
	}
	stopAfter := context.AfterFunc(ctx, s.stop)
	defer stopAfter()
	s.reader.OnIdle(statsEvery, s.idle)
	err := s.pump()
	gone := (*afpacket.EndedError)(nil)
	switch {
	case errors.As(err, &gone):
		s.reason, err = gone.Err.Error(), nil
	case errors.Is(err, io.EOF), errors.Is(err, os.ErrClosed):
		err = nil
		if s.reason == "" && ctx.Err() != nil {
			s.reason = context.Cause(ctx).Error()
		} else if s.reason == "" && s.req.Limits.Duration > 0 && time.Since(started) >= s.req.Limits.Duration {
			s.reason = EndDuration
		}
	default:
		s.reason = err.Error()
	}
	// A stream that cannot be written has said so already.
	if e := s.end(); err == nil {
		err = e
	}
	s.talk(Message{Kind: KindEnded, Text: s.reason})
	return err
}

// stop ends the capture at this moment, for all sockets alike.
func (s *session) stop() {
	s.until.CompareAndSwap(math.MaxInt64, time.Now().UnixNano())
	s.reader.Stop()
}

// pump moves packets from the ring to the stream. It is the hot path: a
// packet costs a copy of its bytes and nothing else that grows with rate.
func (s *session) pump() error {
	var f trail.Frame
	last := s.stats.UnixNano()
	limit := s.req.Limits
	for {
		if err := s.reader.Read(&f); err != nil {
			return err
		}
		if f.Time < s.from || f.Time > s.until.Load() {
			continue
		}
		s.from = 0 // the clock may be set back from now on
		if f.Point >= len(s.points) {
			if err := s.learn(); err != nil {
				return err
			}
		}
		k := &s.points[f.Point]
		k.Received++
		k.Missed += f.Missed
		if s.cutter.keep != KeepAll {
			s.cutter.cut(s.reader.Points()[f.Point].Link, &f)
		}
		f.Point = k.id
		if err := s.out.WriteFrame(&f); err != nil {
			return err
		}
		s.packets++
		s.bytes[k.owner] += int64(len(f.Data))
		switch {
		case limit.Packets > 0 && s.packets >= limit.Packets:
			s.reason = EndPackets
			return io.EOF
		case limit.Bytes > 0 && s.bytes[k.owner] >= limit.Bytes:
			s.reason = EndBytes
			return io.EOF
		}
		// The frames' own clock tells the time without a system call.
		if f.Time-last >= int64(statsEvery) || f.Time < last {
			last = f.Time
			if err := s.writeStats(); err != nil {
				return err
			}
		}
	}
}

// idle runs before the reader waits: what was gathered goes out.
func (s *session) idle() error {
	if time.Since(s.stats) >= statsEvery {
		if err := s.writeStats(); err != nil {
			return err
		}
	}
	return s.out.Flush()
}

// writeStats writes the counters of every point into the stream.
func (s *session) writeStats() error {
	s.stats = time.Now()
	s.from = 0 // nothing that old is left in the rings
	if err := s.learn(); err != nil {
		return err
	}
	if err := s.count(); err != nil {
		return err
	}
	for _, k := range s.points {
		if err := s.out.WriteStats(k.id, s.stats, k.total()); err != nil {
			return err
		}
	}
	return nil
}

// total counts missed packets as received, as the kernel and pcapng do.
func (k known) total() trail.Counters {
	missed := k.Missed + k.untold
	return trail.Counters{Received: k.Received + missed, Missed: missed}
}

// count asks the sockets for their losses. A loss that no frame has carried
// yet is told at the ring's busiest point, so that the sum is exact at any
// time.
func (s *session) count() error {
	stats, err := s.reader.Stats()
	if err != nil {
		return fmt.Errorf("read counters: %w", err)
	}
	for ring, st := range stats {
		told, busiest := uint64(0), (*known)(nil)
		for i := range s.points {
			k := &s.points[i]
			if k.ring != ring {
				continue
			}
			k.untold = 0
			told += k.Missed
			if busiest == nil || k.Received > busiest.Received {
				busiest = k
			}
		}
		if busiest != nil && st.Missed > told {
			busiest.untold = st.Missed - told
		}
	}
	return nil
}

// end writes the last counters and the end record.
func (s *session) end() error {
	err := s.learn()
	err = errors.Join(err, s.count())
	now := time.Now()
	for _, k := range s.points {
		if e := s.out.WriteStats(k.id, now, k.total()); e != nil {
			return errors.Join(err, e)
		}
	}
	return errors.Join(err, s.out.End(record.End{Reason: s.reason, At: now}))
}
