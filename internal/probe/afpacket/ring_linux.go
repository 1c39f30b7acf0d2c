package afpacket

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/pktrail/pktrail/internal/probe/within"
	"github.com/pktrail/pktrail/internal/trail"
)

// Ring is an open capture: one socket on one interface, or on all of a
// namespace. Packets gather in it from Open on; a Reader reads them.
type Ring struct {
	opt  Options
	snap uint32
	*socket
	watch *watcher

	// What follows belongs to the reading goroutine.
	block            // the block that is being read; valid iff held
	cur     int      // its number, or that of the block waited for
	held    bool     // the block is ours
	known   [256]hit // cache of points by device
	points  map[device]int
	head    trail.Frame // read ahead, by the merge; valid iff hasHead
	headDev device
	hasHead bool
	quiet   int64  // nothing older than this (real time, ns) can still come
	pending uint64 // missed and not yet put on a frame
	told    uint64
	state   ringState
	reuse   func() // called before a block is given back, if not nil

	missed   atomic.Uint64
	statMu   sync.Mutex
	total    trail.Counters
	asked    trail.Counters
	released bool // by close; under statMu
}

// hit is an entry of the cache; dev is 0 in an empty one.
type hit struct {
	dev   device
	point int
}

// ringState is how a ring gets to its end.
type ringState struct {
	why      error // a reason other than Stop
	unhooked bool
	deadline time.Time // when to give up draining
	ended    bool
	live     map[int]bool // interfaces that are or were up, without loopback
	lonely   time.Time    // since when live is empty again
	asked    time.Time    // when Alive was asked
}

// Open makes the socket and starts to capture. Errors name the missing
// capability; *NoInterfaceError is returned for an unknown Options.Interface.
func Open(o Options) (*Ring, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, fmt.Errorf("open capture: %w", err)
	}
	r := &Ring{opt: o, snap: uint32(o.SnapLen), points: map[device]int{}}
	if o.Netns == 0 {
		err = r.start()
	} else {
		err = within.DoFD(o.Netns, r.start)
	}
	if err != nil {
		return nil, fmt.Errorf("open capture: %w", err)
	}
	r.opt.Netns, r.opt.Filter = 0, nil
	return r, nil
}

// start runs in the ring's namespace.
func (r *Ring) start() (err error) {
	if r.watch, err = openWatcher(); err != nil {
		return err
	}
	dev, ok := r.watch.links[r.opt.Interface]
	if r.opt.Interface != 0 && !ok {
		return errors.Join(&NoInterfaceError{Index: r.opt.Interface}, r.watch.close())
	}
	if r.socket, err = openSocket(r.opt, dev.loopback()); err != nil {
		return errors.Join(err, r.watch.close())
	}
	if err = r.hook(); err != nil {
		return errors.Join(err, r.shut(), r.watch.close())
	}
	return nil
}

func (r *Ring) hook() error {
	err := r.bind(r.opt.Interface)
	switch {
	case errors.Is(err, unix.ENODEV):
		return &NoInterfaceError{Index: r.opt.Interface}
	case err != nil:
		return fmt.Errorf("bind packet socket: %w", err)
	}
	if !r.opt.Promiscuous {
		return nil
	}
	for index, l := range r.watch.links {
		if (r.opt.Interface == index || r.opt.Interface == 0) && l.hatype == arpEther {
			if err := r.promiscuous(index); err != nil {
				return fmt.Errorf("make %s promiscuous: %w", l.name, err)
			}
		}
	}
	return nil
}

// Stats are the counters at this moment. It may be called from any goroutine,
// also after the end, when they stay as they were.
func (r *Ring) Stats() (Stats, error) {
	r.statMu.Lock()
	defer r.statMu.Unlock()
	err := r.count()
	s := Stats{Counters: r.total, Interval: trail.Counters{
		Received: r.total.Received - r.asked.Received,
		Missed:   r.total.Missed - r.asked.Missed,
	}}
	r.asked = r.total
	return s, err
}

// Close releases a ring that was not given to a Reader.
func (r *Ring) Close() error {
	if !r.release() {
		return nil
	}
	err := errors.Join(r.shut(), r.watch.close())
	r.unmap()
	return err
}

// release marks the ring as closed, with its last counters; false if it was.
func (r *Ring) release() bool {
	r.statMu.Lock()
	defer r.statMu.Unlock()
	if r.released {
		return false
	}
	_ = r.count() // the totals stay what they were
	r.released = true
	return true
}

// count takes the kernel's counters into the totals, under statMu.
func (r *Ring) count() error {
	if r.released {
		return nil
	}
	packets, drops, err := r.statistics()
	r.total.Received += packets
	r.total.Missed += drops
	r.missed.Store(r.total.Missed)
	return err
}

func (r *Ring) word(off int) *uint32 {
	return (*uint32)(unsafe.Add(r.mem, r.cur*r.lay.block+off))
}

// empty tells that the kernel has put nothing into the block that it will
// hand over next.
func (r *Ring) empty() bool {
	n := atomic.LoadUint32(r.word(blockCount))
	return atomic.LoadUint32(r.word(blockStatus))&statusUser == 0 && n == 0
}

// advance gives the block in hand back and takes the next one, if the kernel
// has filled it; or has begun to, on a socket that gets no more packets: there
// is no need to wait until it is handed over.
func (r *Ring) advance() bool {
	if r.held {
		r.giveBack()
	}
	status := atomic.LoadUint32(r.word(blockStatus))
	if status&statusUser == 0 && (!r.state.unhooked || r.empty()) {
		return false
	}
	r.held = true
	r.begin(unsafe.Slice((*byte)(unsafe.Add(r.mem, r.cur*r.lay.block)), r.lay.block))
	if status&statusLosing != 0 {
		r.statMu.Lock()
		_ = r.count() // Stats will tell
		r.statMu.Unlock()
	}
	if m := r.missed.Load(); m != r.told {
		r.pending, r.told = r.pending+m-r.told, m
	}
	return true
}

// giveBack returns the block to the kernel. Its count is set to 0 here, not
// only when the kernel opens it again, so that empty holds on a full ring too.
func (r *Ring) giveBack() {
	if r.reuse != nil {
		r.reuse()
	}
	if r.left > 0 { // malformed: frames that we cannot read
		r.statMu.Lock()
		r.total.Missed += uint64(r.left)
		r.missed.Store(r.total.Missed)
		r.statMu.Unlock()
	}
	atomic.StoreUint32(r.word(blockCount), 0)
	atomic.StoreUint32(r.word(blockStatus), 0)
	r.held, r.block = false, block{}
	r.cur = (r.cur + 1) % r.lay.count
}
