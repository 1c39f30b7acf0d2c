package record

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pktrail/pktrail/internal/pcapng"
	"github.com/pktrail/pktrail/internal/trail"
)

// without is a stream without what cut takes away.
func without(t *testing.T, file []byte, drop func(kind pcapng.BlockType, n int) bool) []byte {
	t.Helper()
	var out []byte
	n := 0
	must(t, Walk(file, func(kind pcapng.BlockType, block []byte) bool {
		if !drop(kind, n) {
			out = append(out, block...)
		}
		n++
		return true
	}))
	return out
}

// TestMergeBroken: a stream that breaks in any way keeps what came of it, with
// its totals; the end record says which one broke and how; the other is whole.
func TestMergeBroken(t *testing.T) {
	var whole, other bytes.Buffer
	small(t, &whole)
	ethernet(t, &other)
	file := whole.Bytes()
	lost := without(t, file, func(kind pcapng.BlockType, n int) bool { return kind == pcapng.TypePacket && n == 4 })
	noEnd := without(t, file, func(_ pcapng.BlockType, n int) bool { return n >= 8 })
	foreignUnit := bytes.Replace(bytes.Clone(file), []byte{9, 0, 1, 0, 9, 0, 0, 0}, []byte{9, 0, 1, 0, 6, 0, 0, 0}, 1)
	shortFrame := append(bytes.Clone(noEnd), 6, 0, 0, 0, 12, 0, 0, 0, 12, 0, 0, 0)
	otherPoint := bytes.Clone(noEnd)
	_ = Walk(otherPoint, func(kind pcapng.BlockType, block []byte) bool {
		if kind == pcapng.TypePacket {
			block[8] = 9
		}
		return true
	})
	for _, c := range []struct {
		name   string
		in     []byte
		cause  error
		frames int
		want   string // in what the end record says
	}{
		{"whole", file, nil, 3, ""},
		{"closed with a cause, though whole", file, errors.New("connection reset"), 3, "connection reset"},
		{"ends early", noEnd, nil, 3, "without its end record"},
		{"ends early, and why", noEnd, errors.New("pod web-1 was deleted"), 3, "pod web-1 was deleted"},
		{"cut in a block", file[:len(file)-4], nil, 3, "cut short"},
		{"cut in a frame", file[:len(noEnd)-10], nil, 2, "cut short"},
		{"garbage", append(bytes.Clone(noEnd), "OCI runtime exec failed: no such file"...), nil, 3, "no little-endian block"},
		{"a frame is missing", lost, nil, 2, "2 of its 3 frames came"},
		{"no stream", []byte("\x06\x00\x00\x00\x20\x00\x00\x00........................"), nil, 0, "of which there are 0"},
		{"a second section", append(bytes.Clone(noEnd), file...), nil, 3, "SHB where a stream has none"},
		{"microseconds", foreignUnit, nil, 0, "not nanoseconds"},
		{"a frame of no point", otherPoint, nil, 0, "a frame of point 9"},
		{"a frame without a head", shortFrame, nil, 3, "EPB of 12 bytes"},
		{"nothing", nil, nil, 0, "without its end record"},
	} {
		for _, alone := range []bool{true, false} {
			var out bytes.Buffer
			m := NewMerge(&out, 0, 0)
			s := m.Add("node-b")
			n := c.frames
			if !alone {
				o := m.Add("node-a")
				_, err := o.Write(other.Bytes())
				must(t, errors.Join(err, o.Close()))
				n += 2
			}
			_, _ = s.Write(c.in)
			_ = s.CloseWithError(c.cause)
			must(t, m.Close())
			r := open(t, out.Bytes())
			list, _, err := readFrames(r)
			e, ok := r.End()
			if !errors.Is(err, io.EOF) || !ok || len(list) != n || r.Whole() != (c.want == "") {
				t.Errorf("%s (alone: %v): %v, end %v, %d frames, whole %v", c.name, alone, err, ok, len(list), r.Whole())
			}
			checkBrokenEnd(t, c.name, r, &e, c.want, alone)
		}
	}
}

