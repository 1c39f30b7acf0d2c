package afpacket

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/pktrail/pktrail/internal/trail"
)

// results reads on a goroutine of its own until an error, and gives both.
func results(rd *Reader) (frames chan []seen, failed chan error) {
	frames, failed = make(chan []seen, 1), make(chan error, 1)
	go func() {
		all, err := drain(rd)
		frames <- all
		failed <- err
	}()
	return frames, failed
}

func TestSlowReaderLosesAndCounts(t *testing.T) {
	a, b := newSpace(t), newSpace(t)
	wire(t, a, "left", b, "right")
	fd := sender(t, a, "left")
	r := open(t, b, Options{Interface: b.index(t, "right"), Buffer: MinBuffer})
	rd := read(t, nil, r)
	const sent = 2000
	for i := range uint32(sent) {
		send(t, fd, frame(i, 1000))
	}
	first, err := one(rd)
	must(t, err)
	half, err := r.Stats()
	must(t, err)
	for i := range uint32(10) { // after the loss
		send(t, fd, frame(sent+i, 1000))
	}
	all := append([]seen{first}, rest(t, rd)...)
	missed, last := uint64(0), -1
	for _, f := range all {
		missed += f.Missed
		n, ok := number(f.Data)
		if !ok || int(n) <= last {
			t.Fatalf("frame %d after %d", n, last)
		}
		last = int(n)
	}
	st, err := r.Stats()
	must(t, err)
	if st.Missed == 0 || st.Received != sent+10 || st.Received != uint64(len(all))+st.Missed {
		t.Errorf("read %d, %+v: want %d received, all read or missed", len(all), st, sent+10)
	}
	if half.Received != sent || half.Interval != half.Counters || st.Interval.Received != 10 {
		t.Errorf("in the middle %+v, at the end %+v", half, st)
	}
	if last == sent+9 && missed != st.Missed {
		t.Errorf("the frames tell of %d missed, the counters of %d", missed, st.Missed)
	}
	must(t, rd.Close())
	after, err := r.Stats()
	if err != nil || after.Counters != st.Counters {
		t.Errorf("after Close %+v, %v, want %+v", after, err, st)
	}
}

func TestStopDrains(t *testing.T) {
	a, b := newSpace(t), newSpace(t)
	wire(t, a, "left", b, "right")
	fd := sender(t, a, "left")
	// The kernel would hand over the last block after a minute.
	rd := read(t, nil, open(t, b, Options{Timeout: time.Minute}))
	frames, failed := results(rd)
	for i := range uint32(5000) {
		send(t, fd, frame(i, 60))
	}
	rd.Stop()
	send(t, fd, frame(1<<20, 60))
	n := uint32(0)
	for _, f := range <-frames {
		if got, ok := number(f.Data); ok {
			if got != n {
				t.Fatalf("frame %d, want %d", got, n)
			}
			n++
		}
	}
	if n != 5000 {
		t.Errorf("read %d frames, want 5000: the last came after Stop", n)
	}
	if err := <-failed; !errors.Is(err, io.EOF) {
		t.Errorf("after Stop: %v", err)
	}
	rd.Stop()
	if _, err := one(rd); !errors.Is(err, io.EOF) {
		t.Errorf("read again: %v", err)
	}
}

func TestCloseUnblocksAndFreesAll(t *testing.T) {
	s := newSpace(t)
	fds := func() int {
		list, err := os.ReadDir("/proc/self/fd")
		must(t, err)
		return len(list)
	}
	rings := func() int {
		b, err := os.ReadFile("/proc/self/maps")
		must(t, err)
		return strings.Count(string(b), "socket:")
	}
	round := func(hold bool) {
		rd := read(t, nil, open(t, s, Options{}), open(t, s, Options{Interface: 1}))
		var held trail.Frame
		if hold {
			s.inside(t, func() error { return ping(t) })
			must(t, rd.Read(&held))
		}
		_, failed := results(rd)
		runtime.Gosched()
		must(t, rd.Close())
		if err := <-failed; !errors.Is(err, os.ErrClosed) {
			t.Fatalf("read of a closed reader: %v", err)
		}
		must(t, rd.Close())
		rd.Stop()
	}
	round(true) // what the runtime opens once
	before := fds()
	for i := range 10 {
		round(i%2 == 0)
	}
	if after := fds(); after > before {
		t.Errorf("%d file descriptors open, %d before", after, before)
	}
	if n := rings(); n != 0 {
		t.Errorf("%d rings still mapped", n)
	}
}

// TestCloseWhileFrameIsHeld touches a frame after Close: it reads as zeros.
func TestCloseWhileFrameIsHeld(t *testing.T) {
	s := newSpace(t)
	rd := read(t, nil, open(t, s, Options{}))
	s.inside(t, func() error { return ping(t) })
	var f trail.Frame
	must(t, rd.Read(&f))
	must(t, rd.Close())
	for _, b := range f.Data {
		if b != 0 {
			t.Fatalf("data after Close: %x", f.Data)
		}
	}
}

