package afpacket

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"go.uber.org/goleak"
	"golang.org/x/sys/unix"

	"github.com/pktrail/pktrail/internal/lab/labtest"
	"github.com/pktrail/pktrail/internal/probe/within"
	"github.com/pktrail/pktrail/internal/trail"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// space is a network namespace that lives as long as its test.
type space struct {
	netns.NsHandle
	link *netlink.Handle
}

func newSpace(tb testing.TB) space {
	tb.Helper()
	labtest.RequireRoot(tb)
	made := make(chan netns.NsHandle)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread dies
		h, err := netns.New()
		if err != nil {
			tb.Error(err)
		}
		for _, which := range []string{"all", "default"} { // no router solicitations
			_ = os.WriteFile("/proc/sys/net/ipv6/conf/"+which+"/disable_ipv6", []byte("1"), 0)
		}
		made <- h
	}()
	s := space{NsHandle: <-made}
	var err error
	if s.link, err = netlink.NewHandleAt(s.NsHandle); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		s.link.Close()
		_ = s.Close()
	})
	must(tb, s.link.LinkSetUp(s.find(tb, "lo")))
	return s
}

func (s space) find(tb testing.TB, name string) netlink.Link {
	tb.Helper()
	l, err := s.link.LinkByName(name)
	must(tb, err)
	return l
}

func (s space) index(tb testing.TB, name string) int {
	tb.Helper()
	return s.find(tb, name).Attrs().Index
}

// inside runs f in the namespace.
func (s space) inside(tb testing.TB, f func() error) {
	tb.Helper()
	must(tb, within.DoFD(int(s.NsHandle), f))
}

// wire joins two namespaces by a veth pair, which is up, and gives both ends
// an address in 10.7.0.0/24: .1 and .2.
func wire(tb testing.TB, a space, nameA string, b space, nameB string) {
	tb.Helper()
	must(tb, a.link.LinkAdd(&netlink.Veth{
		LinkAttrs: netlink.LinkAttrs{Name: nameA}, PeerName: nameB, PeerNamespace: netlink.NsFd(b.NsHandle),
	}))
	for _, end := range []struct {
		space
		name, addr string
	}{{a, nameA, "10.7.0.1/24"}, {b, nameB, "10.7.0.2/24"}} {
		l := end.find(tb, end.name)
		addr, err := netlink.ParseAddr(end.addr)
		must(tb, err)
		must(tb, end.link.AddrAdd(l, addr))
		must(tb, end.link.LinkSetUp(l))
	}
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

// sender is a packet socket that transmits whole frames on one device.
func sender(tb testing.TB, s space, name string) int {
	tb.Helper()
	fd := -1
	index := s.index(tb, name)
	s.inside(tb, func() (err error) {
		fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return err
		}
		return unix.Bind(fd, &unix.SockaddrLinklayer{Ifindex: index})
	})
	tb.Cleanup(func() { _ = unix.Close(fd) })
	return fd
}

func send(tb testing.TB, fd int, frame []byte) {
	tb.Helper()
	_, err := unix.Write(fd, frame)
	must(tb, err)
}

// probeType is an EtherType that nothing in the kernel handles: IEEE 802
// local experimental 1.
const probeType = 0x88b5

// frame is an Ethernet frame to everybody with a number in it.
func frame(number uint32, size int) []byte {
	f := make([]byte, max(size, 18))
	for i := range 6 {
		f[i] = 0xff
	}
	f[6] = 2
	binary.BigEndian.PutUint16(f[12:], probeType)
	binary.BigEndian.PutUint32(f[14:], number)
	return f
}

func number(data []byte) (uint32, bool) {
	if len(data) < 18 || binary.BigEndian.Uint16(data[12:]) != probeType {
		return 0, false
	}
	return binary.BigEndian.Uint32(data[14:]), true
}

func open(tb testing.TB, s space, o Options) *Ring {
	tb.Helper()
	o.Netns = int(s.NsHandle)
	if o.Timeout == 0 {
		o.Timeout = 10 * time.Millisecond
	}
	r, err := Open(o)
	must(tb, err)
	return r
}

func read(tb testing.TB, notify func(Event), rings ...*Ring) *Reader {
	tb.Helper()
	rd, err := NewReader(rings, notify)
	must(tb, err)
	tb.Cleanup(func() { must(tb, rd.Close()) })
	return rd
}

// seen is a copy of a frame, with its point looked up.
type seen struct {
	trail.Frame
	Where trail.Point
}

// rest stops the capture and returns all that it caught.
func rest(tb testing.TB, rd *Reader) []seen {
	tb.Helper()
	rd.Stop()
	all, err := drain(rd)
	if !errors.Is(err, io.EOF) {
		tb.Fatalf("after Stop: %v, want io.EOF", err)
	}
	return all
}

func drain(rd *Reader) ([]seen, error) {
	var all []seen
	for {
		s, err := one(rd)
		if err != nil {
			return all, err
		}
		all = append(all, s)
	}
}

func one(rd *Reader) (seen, error) {
	var s seen
	if err := rd.Read(&s.Frame); err != nil {
		return s, err
	}
	s.Data = append([]byte(nil), s.Data...)
	s.Where = rd.Points()[s.Point]
	return s, nil
}

// events collects what a reader tells.
type events struct {
	mu   sync.Mutex
	list []Event
	more chan struct{}
}

func newEvents() *events { return &events{more: make(chan struct{}, 100)} }

func (e *events) add(v Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.list = append(e.list, v)
	select {
	case e.more <- struct{}{}:
	default:
	}
}

// await waits for an event of the kind.
func (e *events) await(tb testing.TB, kind EventKind) Event {
	tb.Helper()
	late := time.After(10 * time.Second)
	for {
		e.mu.Lock()
		for _, v := range e.list {
			if v.Kind == kind {
				e.mu.Unlock()
				return v
			}
		}
		e.mu.Unlock()
		select {
		case <-e.more:
		case <-late:
			tb.Fatalf("no event %d within 10 s, only %v", kind, e.list)
		}
	}
}

// stream sends total bytes over TCP from a to the address in b.
func stream(tb testing.TB, a, b space, address string, total int) {
	tb.Helper()
	var l net.Listener
	b.inside(tb, func() (err error) {
		l, err = net.Listen("tcp", address) //nolint:noctx // no name to look up
		return err
	})
	defer func() { _ = l.Close() }()
	got := make(chan int64)
	go func() {
		c, err := l.Accept()
		if err != nil {
			got <- -1
			return
		}
		n, _ := io.Copy(io.Discard, c)
		_ = c.Close()
		got <- n
	}()
	a.inside(tb, func() error {
		c, err := net.Dial("tcp", address) //nolint:noctx // no name to look up
		if err != nil {
			return err
		}
		_, err = c.Write(make([]byte, total))
		return errors.Join(err, c.Close())
	})
	if n := <-got; n != int64(total) {
		tb.Fatalf("%d bytes arrived, want %d", n, total)
	}
}
