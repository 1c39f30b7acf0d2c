package record

import (
	"math"
	"slices"
	"time"
)

// run writes what waits in the queues, until the Merge is closed.
func (m *Merge) run() {
	m.mu.Lock()
	defer m.mu.Unlock()
	defer m.timer.Stop()
	for {
		if m.busy {
			m.moved.Wait()
			continue
		}
		wait := m.fill(time.Now())
		switch {
		case len(m.out.buf) > 0:
			m.busy = true
			m.mu.Unlock()
			m.out.flush()
			m.mu.Lock()
			m.busy = false
			m.moved.Broadcast()
			continue
		case m.closed:
			m.running = false
			m.moved.Broadcast()
			return
		case wait > 0:
			m.timer.Reset(wait)
		}
		m.moved.Wait()
	}
}

// fill puts into the output what may go out now, a buffer of it at most, and
// says when to look again; 0 if that depends on others. m.mu is held, and
// nobody is busy.
func (m *Merge) fill(now time.Time) (wait time.Duration) {
	m.out.alone = len(m.all) == 1
	if m.out.err != nil {
		for _, s := range m.queued {
			s.discard()
		}
	}
	before := m.held
	for len(m.out.buf) < cap(m.out.buf)/2 {
		s, until, silent := m.earliest()
		if s == nil {
			break
		}
		ripe := int64(math.MaxInt64)
		if silent && !m.closed && !m.pressed() {
			ripe = s.ripe(now.Add(-m.hold))
		}
		if s.next != math.MinInt64 && s.read >= ripe {
			wait = max(s.since().Add(m.hold).Sub(now), time.Microsecond)
			break
		}
		m.take(s, until, ripe)
	}
	if m.held < before { // there is room again
		m.starved = false
		m.moved.Broadcast()
	}
	return wait
}

// earliest finds the input with the earliest block, the time until which it
// stays that, and whether an open one has nothing. Inputs that are done are
// forgotten.
func (m *Merge) earliest() (s *MergeInput, until int64, silent bool) {
	until = math.MaxInt64
	done := false
	for _, q := range m.queued {
		switch {
		case q.read == q.wrote:
			silent = silent || q.open
			done = done || !q.open
		case s == nil:
			s = q
		case q.next < s.next:
			s, until = q, s.next
		default:
			until = min(until, q.next)
		}
	}
	if done {
		m.queued = slices.DeleteFunc(m.queued, func(q *MergeInput) bool { return !q.open && q.read == q.wrote })
	}
	return s, until, silent
}

// take moves blocks of one input to the output: at least one, then those up to
// a time, and that had come before a position.
func (m *Merge) take(s *MergeInput, until, ripe int64) {
	for {
		block := s.first()
		if err := m.out.block(s, block); err != nil {
			if s.fault == nil {
				s.fault = err
			}
			s.discard()
			return
		}
		s.drop(len(block))
		if s.read == s.wrote || s.next > until || s.read >= ripe && s.next != math.MinInt64 || len(m.out.buf) >= cap(m.out.buf)/2 {
			return
		}
	}
}
