package afpacket

import (
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"github.com/pktrail/pktrail/internal/trail"
)

const (
	tickEvery   = 200 * time.Millisecond // a look at the links while packets flood
	aliveEvery  = time.Second            // a call of Options.Alive
	lonelyAfter = 2 * time.Second        // no interface but loopback: the namespace has ended
)

// adopt takes a ring into the reader, with the points it has from the start.
func (rd *Reader) adopt(i int, r *Ring) {
	r.state.live = map[int]bool{}
	for index, l := range r.watch.links {
		if r.opt.Interface == index || r.opt.Interface == 0 && l.up {
			rd.point(r, newDevice(index, l.hatype))
		}
		switch {
		case l.up && !l.loopback():
			r.state.live[index] = true
		case !l.up && r.opt.Interface == index:
			rd.notify(Event{Kind: InterfaceDown, Ring: i, Interface: l.name, Index: index, Point: r.opt.Point})
		}
	}
	r.watch.changed = func(was, is link) {
		if r.opt.Interface == 0 {
			rd.changedAny(i, r, was, is)
		} else if r.opt.Interface == max(was.index, is.index) {
			rd.changedOnly(i, r, was, is)
		}
	}
}

// base is the ring's point for events and errors.
func (rd *Reader) base(r *Ring) trail.Point {
	p := r.opt.Point
	if l, ok := r.watch.links[r.opt.Interface]; ok {
		return l.describe(p)
	}
	if l, ok := r.watch.gone[r.opt.Interface]; ok {
		return l.describe(p)
	}
	return p
}

// point is the number of the device's point, which is made at first sight.
func (rd *Reader) point(r *Ring, dev device) int {
	n, ok := r.points[dev]
	if !ok {
		l, named := r.watch.named(dev.index())
		if n, ok = r.points[dev]; !ok { // named can have made it
			if !named {
				l = link{index: dev.index(), name: fmt.Sprintf("if%d", dev.index())}
			}
			l.hatype = uint16(dev)
			n = len(rd.points)
			rd.points = append(rd.points, l.describe(r.opt.Point))
			r.points[dev] = n
		}
	}
	r.known[uint8(dev>>16)] = hit{dev: dev, point: n}
	return n
}

// forget makes the next frame of the device look its name up again.
func (r *Ring) forget(index int) {
	for dev := range r.points {
		if dev.index() == index {
			delete(r.points, dev)
			r.known[uint8(dev>>16)] = hit{}
		}
	}
}

func (rd *Reader) changedAny(i int, r *Ring, was, is link) {
	e := Event{Ring: i, Interface: is.name, Index: is.index, Point: r.opt.Point}
	switch {
	case is.index == 0:
		e.Kind, e.Interface, e.Index = InterfaceDeleted, was.name, was.index
		rd.notify(e)
		if r.state.live[was.index] && len(r.state.live) == 1 {
			r.state.lonely = time.Now()
		}
		delete(r.state.live, was.index)
		return
	case was.index == 0:
		r.forget(is.index) // an index that is used again
		e.Kind = InterfaceAdded
		rd.notify(e)
	case was.name != is.name:
		r.forget(is.index)
	}
	if !is.up || is.loopback() {
		return
	}
	r.state.live[is.index], r.state.lonely = true, time.Time{}
	if !was.up {
		rd.point(r, newDevice(is.index, is.hatype))
		if r.opt.Promiscuous && is.hatype == arpEther {
			_ = r.promiscuous(is.index) // it may be gone again
		}
	}
}

func (rd *Reader) changedOnly(i int, r *Ring, was, is link) {
	e := Event{Ring: i, Interface: is.name, Index: is.index, Point: r.opt.Point}
	switch {
	case is.index == 0:
		rd.end(r, ErrInterfaceGone)
	case was.up != is.up:
		e.Kind = InterfaceDown
		if is.up {
			e.Kind = InterfaceUp
		}
		rd.notify(e)
	case was.name != is.name:
		r.forget(is.index)
	}
}

// housekeep looks at what is not a packet, now and then.
func (rd *Reader) housekeep() {
	now := time.Now()
	if now.Sub(rd.tick) < tickEvery {
		return
	}
	rd.tick = now
	for _, r := range rd.rings {
		if r.state.ended || r.state.unhooked {
			continue
		}
		if err := r.watch.read(); err != nil {
			rd.end(r, fmt.Errorf("watch links: %w", err))
		}
		if since := r.state.lonely; !since.IsZero() && now.Sub(since) >= lonelyAfter {
			rd.end(r, ErrNamespaceGone)
		}
		if r.opt.Alive != nil && now.Sub(r.state.asked) >= aliveEvery {
			r.state.asked = now
			if err := r.opt.Alive(); err != nil {
				rd.end(r, err)
			}
		}
	}
}

// end lets the ring run dry, for a reason other than Stop.
func (rd *Reader) end(r *Ring, why error) {
	if r.state.why == nil && !r.state.unhooked {
		r.state.why = why
		rd.unhook(r)
	}
}

func (rd *Reader) unhookAll() {
	for _, r := range rd.rings {
		if !r.state.unhooked {
			rd.unhook(r)
		}
	}
}

func (rd *Reader) unhook(r *Ring) {
	_ = r.leave(r.opt.Interface) // ENODEV: the device is gone, and so is the hook
	r.state.unhooked = true
	r.state.deadline = time.Now().Add(2*r.opt.Timeout + time.Second)
}

// drained marks an unhooked ring as ended once nothing is left in it. The
// kernel hands the last block over after its timeout.
func (rd *Reader) drained(r *Ring) {
	if r.state.ended || !r.state.unhooked || !r.empty() && time.Now().Before(r.state.deadline) {
		return
	}
	r.state.ended = true
	_ = errors.Join(rd.poll.Remove(r.fd), rd.poll.Remove(r.watch.fd)) // so that they wake nobody
	if r.state.why != nil {
		for i := range rd.rings {
			if rd.rings[i] == r {
				rd.notify(Event{Kind: RingEnded, Ring: i, Point: rd.base(r), Err: r.state.why})
			}
		}
	}
}

// sleep waits until a ring has a block, a link has changed, Stop or Close was
// called, or the pause is over; negative is for ever.
func (rd *Reader) sleep(pause time.Duration) error {
	for _, r := range rd.rings {
		if !r.state.ended {
			pause = shorter(pause, r.patience())
		}
	}
	if err := rd.poll.Wait(pause, rd.answer); err != nil {
		return fmt.Errorf("wait for packets: %w", err)
	}
	rd.housekeep()
	return nil
}

// patience is how long the ring can be left alone; negative is for ever.
func (r *Ring) patience() time.Duration {
	switch {
	case r.state.unhooked:
		return slack
	case !r.state.lonely.IsZero(), r.opt.Alive != nil:
		return aliveEvery
	}
	return -1
}

func shorter(a, b time.Duration) time.Duration {
	if a < 0 || b >= 0 && b < a {
		return b
	}
	return a
}

// answer handles what woke the reader, other than packets.
func (rd *Reader) answer(id int, failed bool) {
	r := rd.rings[id/2]
	switch {
	case r.state.unhooked:
	case id%2 == 1:
		if err := r.watch.read(); err != nil {
			rd.end(r, fmt.Errorf("watch links: %w", err))
		}
	case failed:
		// An interface that is down raises ENETDOWN once. Whether it comes up
		// again or is deleted, the watcher tells.
		if err := r.pendingError(); err != nil && !errors.Is(err, unix.ENETDOWN) {
			rd.end(r, fmt.Errorf("packet socket: %w", err))
		}
	}
}