func checkBrokenEnd(t *testing.T, name string, r *Reader, e *End, want string, alone bool) {
	t.Helper()
	broken := ""
	for _, s := range e.Streams {
		if s.Label == "node-b" {
			broken = s.Broken
		} else if s.Broken != "" {
			t.Errorf("%s: the other one is %q", name, s.Broken)
		}
	}
	if !strings.Contains(broken, want) || want == "" && broken != "" {
		t.Errorf("%s: broken %q, want %q", name, broken, want)
	}
	if want != "" && !strings.Contains(e.Reason, "node-b: "+broken) {
		t.Errorf("%s: reason %q", name, e.Reason)
	}
	if alone && want == "" && e.Streams != nil {
		t.Errorf("%s: %+v", name, e.Streams)
	}
	for id, p := range e.Points {
		if seen := r.points[id].seen; p.Frames != seen.Frames || p.Bytes != seen.Bytes {
			t.Errorf("%s: point %d has %+v, and %d frames", name, id, p, seen.Frames)
		}
	}
}

// TestMergeTotals: a point's last counters are kept when its stream breaks.
func TestMergeTotals(t *testing.T) {
	var out bytes.Buffer
	m := NewMerge(&out, 0, 0)
	s := m.Add("a")
	l := newLive(t, s, "a")
	l.frame(1)
	must(t, l.w.WriteStats(0, started, trail.Counters{Received: 10, Missed: 9}))
	l.frame(2)
	l.frame(3)
	must(t, s.Close())
	must(t, m.Close())
	r := open(t, out.Bytes())
	_, _, _ = readFrames(r)
	e, _ := r.End()
	equal(t, "totals", e.Points, []PointTotals{{Frames: 3, Bytes: 3, Counters: trail.Counters{Received: 12, Missed: 9}}})
	if c, _ := r.Counters(0); c != e.Points[0].Counters {
		t.Errorf("counters %+v", c)
	}
}

// TestMergeManyEnds: the list of streams is cut, and those that broke stay.
func TestMergeManyEnds(t *testing.T) {
	var out, in bytes.Buffer
	end(t, &in, 0)
	m := NewMerge(&out, 0, 0)
	for i := range 5000 {
		s := m.Add(strings.Repeat("long", 1+i%100))
		if i != 4000 {
			_, err := s.Write(in.Bytes())
			must(t, err)
		}
		must(t, s.Close())
	}
	must(t, m.Close())
	r := open(t, out.Bytes())
	_, _, err := readFrames(r)
	e, ok := r.End()
	if !errors.Is(err, io.EOF) || !ok || len(e.Streams) < 20 || len(e.Streams) > 1000 || e.Streams[0].Broken == "" || r.Whole() {
		t.Errorf("%v, %v: %d streams, the first %+v", err, ok, len(e.Streams), e.Streams[0])
	}
	if len(e.Reason) > maxReasons {
		t.Errorf("a reason of %d bytes", len(e.Reason))
	}
}

// TestMergeGolden holds the bytes of a small merged stream, as TestGolden does.
func TestMergeGolden(t *testing.T) {
	var a, out bytes.Buffer
	small(t, &a)
	m := NewMerge(&out, time.Hour, 0)
	x, y := m.Add("node-a"), m.Add("node-b")
	_, e1 := x.Write(a.Bytes())
	_, e2 := y.Write(traced(t))
	must(t, errors.Join(e1, e2, x.Close(), y.Close(), m.Close()))
	const path = "testdata/merged.pcapng"
	if *update {
		must(t, os.WriteFile(path, out.Bytes(), 0o644))
	}
	want, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(out.Bytes(), want) {
		t.Errorf("%v: the bytes are not those of %s", err, path)
	}
}

