package action

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/pktrail/pktrail/internal/agent"
	"github.com/pktrail/pktrail/internal/lab"
	"github.com/pktrail/pktrail/internal/lab/labtest"
	"github.com/pktrail/pktrail/internal/record"
	"github.com/pktrail/pktrail/internal/trail"
)

var loopback = netip.MustParseAddr("127.0.0.1")

// options capture pings within a namespace of the test, beside other tests.
func options(t *testing.T) (CaptureOptions, string) {
	t.Helper()
	t.Parallel()
	ns := labtest.Namespace(t)
	return CaptureOptions{Request: agent.Capture{Targets: []string{"netns:" + ns}, Filter: "icmp"}}, ns
}

// pings goes on until the context ends.
func pings(ctx context.Context, ns string) {
	for ctx.Err() == nil {
		_, _ = lab.Ping(ctx, ns, loopback, lab.PingOptions{Count: 1})
		select {
		case <-ctx.Done():
		case <-time.After(2 * time.Millisecond):
		}
	}
}

// run captures while pings go on, and holds the events to their promise.
func run(ctx context.Context, t *testing.T, o CaptureOptions, ns string, ev CaptureEvents) (CaptureResult, error) {
	t.Helper()
	quiet, stop := context.WithCancel(context.WithoutCancel(ctx))
	pinged := make(chan struct{})
	armed, inside := 0, atomic.Int32{}
	alone := func() func() {
		if inside.Add(1) > 1 {
			t.Error("two events at a time")
		}
		return func() { inside.Add(-1) }
	}
	first, note, frame, progress := ev.Armed, ev.Note, ev.Frame, ev.Progress
	ev.Armed = func(p []trail.Point) {
		defer alone()()
		if armed++; armed > 1 || len(p) == 0 {
			t.Errorf("armed %d times, at %v", armed, p)
		}
		if first != nil {
			first(p)
		}
		go func() { defer close(pinged); pings(quiet, ns) }()
	}
	ev.Note = func(s string) {
		defer alone()()
		if note != nil {
			note(s)
		}
	}
	ev.Progress = func(p CaptureProgress) {
		defer alone()()
		if progress != nil {
			progress(p)
		}
	}
	if frame != nil {
		ev.Frame = func(p trail.Point, f *trail.Frame) error { defer alone()(); return frame(p, f) }
	}
	r, err := Capture(ctx, o, ev)
	stop()
	if armed > 0 {
		<-pinged
	}
	return r, err
}

// framesIn counts the frames of a stream that must end with a whole block.
func framesIn(tb testing.TB, r io.Reader) (n int64) {
	tb.Helper()
	in, err := record.NewReader(r)
	must(tb, err)
	var f trail.Frame
	for {
		switch err := in.Read(&f); {
		case errors.Is(err, io.EOF):
			return n
		case err != nil:
			tb.Fatal(err)
		}
		n++
	}
}

func TestCaptureToFile(t *testing.T) {
	o, ns := options(t)
	o.Output, o.Request.Limits.Packets, o.MinFree = filepath.Join(t.TempDir(), "a.pcapng"), 20, 1
	r, err := run(t.Context(), t, o, ns, CaptureEvents{})
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(o.Output)
	if err != nil || !bytes.HasPrefix(b, []byte("\n\r\r\n")) {
		t.Errorf("%.8x, %v", b, err)
	}
	if len(r.Points) != 1 || r.Points[0].Packets != 20 || r.Points[0].Bytes != 20*98 || r.EndedBy != "--count 20" ||
		!slices.Equal(r.Files, []string{o.Output}) || r.Elapsed <= 0 {
		t.Errorf("%+v", r)
	}
}

func TestCaptureToStdout(t *testing.T) {
	o, ns := options(t)
	var out bytes.Buffer
	o.Output, o.Stdout, o.Pcap, o.Request.Limits.Packets = "-", &out, true, 4
	r, err := run(t.Context(), t, o, ns, CaptureEvents{})
	if err != nil || r.Points[0].Packets != 4 || out.Len() != 24+4*(16+98) || len(r.Files) != 0 {
		t.Errorf("%d bytes, %+v, %v", out.Len(), r, err)
	}
}

func TestCaptureToScreen(t *testing.T) {
	o, ns := options(t)
	o.KeepFor(true, false)
	o.Request.Limits.Packets = 6
	var seen int
	r, err := run(t.Context(), t, o, ns, CaptureEvents{Frame: func(p trail.Point, f *trail.Frame) error {
		if p.Interface != "lo" || len(f.Data) != 42 || f.Len != 98 {
			t.Errorf("%d of %d bytes at %s", len(f.Data), f.Len, p.Path())
		}
		seen++
		return nil
	}})
	if err != nil || seen != 6 || r.Points[0].Packets != 6 {
		t.Errorf("%d frames, %+v, %v", seen, r, err)
	}
}

