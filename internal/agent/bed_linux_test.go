package agent

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/pktrail/pktrail/internal/lab"
	"github.com/pktrail/pktrail/internal/lab/labtest"
	"github.com/pktrail/pktrail/internal/record"
	"github.com/pktrail/pktrail/internal/trail"
)

// TestMain holds the whole run to leaving nothing behind.
func TestMain(m *testing.M) {
	if os.Getenv(asAgent) != "" {
		os.Exit(Main())
	}
	before := descriptors()
	code := m.Run()
	if left := labtest.Leftovers(); len(left) > 0 {
		fmt.Fprintln(os.Stderr, "left behind:", left)
		code = 1
	}
	if err := goleak.Find(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	if after := descriptors(); code == 0 && !isFuzz() && len(after) > len(before)+1 { // the runtime's poller
		fmt.Fprintln(os.Stderr, "open descriptors before:", before, "after:", after)
		code = 1
	}
	os.Exit(code)
}

func isFuzz() bool {
	return slices.ContainsFunc(os.Args, func(a string) bool { return strings.Contains(a, "fuzz") })
}

// descriptors lists what this process has open, without the runtime's own.
func descriptors() []string {
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return nil
	}
	var all []string
	for _, e := range entries {
		to, err := os.Readlink("/proc/self/fd/" + e.Name())
		if err != nil || strings.HasPrefix(to, "anon_inode:[event") || strings.HasPrefix(to, "/proc/") {
			continue
		}
		all = append(all, to)
	}
	slices.Sort(all)
	return all
}

// pair is two namespaces and the wire between them.
type pair struct{ a, b string }

var addrB = netip.MustParseAddr("10.7.0.2")

func newPair(tb testing.TB) pair {
	tb.Helper()
	p := pair{labtest.Namespace(tb), labtest.Namespace(tb)}
	prefixes := func(list ...string) (all []netip.Prefix) {
		for _, s := range list {
			all = append(all, netip.MustParsePrefix(s))
		}
		return all
	}
	labtest.VethPair(tb,
		labtest.VethEnd{Namespace: p.a, Device: "eth0", Addresses: prefixes("10.7.0.1/24", "fd07::1/64")},
		labtest.VethEnd{Namespace: p.b, Device: "eth0", Addresses: prefixes("10.7.0.2/24", "fd07::2/64")})
	return p
}

func (p pair) ping(tb testing.TB, count int) {
	tb.Helper()
	results, err := lab.Ping(tb.Context(), p.a, addrB, lab.PingOptions{Count: count, Timeout: 2 * time.Second})
	if err != nil {
		tb.Fatal(err)
	}
	for _, r := range results {
		if r.Err != nil {
			tb.Fatal(r.Err)
		}
	}
}

// talk gathers messages.
type talk struct {
	mu    sync.Mutex
	all   []Message
	armed chan struct{}
}

func newTalk() *talk { return &talk{armed: make(chan struct{})} }

func (k *talk) hear(m Message) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.all = append(k.all, m)
	if m.Kind == KindArmed {
		close(k.armed)
	}
}

// of gives the texts of a kind.
func (k *talk) of(kind Kind) []string {
	k.mu.Lock()
	defer k.mu.Unlock()
	var all []string
	for _, m := range k.all {
		if m.Kind == kind {
			all = append(all, m.Text)
		}
	}
	return all
}

func (k *talk) points() []trail.Point {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, m := range k.all {
		if m.Kind == KindArmed {
			return m.Points
		}
	}
	return nil
}

// run is a capture that goes on.
type run struct {
	*talk
	done chan error
	stop context.CancelCauseFunc
}

var errEnough = errors.New("enough")

// begin starts a capture and waits until it is armed.
func begin(tb testing.TB, q Capture, w io.Writer) *run {
	tb.Helper()
	ctx, stop := context.WithCancelCause(tb.Context())
	r := &run{talk: newTalk(), done: make(chan error, 1), stop: stop}
	go func() { r.done <- Run(ctx, Request{Version: Version, Capture: &q}, w, r.hear) }()
	select {
	case <-r.armed:
	case err := <-r.done:
		stop(nil)
		tb.Fatalf("not armed: %v", err)
	case <-time.After(10 * time.Second):
		tb.Fatal("not armed after 10 s")
	}
	tb.Cleanup(func() { stop(nil) })
	return r
}

// wait is the capture's end, by itself.
func (r *run) wait(tb testing.TB) error {
	tb.Helper()
	select {
	case err := <-r.done:
		return err
	case <-time.After(20 * time.Second):
		tb.Fatal("the capture does not end")
		return nil
	}
}

func (r *run) end(tb testing.TB) {
	tb.Helper()
	r.stop(errEnough)
	if err := r.wait(tb); err != nil {
		tb.Fatal(err)
	}
}

// stream is a stream that was read.
type stream struct {
	*record.Reader
	frames []trail.Frame
}

// at gives the frames of an interface of a target.
func (s *stream) at(target, iface string) (all []trail.Frame) {
	for _, f := range s.frames {
		if p := s.Point(f.Point); p.Target == target && p.Interface == iface {
			all = append(all, f)
		}
	}
	return all
}

// reason is that of the end record.
func (s *stream) reason() string {
	e, _ := s.End()
	return e.Reason
}

// read reads a stream that must be whole, and whose counters must agree with
// its frames.
func read(tb testing.TB, b []byte) *stream {
	tb.Helper()
	in, err := record.NewReader(bytes.NewReader(b))
	if err != nil {
		tb.Fatal(err)
	}
	s := &stream{Reader: in}
	var f trail.Frame
	for {
		if err = in.Read(&f); err != nil {
			break
		}
		c := f
		c.Data = bytes.Clone(f.Data)
		s.frames = append(s.frames, c)
	}
	if !errors.Is(err, io.EOF) || !in.Whole() {
		tb.Errorf("the stream ends with %v, whole: %v", err, in.Whole())
	}
	end, _ := in.End()
	for id, t := range end.Points {
		if t.Received != t.Frames+t.Missed {
			tb.Errorf("%s: %d received are not %d written and %d missed", in.Point(id).Path(), t.Received, t.Frames, t.Missed)
		}
	}
	return s
}

// capture runs a capture while something happens, until that is over.
func capture(tb testing.TB, q Capture, during func()) (*stream, *run) {
	tb.Helper()
	var out bytes.Buffer
	r := begin(tb, q, &out)
	during()
	r.end(tb)
	return read(tb, out.Bytes()), r
}