// TestOnReuse keeps frames, without a copy, for as long as it says.
func TestOnReuse(t *testing.T) {
	a, b := newSpace(t), newSpace(t)
	wire(t, a, "left", b, "right")
	rd := read(t, nil, open(t, b, Options{Interface: b.index(t, "right"), Buffer: 4 << 20}))
	const sent = 5000
	var kept [][]byte
	next, reused := uint32(0), 0
	rd.OnReuse(func() {
		reused++
		for _, data := range kept {
			if n, ok := number(data); ok {
				if n != next {
					t.Fatalf("frame %d, want %d", n, next)
				}
				next++
			}
		}
		kept = kept[:0]
	})
	fd := sender(t, a, "left")
	for i := range uint32(sent) {
		send(t, fd, frame(i, 100))
	}
	rd.Stop()
	var f trail.Frame
	for rd.Read(&f) == nil {
		kept = append(kept, f.Data)
	}
	if next != sent || reused < 2 || len(kept) != 0 {
		t.Errorf("%d of %d frames in %d blocks, %d not told of", next, sent, reused, len(kept))
	}
}

// ping sends a datagram to itself over loopback.
func ping(tb testing.TB) error {
	tb.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(fd) }()
	return unix.Sendto(fd, []byte("x"), 0, &unix.SockaddrInet4{Port: 9, Addr: [4]byte{127, 0, 0, 1}})
}

// TestInterfacesComeAndGo reads a whole namespace in which everything changes.
func TestInterfacesComeAndGo(t *testing.T) {
	a, b := newSpace(t), newSpace(t)
	ev := newEvents()
	rd := read(t, ev.add, open(t, b, Options{}))
	frames, failed := results(rd)
	const rounds = 3
	for i := range rounds {
		left, right := fmt.Sprintf("left%d", i), fmt.Sprintf("right%d", i)
		wire(t, a, left, b, right)
		send(t, sender(t, a, left), frame(uint32(i), 60))
		must(t, a.link.LinkDel(a.find(t, left)))
	}
	ev.await(t, InterfaceAdded)
	ev.await(t, InterfaceDeleted)
	rd.Stop()
	var names []string
	for _, f := range <-frames {
		if n, ok := number(f.Data); ok {
			names = append(names, fmt.Sprintf("%d %s %s", n, f.Where.Interface, f.Where.Kind))
		}
	}
	if want := []string{"0 right0 veth", "1 right1 veth", "2 right2 veth"}; !slices.Equal(names, want) {
		t.Errorf("frames and their interfaces: %q, want %q", names, want)
	}
	if err := <-failed; !errors.Is(err, io.EOF) {
		t.Error(err)
	}
}

func TestRename(t *testing.T) {
	a, b := newSpace(t), newSpace(t)
	wire(t, a, "left", b, "right")
	rd := read(t, nil, open(t, b, Options{Interface: b.index(t, "right")}))
	fd := sender(t, a, "left")
	send(t, fd, frame(1, 60))
	first, err := one(rd)
	must(t, err)
	right := b.find(t, "right")
	must(t, errors.Join(b.link.LinkSetDown(right), b.link.LinkSetName(right, "other"), b.link.LinkSetUp(right)))
	send(t, fd, frame(2, 60))
	time.Sleep(tickEvery) // so that Read looks at the links before the frame
	second, err := one(rd)
	must(t, err)
	if first.Where.Interface != "right" || second.Where.Interface != "other" {
		t.Errorf("seen at %s, then at %s", first.Where.Interface, second.Where.Interface)
	}
}

// TestBoundInterface goes down, comes up again, and is deleted, while another
// ring goes on.
func TestBoundInterface(t *testing.T) {
	a, b := newSpace(t), newSpace(t)
	wire(t, a, "left", b, "right")
	wire(t, a, "left2", b, "right2")
	ev := newEvents()
	base := trail.Point{Node: "n", Target: "pod"}
	rd := read(t, ev.add,
		open(t, b, Options{Interface: b.index(t, "right"), Point: base}),
		open(t, b, Options{Interface: b.index(t, "right2"), Point: base}))
	frames, failed := results(rd)
	fd, fd2 := sender(t, a, "left"), sender(t, a, "left2")
	right := b.find(t, "right")
	send(t, fd, frame(0, 60))
	must(t, b.link.LinkSetDown(right))
	if e := ev.await(t, InterfaceDown); e.Interface != "right" || e.Ring != 0 {
		t.Errorf("event %+v", e)
	}
	must(t, b.link.LinkSetUp(right))
	ev.await(t, InterfaceUp)
	send(t, fd, frame(1, 60))
	must(t, b.link.LinkDel(right))
	if e := ev.await(t, RingEnded); e.Ring != 0 || !errors.Is(e.Err, ErrInterfaceGone) || e.Point.Path() != "n/pod/right" {
		t.Errorf("event %+v", e)
	}
	send(t, fd2, frame(2, 60))
	must(t, b.link.LinkDel(b.find(t, "right2")))
	n := uint32(0)
	for _, f := range <-frames {
		if got, ok := number(f.Data); ok && got == n {
			n++
		}
	}
	if n != 3 {
		t.Errorf("read %d of 3 frames", n)
	}
	err := <-failed
	var ended *EndedError
	if !errors.Is(err, ErrInterfaceGone) || !errors.As(err, &ended) || !strings.Contains(err.Error(), "n/pod/right2: the interface was deleted") {
		t.Errorf("at the end: %v", err)
	}
}

