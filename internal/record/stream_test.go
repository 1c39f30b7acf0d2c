package record

import (
	"bytes"
	"encoding/binary"
	"errors"
	"flag"
	"io"
	"net/netip"
	"os"
	"reflect"
	"testing"
	"time"

	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/pcapng"
	"github.com/pktrail/pktrail/internal/trail"
)

var update = flag.Bool("update", false, "write the golden files")

var (
	started = time.Unix(1700000000, 1).UTC()
	header  = Header{Application: "pktrail", Version: "0.1.0", OS: "Linux 6.18.5", Hardware: "x86_64", Comment: "two points", Started: started}
	points  = []trail.Point{
		{
			Node: "node1", Target: "client", Interface: "eth0", Index: 17, Netns: 4026532249, Role: trail.RolePod, Kind: "veth",
			Link: packet.LinkEthernet, MTU: 1450, MAC: "02:42:ac:1e:01:00",
		},
		{Node: "node1", Interface: "tun0", Link: packet.LinkRaw},
	}
	names = []Name{
		{Addr: netip.MustParseAddr("10.244.1.7"), Names: []string{"client", "client.shop"}},
		{Addr: netip.MustParseAddr("fd00::7"), Names: []string{"web6"}},
	}
)

// echo is an ICMP echo request, 10.244.1.7 -> 10.244.2.3, in Ethernet.
var echo = []byte("\x02\x42\xac\x1e\x02\x00\x02\x42\xac\x1e\x01\x00\x08\x00" +
	"\x45\x00\x00\x1c\x00\x01\x40\x00\x40\x01\x23\xd8\x0a\xf4\x01\x07\x0a\xf4\x02\x03" +
	"\x08\x00\xf7\xfd\x00\x01\x00\x01")

func frames() []trail.Frame {
	return []trail.Frame{
		{Time: 1700000000_123456789, Point: 0, Dir: trail.Out, Len: 42, Data: echo},
		{Time: 1700000000_123456790, Point: 1, Dir: trail.In, Len: 1000, Missed: 7, Data: echo[14:]},
		{Time: 1700000000_999999999, Point: 0, Len: 42, Data: echo},
	}
}

var annotation = Annotation{Comments: []string{"nat rule 2: DNAT -> 10.244.2.3:8080", "second, äöü"}, Observation: []byte(`{"rule":2}`)}

// small writes a stream with all that there is.
func small(tb testing.TB, dst io.Writer) {
	tb.Helper()
	w, err := NewWriter(dst, header)
	if err != nil {
		tb.Fatal(err)
	}
	for i, p := range points {
		id, err := w.AddPoint(p, PointOptions{Filter: "icmp", SnapLen: 96 * (1 - i), Description: "pod's end"})
		if err != nil || id != i {
			tb.Fatal(id, err)
		}
	}
	list := frames()
	for i, step := range []error{
		w.WriteNames(names), w.WriteFrame(&list[0]),
		w.WriteStats(0, started.Add(time.Second), trail.Counters{Received: 1}),
		w.WriteAnnotated(&list[1], annotation), w.WriteFrame(&list[2]),
		w.WriteStats(1, started.Add(2*time.Second), trail.Counters{Received: 8, Missed: 7}),
		w.WriteStats(0, started.Add(2*time.Second), trail.Counters{Received: 2}),
		w.End(End{Reason: "duration", At: started.Add(3 * time.Second)}),
	} {
		if step != nil {
			tb.Fatal(i, step)
		}
	}
	if err := w.WriteFrame(&list[0]); !errors.Is(err, ErrEnded) {
		tb.Errorf("a frame after the end: %v", err)
	}
}

// readFrames reads to the end, with copies of the data.
func readFrames(r *Reader) (list []trail.Frame, notes []Annotation, err error) {
	for {
		var f trail.Frame
		if err := r.Read(&f); err != nil {
			return list, notes, err
		}
		f.Data = bytes.Clone(f.Data)
		list, notes = append(list, f), append(notes, r.Annotation())
	}
}

func open(tb testing.TB, file []byte) *Reader {
	tb.Helper()
	r, err := NewReader(bytes.NewReader(file))
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

func equal(t *testing.T, what string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s:\n got %+v\nwant %+v", what, got, want)
	}
}

