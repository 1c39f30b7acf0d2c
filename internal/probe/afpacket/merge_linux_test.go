package afpacket

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/pktrail/pktrail/internal/lab/labtest"
	"github.com/pktrail/pktrail/internal/pcap"
	"github.com/pktrail/pktrail/internal/trail"
)

// TestMergeInTimeOrder sends in turn over three wires of very different use,
// each with a ring of its own, while they are read.
func TestMergeInTimeOrder(t *testing.T) {
	a, b := newSpace(t), newSpace(t)
	var rings []*Ring
	var fds []int
	for _, n := range []string{"0", "1", "2"} {
		wire(t, a, "left"+n, b, "right"+n)
		// Timeouts of their own: the merge has to wait for the slowest.
		o := Options{Interface: b.index(t, "right"+n), Timeout: time.Duration(10+40*len(rings)) * time.Millisecond}
		rings = append(rings, open(t, b, o))
		fds = append(fds, sender(t, a, "left"+n))
	}
	rd := read(t, nil, rings...)
	frames, failed := results(rd)
	const sent = 30000
	for i := range uint32(sent) {
		which := 0
		if i%10 == 9 {
			which = 1
		}
		if i%1000 == 999 {
			which = 2
		}
		if i%5000 == 0 {
			time.Sleep(30 * time.Millisecond) // blocks end by timeout too
		}
		send(t, fds[which], frame(i, 60))
	}
	rd.Stop()
	next, last := uint32(0), int64(0)
	for _, f := range <-frames {
		n, ok := number(f.Data)
		if !ok {
			continue
		}
		if n != next || f.Time < last {
			t.Fatalf("frame %d, want %d; %d ns after the one before", n, next, f.Time-last)
		}
		next, last = n+1, f.Time
	}
	if next != sent {
		t.Errorf("read %d frames of %d", next, sent)
	}
	if err := <-failed; !errors.Is(err, io.EOF) {
		t.Error(err)
	}
}

// TestMergeDoesNotWaitForSilence: a frame comes out although the other ring
// never sees one.
func TestMergeDoesNotWaitForSilence(t *testing.T) {
	a, b := newSpace(t), newSpace(t)
	wire(t, a, "left", b, "right")
	rd := read(t, nil, open(t, a, Options{Interface: a.index(t, "lo")}), open(t, b, Options{}))
	fd := sender(t, a, "left")
	for i := range uint32(3) {
		start := time.Now()
		send(t, fd, frame(i, 60))
		for {
			f, err := one(rd)
			must(t, err)
			if n, ok := number(f.Data); ok && n == i {
				break
			}
		}
		if d := time.Since(start); d > time.Second {
			t.Errorf("frame %d came after %v", i, d)
		}
	}
}

// TestOverdue: a clock that was set back does not stop the merge.
func TestOverdue(t *testing.T) {
	a, b := newSpace(t), newSpace(t)
	wire(t, a, "left", b, "right")
	quiet := open(t, a, Options{Interface: a.index(t, "lo")})
	rd := read(t, nil, quiet, open(t, b, Options{}))
	fd := sender(t, a, "left")
	for i := range uint32(100) {
		send(t, fd, frame(i, 60))
	}
	// What the reader sees if the clock went back by an hour: the frames of
	// one ring lie in the future. Here the frames are moved instead.
	r := rd.rings[1]
	var f trail.Frame
	must(t, rd.Read(&f))
	rd.lead = nil
	dev, ok := r.next(&r.head, r.snap)
	if !ok {
		t.Fatal("100 frames in a block of one")
	}
	r.headDev, r.hasHead = dev, true
	r.head.Time += int64(time.Hour)
	start := time.Now()
	must(t, rd.Read(&f))
	if d := time.Since(start); f.Time < start.Add(time.Minute).UnixNano() || d > 5*time.Second {
		t.Errorf("frame of %v after %v", time.Unix(0, f.Time), d)
	}
	must(t, rd.Read(&f)) // and the block's others without a further wait
}

// TestSameAsTcpdump captures a flood together with tcpdump: the same packets,
// at the same nanosecond.
func TestSameAsTcpdump(t *testing.T) {
	tcpdump := labtest.RequireTool(t, "tcpdump")
	a, b := newSpace(t), newSpace(t)
	wire(t, a, "left", b, "right")
	// While any socket asks for it, the kernel stamps a packet once, when it
	// arrives, instead of once for each capture.
	stamps, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	must(t, err)
	defer func() { _ = unix.Close(stamps) }()
	must(t, unix.SetsockoptInt(stamps, unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1))

	file := filepath.Join(t.TempDir(), "b.pcap")
	cmd := exec.Command(tcpdump, "-i", "right", "-n", "-U", "-B", "32768", "--time-stamp-precision=nano", "-Z", "root", "-w", file, "ether proto 0x88b5") //nolint:noctx // it is ended below
	talk, err := cmd.StderrPipe()
	must(t, err)
	b.inside(t, cmd.Start)
	buf := make([]byte, 4096)
	said := ""
	for !strings.Contains(said, "listening on") {
		n, err := talk.Read(buf)
		must(t, err)
		said += string(buf[:n])
	}
	rd := read(t, nil, open(t, b, Options{Interface: b.index(t, "right")}))
	frames, _ := results(rd)
	const sent = 20000
	fd := sender(t, a, "left")
	for i := range uint32(sent) {
		send(t, fd, frame(i, 60+int(i%1400)))
	}
	rd.Stop()
	ours := slices.DeleteFunc(<-frames, func(f seen) bool { _, ok := number(f.Data); return !ok })
	theirs := waitForFile(t, file, sent)
	must(t, cmd.Process.Signal(os.Interrupt))
	rest, _ := io.ReadAll(talk)
	if err := cmd.Wait(); err != nil {
		t.Fatalf("tcpdump: %v: %s", err, rest)
	}
	if len(ours) != sent || len(theirs) != sent {
		t.Fatalf("%d frames here, %d by tcpdump, %d sent", len(ours), len(theirs), sent)
	}
	for i := range ours {
		if !bytes.Equal(ours[i].Data, theirs[i].Data) || ours[i].Len != theirs[i].Len {
			t.Fatalf("frame %d: %d of %d bytes, %d of %d by tcpdump, or other bytes", i, len(ours[i].Data), ours[i].Len, len(theirs[i].Data), theirs[i].Len)
		}
		if ours[i].Time != theirs[i].Time {
			t.Fatalf("frame %d: at %d, by tcpdump at %d", i, ours[i].Time, theirs[i].Time)
		}
	}
}

// waitForFile reads a growing pcap file until it holds n packets.
func waitForFile(t *testing.T, name string, n int) []trail.Frame {
	t.Helper()
	for range 100 {
		b, err := os.ReadFile(name)
		must(t, err)
		var all []trail.Frame
		if r, err := pcap.NewReader(bytes.NewReader(b)); err == nil {
			for p := (pcap.Packet{}); r.Read(&p) == nil; {
				all = append(all, trail.Frame{Time: p.Time, Len: p.Len, Data: bytes.Clone(p.Data)})
			}
		}
		if len(all) >= n {
			return all
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("tcpdump did not write %d packets", n)
	return nil
}