// A screen that takes no more ends the capture: a closed pipe is no error.
func TestScreenFails(t *testing.T) {
	o, ns := options(t)
	for _, fail := range []error{syscall.EPIPE, syscall.EIO} {
		seen := 0
		r, err := run(t.Context(), t, o, ns, CaptureEvents{Frame: func(trail.Point, *trail.Frame) error {
			if seen++; seen == 3 {
				return fail
			}
			return nil
		}})
		if seen != 3 || (err != nil) != !isPipe(fail) || err != nil && !errors.Is(err, fail) {
			t.Errorf("%d frames, then %v: %v", seen, fail, err)
		}
		if r.EndedBy == "" || len(r.Points) != 1 {
			t.Errorf("%+v", r)
		}
	}
}

// A screen that is slow makes the kernel miss packets; it loses none of those
// that were caught, and the end waits for it.
func TestSlowScreen(t *testing.T) {
	o, ns := options(t)
	ctx, stop := context.WithCancelCause(t.Context())
	seen := int64(0)
	r, err := run(ctx, t, o, ns, CaptureEvents{Frame: func(trail.Point, *trail.Frame) error {
		if seen++; seen == 10 {
			stop(Interrupted{os.Interrupt})
		}
		time.Sleep(3 * time.Millisecond) // a terminal far away
		return nil
	}})
	if err != nil || r.EndedBy != "Ctrl-C" || r.Points[0].Packets != seen || seen < 10 {
		t.Errorf("%d frames, %+v, %v", seen, r, err)
	}
}

// A file that is there is left alone when the capture never starts.
func TestFileKept(t *testing.T) {
	labtest.RequireRoot(t)
	o := CaptureOptions{Request: agent.Capture{Targets: []string{"netns:nothere-" + labtest.Name()}}, Output: filepath.Join(t.TempDir(), "a")}
	if err := os.WriteFile(o.Output, []byte("treasure"), 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := Capture(t.Context(), o, CaptureEvents{})
	if e, ok := errors.AsType[*Error](err); !ok || e.Usage || e.Hint == "" || len(r.Files) != 0 {
		t.Errorf("%+v, %v", r, err)
	}
	if b, err := os.ReadFile(o.Output); err != nil || string(b) != "treasure" {
		t.Errorf("%q, %v", b, err)
	}
}

// An output that cannot be made is told before the capture is.
func TestOutputNotMade(t *testing.T) {
	o, ns := options(t)
	for _, output := range []string{t.TempDir(), "/dev/full"} {
		o.Output = output
		said := false
		r, err := run(t.Context(), t, o, ns, CaptureEvents{Armed: func([]trail.Point) { said = true }})
		if err == nil || said || r.EndedBy != "" || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: armed %v, %+v, %v", output, said, r, err)
		}
	}
}

// A disk that fills up in the middle: the error, what was caught until then,
// and a file that is whole.
func TestDiskFull(t *testing.T) {
	o, ns := options(t)
	for _, large := range []bool{false, true} {
		dir := t.TempDir()
		if err := syscall.Mount("none", dir, "tmpfs", 0, "size=48k"); err != nil {
			t.Fatal(err)
		}
		defer func() { must(t, syscall.Unmount(dir, syscall.MNT_DETACH)) }()
		o.Output = filepath.Join(dir, "a.pcapng")
		ctx, stop := context.WithCancel(t.Context())
		r, err := run(t.Context(), t, o, ns, CaptureEvents{Armed: func([]trail.Point) {
			if large { // these go from the ring to the disk without a copy
				go func() {
					for ctx.Err() == nil {
						_, _ = lab.Ping(ctx, ns, loopback, lab.PingOptions{Count: 20, Size: 1400})
					}
				}()
			}
		}})
		stop()
		if !errors.Is(err, syscall.ENOSPC) || strings.Contains(err.Error(), "\n") || r.EndedBy != "an error" {
			t.Fatalf("%+v, %v", r, err)
		}
		in, e := os.Open(o.Output)
		must(t, e)
		if got := framesIn(t, in); got != r.Points[0].Packets || got < 20 {
			t.Errorf("%d frames in the file, %d in the result", got, r.Points[0].Packets)
		}
		must(t, in.Close())
	}
}