func TestInterfaceIsDownFromTheStart(t *testing.T) {
	a, b := newSpace(t), newSpace(t)
	wire(t, a, "left", b, "right")
	right := b.find(t, "right")
	must(t, b.link.LinkSetDown(right))
	ev := newEvents()
	rd := read(t, ev.add, open(t, b, Options{Interface: right.Attrs().Index}))
	ev.await(t, InterfaceDown)
	if p := rd.Points(); len(p) != 1 || p[0].Interface != "right" {
		t.Errorf("points %+v", p)
	}
	frames, _ := results(rd)
	must(t, b.link.LinkSetUp(right))
	ev.await(t, InterfaceUp)
	send(t, sender(t, a, "left"), frame(7, 60))
	rd.Stop()
	for _, f := range <-frames {
		if n, ok := number(f.Data); ok && n == 7 {
			return
		}
	}
	t.Error("the frame was not seen")
}

// TestNamespaceEnds as a pod's does: its only device is deleted, and nothing
// but our socket keeps the namespace.
func TestNamespaceEnds(t *testing.T) {
	a, b := newSpace(t), newSpace(t)
	wire(t, a, "left", b, "right")
	rd := read(t, nil, open(t, b, Options{}))
	frames, failed := results(rd)
	send(t, sender(t, a, "left"), frame(5, 60))
	must(t, a.link.LinkDel(a.find(t, "left")))
	if err := <-failed; !errors.Is(err, ErrNamespaceGone) {
		t.Errorf("at the end: %v", err)
	}
	for _, f := range <-frames {
		if n, ok := number(f.Data); ok && n == 5 {
			return
		}
	}
	t.Error("the last frame was not seen")
}

// TestAlive ends a ring by the caller's word, the device being there still.
func TestAlive(t *testing.T) {
	s := newSpace(t)
	gone := errors.New("process 4711 has ended")
	asked := 0
	rd := read(t, nil, open(t, s, Options{Alive: func() error {
		if asked++; asked > 1 {
			return gone
		}
		return nil
	}}))
	if _, err := drain(rd); !errors.Is(err, gone) {
		t.Errorf("at the end: %v", err)
	}
}

func TestOpenErrors(t *testing.T) {
	s := newSpace(t)
	var none *NoInterfaceError
	if _, err := Open(Options{Netns: int(s.NsHandle), Interface: 4711}); !errors.As(err, &none) || none.Index != 4711 || !errors.Is(err, unix.ENODEV) {
		t.Errorf("an unknown interface: %v", err)
	}
	null, err := os.Open(os.DevNull)
	must(t, err)
	defer func() { _ = null.Close() }()
	if _, err := Open(Options{Netns: int(null.Fd())}); err == nil || !strings.Contains(err.Error(), "enter network namespace") {
		t.Errorf("a file that is no namespace: %v", err)
	}
	for _, o := range []Options{{Interface: -1}, {SnapLen: -1}, {Buffer: MaxBuffer + 1}, {Timeout: time.Microsecond}} {
		if r, err := Open(o); err == nil {
			t.Errorf("%+v: no error", o)
			must(t, r.Close())
		}
	}
	if _, err := NewReader(nil, nil); err == nil {
		t.Error("a reader of nothing")
	}
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // the capabilities are this thread's, which dies
		h := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
		var none [2]unix.CapUserData
		if err := unix.Capset(&h, &none[0]); err != nil {
			done <- err
			return
		}
		_, err := Open(Options{})
		done <- err
	}()
	if err := <-done; !errors.Is(err, unix.EPERM) || !strings.Contains(err.Error(), "CAP_NET_RAW") {
		t.Errorf("without capabilities: %v", err)
	}
}

// TestPointsOfTheStart are there before the first frame.
func TestPointsOfTheStart(t *testing.T) {
	s := newSpace(t)
	must(t, s.link.LinkAdd(&netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: "off0"}, PeerName: "off1"}))
	rd := read(t, nil, open(t, s, Options{}))
	if p := rd.Points(); len(p) != 1 || p[0].Interface != "lo" {
		t.Errorf("points %+v, want lo only: the others are down", p)
	}
}