// TestMergeTools: Wireshark's programs read a merged stream without complaint.
func TestMergeTools(t *testing.T) {
	path := save(t, "merged.pcapng", func(w io.Writer) {
		var a, b bytes.Buffer
		small(t, &a)
		ethernet(t, &b)
		m := NewMerge(w, time.Hour, 0)
		x, y, z := m.Add("node-a"), m.Add("node-b"), m.Add("node-c")
		_, e1 := x.Write(a.Bytes())
		_, e2 := y.Write(b.Bytes())
		_, e3 := z.Write(traced(t))
		must(t, errors.Join(e1, e2, e3, x.Close(), y.Close(), z.Close(), m.Close()))
	})
	got := fields(t, path, "frame.time_epoch", "frame.interface_id", "frame.interface_name", "frame.packet_flags_direction", "frame.drop_count")
	want := `0.000000100|4|node1/cni0|0x00000001|
0.000000100|4|node1/cni0|0x00000001|
1700000000.123456789|0|node1/client/eth0|0x00000002|
1700000000.123456789|2|node1/client/eth0|0x00000002|
1700000000.123456790|1|node1/tun0|0x00000001|7
1700000000.999999999|0|node1/client/eth0||
1700000000.999999999|3|node1/client/eth0||
`
	got = strings.ReplaceAll(got, "0x00000000", "")
	lines := func(s string) []string {
		l := strings.Split(s, "\n")
		// the ids of points depend on who spoke first
		for i := range l {
			f := strings.Split(l[i], "|")
			if len(f) > 1 {
				f[1] = ""
			}
			l[i] = strings.Join(f, "|")
		}
		return l
	}
	equal(t, "tshark", lines(got), lines(want))
	if host := tool(t, "tshark", "-r", path, "-N", "n", "-Y", "ip", "-T", "fields", "-e", "ip.src_host", "-c", "3"); !strings.HasPrefix(host, "client\n") {
		t.Errorf("tshark names the source %q", host)
	}
	info := tool(t, "capinfos", path)
	for _, want := range []string{"Number of packets:   7", "Number of interfaces in file: 5", "Strict time order:   True", "Capture application: pktrail 0.1.0"} {
		if !strings.Contains(info, want) {
			t.Errorf("capinfos does not say %q:\n%s", want, info)
		}
	}
	again := filepath.Join(t.TempDir(), "again.pcapng")
	tool(t, "editcap", path, again)
	if b, err := os.ReadFile(again); err != nil || len(b) == 0 {
		t.Error(err)
	}
}

// FuzzMerge writes anything as two streams in pieces. What comes out is always
// one section of whole blocks with an end record.
func FuzzMerge(f *testing.F) {
	var ours bytes.Buffer
	small(f, &ours)
	file := ours.Bytes()
	f.Add(file, file, uint8(50))
	f.Add(file, file[:300], uint8(7))
	f.Add(file[:len(file)/2], append(bytes.Clone(file), file...), uint8(1))
	f.Fuzz(func(t *testing.T, a, b []byte, piece uint8) {
		sink := &wholeBlocks{t: t}
		m := NewMerge(sink, 0, 1<<16)
		x, y := m.Add("a"), m.Add("b")
		for at := 0; at < max(len(a), len(b)); at += int(piece) + 1 {
			for s, in := range map[*MergeInput][]byte{x: a, y: b} {
				_, _ = s.Write(in[min(at, len(in)):min(at+int(piece)+1, len(in))])
			}
		}
		_, _ = x.Close(), y.Close()
		must(t, m.Close())
		sections, ended := 0, false
		must(t, Walk(sink.out.Bytes(), func(kind pcapng.BlockType, block []byte) bool {
			if kind == pcapng.TypeSection {
				sections++
			}
			ended = bytes.Contains(block, []byte("pktrail/1 end "))
			return true
		}))
		if sections != 1 || !ended {
			t.Errorf("%d sections, ended: %v", sections, ended)
		}
	})
}