func TestRoundTrip(t *testing.T) {
	var out bytes.Buffer
	small(t, &out)
	r := open(t, out.Bytes())
	list, notes, err := readFrames(r)
	if !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	equal(t, "header", r.Header(), header)
	equal(t, "points", r.Points(), points)
	equal(t, "frames", list, frames())
	equal(t, "annotations", notes, []Annotation{{}, annotation, {}})
	equal(t, "names", r.Names(), names)
	end, ok := r.End()
	equal(t, "end", end, End{Reason: "duration", At: started.Add(3 * time.Second), Points: []PointTotals{
		{Frames: 2, Bytes: 84, Counters: trail.Counters{Received: 2}},
		{Frames: 1, Bytes: 1000, Counters: trail.Counters{Received: 8, Missed: 7}},
	}})
	if !ok || !r.Whole() {
		t.Errorf("end %v, whole %v", ok, r.Whole())
	}
	for id, want := range []trail.Counters{{Received: 2}, {Received: 8, Missed: 7}} {
		if got, ok := r.Counters(id); !ok || got != want {
			t.Errorf("counters of %d: %+v, %v", id, got, ok)
		}
	}
	if _, ok := r.Counters(2); ok {
		t.Error("counters of a point that is not there")
	}
}

// TestGolden holds the bytes of a small stream: a change of the format is a
// change of this file, of Version and of docs/file-format.md.
func TestGolden(t *testing.T) {
	var out bytes.Buffer
	small(t, &out)
	const path = "testdata/small.pcapng"
	if *update {
		if err := os.WriteFile(path, out.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(out.Bytes(), want) {
		t.Errorf("the bytes are not those of %s", path)
	}
}

// TestCut cuts the stream at each byte: the frames before come, and it is
// never taken for whole.
func TestCut(t *testing.T) {
	var out bytes.Buffer
	small(t, &out)
	file := out.Bytes()
	for n := range len(file) {
		r, err := NewReader(bytes.NewReader(file[:n]))
		if err != nil {
			if n >= int(le.Uint32(file[4:])) {
				t.Fatalf("cut at %d: %v", n, err)
			}
			continue
		}
		list, _, err := readFrames(r)
		if !errors.Is(err, io.EOF) && !IsTruncated(err) {
			t.Fatalf("cut at %d: %v", n, err)
		}
		if len(list) > 0 {
			equal(t, "frames", list, frames()[:len(list)])
		}
		if _, ok := r.End(); ok || r.Whole() {
			t.Fatalf("cut at %d of %d: taken for whole", n, len(file))
		}
	}
}

func TestMissingFrame(t *testing.T) {
	var out, less bytes.Buffer
	small(t, &out)
	if err := Copy(&less, open(t, out.Bytes()), func(f *trail.Frame) bool { return f.Point == 0 }); err != nil {
		t.Fatal(err)
	}
	r := open(t, less.Bytes())
	list, _, _ := readFrames(r)
	if _, ok := r.End(); len(list) != 2 || !ok || r.Whole() {
		t.Errorf("%d frames, end %v, whole %v; want 2, true, false", len(list), ok, r.Whole())
	}
}

func TestNoPoints(t *testing.T) {
	var out bytes.Buffer
	w, _ := NewWriter(&out, Header{})
	if err := w.End(End{Reason: "nothing found", At: started}); err != nil {
		t.Fatal(err)
	}
	r := open(t, out.Bytes())
	if list, _, err := readFrames(r); len(list) != 0 || !errors.Is(err, io.EOF) {
		t.Fatal(list, err)
	}
	if e, ok := r.End(); !ok || e.Reason != "nothing found" || !r.Whole() {
		t.Errorf("%+v, %v", e, ok)
	}
}

// TestTwoStreams reads two streams one behind the other, as cat makes them.
func TestTwoStreams(t *testing.T) {
	var out bytes.Buffer
	small(t, &out)
	small(t, &out)
	r := open(t, out.Bytes())
	list, _, err := readFrames(r)
	if !errors.Is(err, io.EOF) || len(list) != 6 || list[4].Point != 3 || len(r.Points()) != 4 || !r.Whole() {
		t.Errorf("%v, %d frames, %d points, whole %v", err, len(list), len(r.Points()), r.Whole())
	}
	first := bytes.Clone(out.Bytes()[:out.Len()/2])
	walkTo := 0
	_ = Walk(first, func(kind pcapng.BlockType, block []byte) bool {
		walkTo += len(block)
		return kind != pcapng.TypePacket
	})
	r = open(t, append(first[:walkTo:walkTo], first...))
	if list, _, err = readFrames(r); len(list) != 4 || !errors.Is(err, io.EOF) || r.Whole() {
		t.Errorf("the first one cut: %d frames, %v, whole %v", len(list), err, r.Whole())
	}
}

// le is used by the tests that look at bytes.
var le = binary.LittleEndian
