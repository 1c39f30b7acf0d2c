package filter

import (
	"errors"
	"fmt"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// kernelFilter is a pair of datagram sockets with a program on the receiving
// one: a datagram arrives, cut to the program's verdict, or does not.
type kernelFilter struct {
	send, receive int
}

func newKernelFilter(tb testing.TB) *kernelFilter {
	tb.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		tb.Fatal(err)
	}
	k := &kernelFilter{fds[0], fds[1]}
	tb.Cleanup(func() {
		_ = unix.Close(k.send)
		_ = unix.Close(k.receive)
	})
	return k
}

func (k *kernelFilter) attach(p Program) error {
	f := make([]unix.SockFilter, len(p))
	for i, in := range p {
		f[i] = unix.SockFilter{Code: in.Op, Jt: in.Jt, Jf: in.Jf, K: in.K}
	}
	return unix.SetsockoptSockFprog(k.receive, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER,
		&unix.SockFprog{Len: uint16(len(f)), Filter: unsafe.SliceData(f)})
}

// verdict sends data and returns how much of it arrived.
func (k *kernelFilter) verdict(tb testing.TB, data []byte) uint32 {
	tb.Helper()
	if err := unix.Send(k.send, data, 0); err != nil && !errors.Is(err, unix.EPERM) {
		tb.Fatalf("send %d bytes: %v", len(data), err)
	}
	var b [8192]byte
	n, _, err := unix.Recvfrom(k.receive, b[:], 0)
	if errors.Is(err, unix.EAGAIN) {
		return 0
	}
	if err != nil {
		tb.Fatal(err)
	}
	return uint32(n)
}

func TestInterpreterAgreesWithKernel(t *testing.T) {
	k := newKernelFilter(t)
	const cut = 50
	packets := 100
	if *long {
		packets = 3000
	}
	for _, expr := range corpus(t) {
		for link := Ethernet; link <= Raw; link++ {
			e, err := Parse(expr)
			if err != nil || differs(expr, link) != "" {
				continue
			}
			program, err := e.Compile(Options{Link: link, SnapLen: cut, Inner: link == Ethernet})
			if err != nil {
				continue
			}
			if err := k.attach(program); err != nil {
				t.Fatalf("%s %q: attach: %v\n%s", link, expr, err, program.Dump())
			}
			g := newGenerator(interestIn(expr), hash(expr)+9)
			for range packets {
				p := g.packet(link)
				if len(p.Data) == 0 {
					continue
				}
				p.WireLen = len(p.Data)
				want := min(program.Match(&p), uint32(len(p.Data)))
				if got := k.verdict(t, p.Data); got != want {
					t.Fatalf("%s %q: the kernel's verdict %d, the interpreter's %d, on %x\n%s", link, expr, got, want, p.Data, program.Dump())
				}
			}
		}
	}
}

// everyMode lists all combinations of options.
func everyMode() []Options {
	var list []Options
	for link := Ethernet; link <= AnyDevice; link++ {
		for _, live := range []bool{false, true} {
			for _, inner := range []bool{false, true} {
				list = append(list, Options{Link: link, Live: live, Inner: inner})
			}
		}
	}
	return list
}

func TestKernelTakesProgramsOfEveryMode(t *testing.T) {
	k := newKernelFilter(t)
	longest, at := 0, ""
	for _, expr := range corpus(t) {
		e, err := Parse(expr)
		if err != nil {
			continue
		}
		for _, o := range everyMode() {
			program, err := e.Compile(o)
			if err != nil {
				continue
			}
			if err := k.attach(program); err != nil {
				t.Fatalf("%+v %q: attach: %v\n%s", o, expr, err, program.Dump())
			}
			if err := validate(program); err != nil {
				t.Fatalf("%+v %q: %v\n%s", o, expr, err, program.Dump())
			}
			if len(program) > longest {
				longest, at = len(program), fmt.Sprintf("%q %s inner=%v", expr, o.Link, o.Inner)
			}
		}
	}
	t.Logf("the longest program has %d instructions: %s", longest, at)
}
