package wire

import (
	"context"
	"fmt"
	"io"
	"time"
)

// BeatEvery is how long a sender is silent at most, and how often a client
// acknowledges at least.
const BeatEvery = 2 * time.Second

// AckEvery is how many bytes of payload a client takes at most before it
// acknowledges: less often, and the agent's room would limit the rate.
const AckEvery = 512 << 10

// writeMost is how many bytes of several frames go out in one write.
const writeMost = 256 << 10

// SendTo writes the frames after number from to w: those that are there and
// those that come, until the Exit frame is sent; that is the end without an
// error. It returns when the context ends, with its cause, when w fails, and
// when the log is closed. A write that blocks is broken off if w has a method
// SetWriteDeadline; else the caller must close w. Several senders at a time do
// not disturb each other.
func (l *Log) SendTo(ctx context.Context, w io.Writer, from uint64, mode Compress) error {
	if d, ok := w.(interface{ SetWriteDeadline(time.Time) error }); ok {
		stop := context.AfterFunc(ctx, func() { _ = d.SetWriteDeadline(time.Unix(1, 0)) })
		defer stop()
	}
	s := sender{log: l, w: w, seq: from, pack: packer{mode: mode}}
	defer s.pack.close()
	beat := time.NewTimer(BeatEvery)
	defer beat.Stop()
	for {
		run, more, err := l.take(s.seq)
		switch {
		case err != nil:
			return fmt.Errorf("send after frame %d: %w", from, err)
		case len(run) > 0:
			err = s.send(run)
			if err != nil && ctx.Err() != nil {
				return context.Cause(ctx)
			}
			if err != nil {
				return fmt.Errorf("send frames up to %d: %w", s.seq, err)
			}
			beat.Reset(BeatEvery)
			continue
		case more == nil:
			return nil
		}
		select {
		case <-more:
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-beat.C:
			var b [headLen]byte
			head{kind: Beat, seq: s.seq}.put(b[:])
			if _, err := w.Write(b[:]); err != nil {
				return fmt.Errorf("send beat: %w", err)
			}
			beat.Reset(BeatEvery)
		}
	}
}

// take gives frames after seq that stand behind each other in one chunk,
// pinned, or else what to wait for; that is nil after the Exit frame.
func (l *Log) take(seq uint64) (run []entry, more <-chan struct{}, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.closed != nil:
		return nil, nil, l.closed
	case seq+1 < l.first:
		return nil, nil, &GapError{Want: seq + 1, Have: l.first}
	case seq > l.sealed:
		return nil, nil, &GapError{Want: seq + 1, Have: l.last() + 1}
	case seq == l.last() && l.finished:
		return nil, nil, nil
	case seq == l.last():
		return nil, l.grown.wait(), nil
	}
	size := 0
	for _, e := range l.entries[seq+1-l.first:] {
		if size += headLen + e.n; len(run) > 0 && (e.in != run[0].in || size > writeMost) {
			break
		}
		run = append(run, e)
		if seq++; seq > l.sealed {
			head{kind: e.kind, n: e.n, seq: seq}.put(e.in.b[e.off:])
			l.sealed = seq
		}
	}
	run[0].in.pins++
	return run, nil, nil
}

// unpin lets go of a run's chunk.
func (l *Log) unpin(c *chunk) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if c.pins--; c.pins == 0 && c.live == 0 {
		l.release()
	}
}

// sender is one SendTo.
type sender struct {
	log  *Log
	w    io.Writer
	seq  uint64 // of the last frame sent
	pack packer
}

// send writes a run: as it stands, or frame by frame where the stream is
// packed.
func (s *sender) send(run []entry) error {
	c := run[0].in
	defer s.log.unpin(c)
	from := run[0].off
	end := from
	for _, e := range run {
		end = e.off + headLen + e.n
		s.seq++
		if e.kind != Stream {
			continue
		}
		packed := s.pack.frame(c.b[e.off+headLen:end], s.seq)
		if packed == nil {
			continue
		}
		if err := s.write(c.b[from:e.off]); err != nil {
			return err
		}
		if err := s.write(packed); err != nil {
			return err
		}
		from = end
	}
	return s.write(c.b[from:end])
}

func (s *sender) write(b []byte) error {
	if len(b) == 0 {
		return nil
	}
	_, err := s.w.Write(b)
	return err
}
