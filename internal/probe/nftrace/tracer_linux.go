//go:build !pktrail_lite

package nftrace

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/pktrail/pktrail/internal/probe/poll"
	"github.com/pktrail/pktrail/internal/trail"
)

// Tracer reads which rules packets meet in one network namespace. One
// goroutine reads; the other methods may be called from any.
type Tracer struct {
	options Options
	table   string
	ports   []uint16 // on which there may be tunnels

	mu      sync.Mutex // guards control, dropped, gone
	control *socket    // owns the table
	dropped bool       // the table is
	gone    bool       // all descriptors are

	reading sync.Mutex // held by Read
	trace   *socket
	poll    *poll.Poller
	look    *lookup
	groups  *grouper
	legacy  *legacy
	ready   []Event

	stopped, closed atomic.Bool

	messages, overruns, marked, headless atomic.Uint64
}

// Open makes the table and listens. What it lacks is a *PermissionError or an
// *UnsupportedError; a *LoggerError comes of LegacyBind.
func Open(o Options) (*Tracer, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	t := &Tracer{options: o}
	inode, err := inodeOf(o.Netns)
	if err != nil {
		return nil, err
	}
	t.options.Point.Netns = inode
	if err = inNamespace(o.Netns, t.open); err == nil {
		err = t.arm()
	}
	if err != nil {
		return nil, errors.Join(err, t.dispose())
	}
	return t, nil
}

// open makes the sockets; it runs in the namespace.
func (t *Tracer) open() error {
	var err error
	if t.control, err = openSocket(0); err != nil {
		return err
	}
	t.look, t.ports = newLookup(t.control.fd), tunnelPorts()
	if t.trace, err = openSocket(t.options.Buffer); err != nil {
		return err
	}
	if err := joinGroup(t.trace.fd, traceMessages, "nft trace"); err != nil {
		return err
	}
	t.legacy, err = openLegacy(t.options)
	return err
}

// arm starts to listen, and only then to mark.
func (t *Tracer) arm() error {
	fds := append([]int{t.trace.fd}, t.legacy.fds()...)
	var err error
	if t.poll, err = poll.New(); err != nil {
		return err
	}
	for i, fd := range fds {
		if err := t.poll.Add(fd, i); err != nil {
			return fmt.Errorf("make epoll set: %w", err)
		}
	}
	l := limits{rate: t.options.Rate, total: t.options.Total}
	if most := t.legacy.most(); most > 0 {
		l.shared = true
		if l.total == 0 || l.total > most {
			l.total = most
		}
	}
	if t.table, err = makeTable(t.control, newRuleset(t.options.Matches, l, t.ports)); err != nil {
		return err
	}
	t.groups = newGrouper(t.table)
	return nil
}

// Table is the name of our table, in the family inet.
func (t *Tracer) Table() string { return t.table }

// Stop ends the marking. Read returns what was seen before, then io.EOF.
func (t *Tracer) Stop() {
	t.drop()
	t.stopped.Store(true)
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.gone {
		t.poll.Signal()
	}
}

func (t *Tracer) drop() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.dropped {
		return
	}
	t.dropped = true
	if t.table != "" {
		// What fails here is done by the kernel when the socket closes.
		_ = dropTable(t.control, t.table)
	}
}

// Close removes the table and puts back what LegacyBind changed. A Read that
// waits returns os.ErrClosed.
func (t *Tracer) Close() error {
	if t.closed.Swap(true) {
		return nil
	}
	t.drop()
	t.poll.Signal()
	t.reading.Lock()
	defer t.reading.Unlock()
	return t.dispose()
}

// dispose closes what was opened; the table goes with its socket.
func (t *Tracer) dispose() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.dropped, t.gone = true, true
	var all []error
	if t.legacy != nil {
		all = append(all, t.legacy.close())
	}
	if t.poll != nil {
		all = append(all, t.poll.Close())
	}
	for _, s := range []*socket{t.trace, t.control} {
		if s != nil {
			all = append(all, s.close())
		}
	}
	return errors.Join(all...)
}

// Stats are the counters so far.
func (t *Tracer) Stats() (Stats, error) {
	return Stats{
		Messages: t.messages.Load(),
		Overruns: t.overruns.Load(),
		Marked:   t.marked.Load(),
		Headless: t.headless.Load(),
	}, nil
}

// Blind is what cannot be seen in this namespace.
func (t *Tracer) Blind() []trail.Blind {
	return slices.Clone(t.legacy.blind)
}
