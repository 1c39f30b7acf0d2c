//go:build !pktrail_lite

package follow

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/pktrail/pktrail/internal/probe/ask"
	"github.com/pktrail/pktrail/internal/probe/netns"
	"github.com/pktrail/pktrail/internal/probe/nftrace"
	"github.com/pktrail/pktrail/internal/probe/skbtrace"
	"github.com/pktrail/pktrail/internal/record"
	"github.com/pktrail/pktrail/internal/trail"
)

// session is one run.
type session struct {
	req    *Request
	events Events
	places *places
	ends   [2]end // source and destination
	all    []*netns.Namespace
	about  trail.Session
	probe  *prober // nil when passive
	scope  *scope

	kernel  *skbtrace.Tracer // nil without eBPF
	matches []nftrace.Match

	asked      asked
	complaints complaints
	running    sync.WaitGroup
	failed     chan error // the first error of a source ends the run

	// flights is added to the probe's numbers, so that those of several sessions
	// can stand in one file.
	flights uint64

	mu      sync.Mutex // guards what follows
	sources []source
	closers []func() error
	started bool // sources run
	ended   bool // sources are stopped
	traced  map[uint64]bool
	out     *record.Writer
	ids     map[trail.Point]int
	pending pending
}

// source is something that observations come from.
type source struct {
	name  string       // one of trail.Session.Means; empty for none
	run   func() error // until the source is stopped and drained
	stop  func()
	close func() error
	// missed is what the source did not catch, once it has ended.
	missed func() (map[string]uint64, error)
}

// Run follows packets until the context ends, the request's duration is over,
// or the probe has its answer and what it caused has come in. header says who
// makes the stream.
func Run(ctx context.Context, q *Request, header record.Header, w io.Writer, ev Events) (err error) {
	if err := q.Check(); err != nil {
		return err
	}
	s := &session{
		req: q, events: ev, ids: map[trail.Point]int{}, traced: map[uint64]bool{}, failed: make(chan error, 1),
		asked:  asked{askers: map[uint64]*ask.Asker{}, answers: map[askedKey]askedAnswer{}},
		places: newPlaces(netns.Options{CRISocket: q.CRISocket}),
	}
	defer func() { err = errors.Join(err, s.close()) }()
	began := time.Now()
	s.places.node = header.Node
	s.places.names = q.Names
	if err := s.openEnds(ctx); err != nil {
		return err
	}
	if header.Boot = bootID(); header.Node == "" {
		header.Node = hostname()
	} else {
		// One node of a cluster sees its own part of a kernel only, where
		// several share one.
		header.Boot += "." + header.Node
		s.flights = rand.Uint64N(1<<30) << 22 // 53 bits: JSON's readers know no more
	}
	if s.out, err = record.NewWriter(w, header); err != nil {
		return err
	}
	if err := s.arm(ctx); err != nil {
		return err
	}
	if err := s.announce(began); err != nil {
		return err
	}
	return s.watch(ctx)
}

// announce says what is armed, in the stream and to the requester.
func (s *session) announce(began time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.about.Armed = time.Now()
	s.about.ArmedIn = s.about.Armed.Sub(began).Round(time.Millisecond)
	s.about.Source, s.about.Destination = s.ends[0].End, s.ends[1].End
	s.about.Full = s.req.Full
	if err := errors.Join(s.out.WriteSession(&s.about), s.out.Flush()); err != nil {
		return err
	}
	if s.events.Armed != nil {
		s.events.Armed(s.about)
	}
	return nil
}

// addSource adds a source; while the session runs it runs at once.
func (s *session) addSource(src source) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sources = append(s.sources, src)
	if src.name != "" {
		s.about.Means = appendNew(s.about.Means, src.name)
	}
	switch {
	case s.ended:
		src.stop()
	case s.started:
		s.start(src)
	}
}

// readAll reads to the end, one after the other, and hands each on.
func readAll[T any](read, each func(*T) error) func() error {
	return func() error {
		var v T
		for {
			if err := read(&v); err != nil {
				return err
			}
			if err := each(&v); err != nil {
				return err
			}
		}
	}
}

// start runs a source.
func (s *session) start(src source) {
	s.running.Go(func() {
		err := src.run()
		if err == nil || errors.Is(err, io.EOF) || errors.Is(err, os.ErrClosed) {
			return
		}
		select {
		case s.failed <- err:
		default: // one reason is enough
		}
	})
}

// watch runs the sources to the end.
func (s *session) watch(ctx context.Context) error {
	if d := s.req.Duration; d > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, d, errDuration)
		defer cancel()
	}
	ctx, done := context.WithCancelCause(ctx)
	defer done(nil)
	s.mu.Lock()
	s.started = true
	for _, src := range s.sources {
		s.start(src)
	}
	s.mu.Unlock()
	answered := make(chan error, 1)
	if s.probe != nil {
		go func() { answered <- s.probe.run(ctx, s) }()
	}
	flushed := s.flushWhile(ctx, done)
	var err error
	select {
	case <-ctx.Done():
		if s.probe != nil {
			err = <-answered
		}
	case err = <-s.failed:
		done(err)
	case err = <-answered:
		done(errAnswered)
	}
	<-flushed
	s.mu.Lock()
	s.ended = true
	s.about.Over = time.Now() // from here on one source sees what another one does not
	sources := slices.Clone(s.sources)
	s.mu.Unlock()
	for _, src := range sources {
		s.running.Go(src.stop)
	}
	s.running.Wait()
	return errors.Join(err, s.end(context.Cause(ctx)))
}

var (
	errDuration = errors.New("limit of time")
	errAnswered = errors.New("the probe has its answer")
)

// flushEvery is how long an observation may wait in the buffer.
const flushEvery = 20 * time.Millisecond

// flushWhile writes what has been gathered, until the context ends.
func (s *session) flushWhile(ctx context.Context, done context.CancelCauseFunc) <-chan struct{} {
	over := make(chan struct{})
	go func() {
		defer close(over)
		tick := time.NewTicker(flushEvery)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case now := <-tick.C:
				s.mu.Lock()
				err := errors.Join(s.setAside(s.pending.older(now.Add(-pendingFor).UnixNano())), s.out.Flush())
				s.mu.Unlock()
				if err != nil {
					done(err)
					return
				}
			}
		}
	}()
	return over
}

// end writes what is left, what was missed, and the end record.
func (s *session) end(cause error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	total := map[string]uint64{}
	for i := range s.sources {
		missed, err := s.sources[i].missed()
		errs = append(errs, err)
		for what, n := range missed {
			if n > 0 {
				total[what] += n
			}
		}
	}
	s.about.Missed = total
	reason := ""
	if cause != nil {
		reason = cause.Error()
	}
	return errors.Join(append(errs,
		s.setAside(s.pending.all()),
		s.out.WriteSession(&s.about),
		s.out.End(record.End{Reason: reason, At: time.Now()}))...)
}

// close ends everything, in reverse order.
func (s *session) close() error {
	// Side by side: each waits for the kernel's grace periods.
	errs := make([]error, len(s.sources))
	var wg sync.WaitGroup
	for i, src := range s.sources {
		wg.Go(func() { errs[i] = src.close() })
	}
	wg.Wait()
	for _, v := range slices.Backward(s.closers) {
		errs = append(errs, v())
	}
	s.asked.close()
	s.places.close()
	return errors.Join(errs...)
}