// The limit of the disk is that of the disk that the file is on, wherever its
// folder is.
func TestMinFree(t *testing.T) {
	o, ns := options(t)
	dir, disk := t.TempDir(), t.TempDir()
	if err := syscall.Mount("none", disk, "tmpfs", 0, "size=1m"); err != nil {
		t.Fatal(err)
	}
	defer func() { must(t, syscall.Unmount(disk, syscall.MNT_DETACH)) }()
	o.Output, o.MinFree = filepath.Join(dir, "a.pcapng"), 50
	must(t, os.WriteFile(filepath.Join(disk, "b.pcapng"), nil, 0o600))
	must(t, os.Symlink(filepath.Join(disk, "b.pcapng"), o.Output))
	r, err := run(t.Context(), t, o, ns, CaptureEvents{Armed: func([]trail.Point) {
		must(t, os.WriteFile(filepath.Join(disk, "filler"), make([]byte, 700<<10), 0o600))
	}})
	if err != nil || !strings.Contains(r.EndedBy, "--min-free") || !strings.Contains(r.Because, "less than 50 %") {
		t.Errorf("%+v, %v", r, err)
	}
	// And it does not start on a disk that is full.
	r, err = run(t.Context(), t, o, ns, CaptureEvents{})
	if e, ok := errors.AsType[*Error](err); !ok || e.Usage || !strings.Contains(e.Hint, "--min-free 0") || len(r.Points) != 0 {
		t.Errorf("%+v, %v", r, err)
	}
}

// A pipe whose reader leaves is the capture's normal end.
func TestFIFO(t *testing.T) {
	o, ns := options(t)
	o.Output, o.MinFree = filepath.Join(t.TempDir(), "fifo"), 10
	must(t, syscall.Mkfifo(o.Output, 0o600))
	go func() {
		if f, err := os.Open(o.Output); err == nil {
			_, _ = io.CopyN(io.Discard, f, 2000)
			_ = f.Close()
		}
	}()
	r, err := run(t.Context(), t, o, ns, CaptureEvents{})
	if err != nil || !strings.Contains(r.EndedBy, "has closed it") {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestProgress(t *testing.T) {
	o, ns := options(t)
	o.Output = "/dev/null"
	ctx, stop := context.WithCancelCause(t.Context())
	var last CaptureProgress
	r, err := run(ctx, t, o, ns, CaptureEvents{Progress: func(p CaptureProgress) {
		if p.Packets < last.Packets || p.Elapsed <= last.Elapsed || p.Bytes != 98*p.Packets {
			t.Errorf("%+v after %+v", p, last)
		}
		if last.Packets > 0 {
			stop(Interrupted{os.Interrupt})
		}
		last = p
	}})
	if err != nil || r.EndedBy != "Ctrl-C" || r.Points[0].Packets < last.Packets {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestRotatedCapture(t *testing.T) {
	o, ns := options(t)
	o.Output, o.RotateSize, o.RotateFiles = filepath.Join(t.TempDir(), "a.pcapng"), 4096, 2
	o.Request.Limits.Packets = 150
	r, err := run(t.Context(), t, o, ns, CaptureEvents{})
	if err != nil || len(r.Files) != 2 || r.Removed < 2 || r.Points[0].Packets != 150 {
		t.Fatalf("%+v, %v", r, err)
	}
	total := int64(0)
	for _, name := range r.Files {
		in, err := os.Open(name)
		must(t, err)
		total += framesIn(t, in)
		must(t, in.Close())
	}
	if total < 20 || total > 60 {
		t.Errorf("%d frames in the two newest files", total)
	}
}

// Demo leaves no namespace, whenever its context ends.
func TestDemoCancelled(t *testing.T) {
	labtest.RequireRoot(t)
	name := labtest.Name()
	mine := func() (all []string) {
		entries, _ := os.ReadDir("/run/netns")
		for _, e := range entries {
			if strings.HasPrefix(e.Name(), name) {
				all = append(all, e.Name())
			}
		}
		return all
	}
	out := filepath.Join(t.TempDir(), "demo.pcapng")
	began := time.Now()
	r, err := Demo(t.Context(), DemoOptions{Name: name, Output: out})
	if err != nil {
		t.Fatal(err)
	}
	took := time.Since(began)
	if len(r.Request.Observations) != 10 || len(r.Reply.Observations) != 10 || r.RTT <= 0 || len(mine()) > 0 || r.Capture.EndedBy != "the reply" {
		t.Errorf("%d and %d observations, left %v, %+v", len(r.Request.Observations), len(r.Reply.Observations), mine(), r.Capture)
	}
	for range 6 {
		after := time.Duration(rand.Int64N(int64(took)))
		ctx, cancel := context.WithTimeoutCause(t.Context(), after, Interrupted{os.Interrupt})
		_, err := Demo(ctx, DemoOptions{Name: name, Output: out})
		if err != nil && strings.Contains(err.Error(), "\n") {
			t.Logf("after %v: an error of several lines: %q", after, err)
		}
		cancel()
		if left := mine(); len(left) > 0 {
			t.Errorf("cancelled after %v: left %v, %v", after, left, err)
		}
	}
}
