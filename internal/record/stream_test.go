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
	"strings"
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
func small(t testing.TB, dst io.Writer) {
	t.Helper()
	w, err := NewWriter(dst, header)
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range points {
		id, err := w.AddPoint(p, PointOptions{Filter: "icmp", SnapLen: 96 * (1 - i), Description: "pod's end"})
		if err != nil || id != i {
			t.Fatal(id, err)
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
			t.Fatal(i, step)
		}
	}
	if err := w.WriteFrame(&list[0]); !errors.Is(err, ErrEnded) {
		t.Errorf("a frame after the end: %v", err)
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

func open(t testing.TB, file []byte) *Reader {
	t.Helper()
	r, err := NewReader(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
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

func TestRefused(t *testing.T) {
	w, _ := NewWriter(io.Discard, Header{})
	for name, err := range map[string]error{
		"no point":    w.WriteFrame(&trail.Frame{}),
		"stats":       w.WriteStats(0, started, trail.Counters{}),
		"empty names": w.WriteNames([]Name{{}}), // left out, no error
	} {
		if (err == nil) != (name == "empty names") {
			t.Errorf("%s: %v", name, err)
		}
	}
	id, _ := w.AddPoint(trail.Point{}, PointOptions{})
	if err := w.WriteFrame(&trail.Frame{Point: id, Time: -1}); err == nil {
		t.Error("a time before 1970 was written")
	}
	long := strings.Repeat("ä", MaxText)
	if err := w.WriteAnnotated(&trail.Frame{}, Annotation{Observation: []byte(long)}); !errors.Is(err, ErrTooLong) {
		t.Errorf("%v, want ErrTooLong", err)
	}
	if _, err := w.AddPoint(trail.Point{Interface: long}, PointOptions{}); !errors.Is(err, ErrTooLong) {
		t.Errorf("%v, want ErrTooLong", err)
	}
	for in, want := range map[string]string{
		"":                 "empty file",
		"ab":               "not a pcap file",
		"GIF89a":           "not a pcap file",
		"\x1f\x8b\x08\x00": "gzip",
		"\x28\xb5\x2f\xfd": "zstd",
		"\x34\xcd\xb2\xa1": "Kuznetzov",
		"\x0a\x0d\x0d\x0a": "cut short",
	} {
		if _, err := NewReader(strings.NewReader(in)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", in, err, want)
		}
	}
}

func TestLongComment(t *testing.T) {
	var out bytes.Buffer
	w, _ := NewWriter(&out, Header{})
	_, _ = w.AddPoint(points[0], PointOptions{})
	if err := w.WriteAnnotated(&trail.Frame{Data: echo}, Annotation{Comments: []string{strings.Repeat("x", 1) + strings.Repeat("ä", MaxText)}}); err != nil {
		t.Fatal(err)
	}
	_ = w.Flush()
	_, notes, _ := readFrames(open(t, out.Bytes()))
	if c := notes[0].Comments[0]; len(c) != MaxText-1 || !strings.HasSuffix(c, "ä") {
		t.Errorf("%d bytes", len(c))
	}
}

// TestLargeFrames: larger than the buffer is whole, larger than MaxFrame cut.
func TestLargeFrames(t *testing.T) {
	var out bytes.Buffer
	w, _ := NewWriter(&out, Header{})
	_, _ = w.AddPoint(points[0], PointOptions{})
	data := bytes.Repeat([]byte{1, 2, 3, 4}, 100000)
	for _, n := range []int{10, 262100, MaxFrame, 300000, 10} {
		if err := w.WriteFrame(&trail.Frame{Data: data[:n]}); err != nil {
			t.Fatal(err)
		}
	}
	_ = w.Flush()
	list, _, err := readFrames(open(t, out.Bytes()))
	if !errors.Is(err, io.EOF) || len(list) != 5 {
		t.Fatal(len(list), err)
	}
	for i, want := range []int{10, 262100, MaxFrame, 300000, 10} {
		if f := list[i]; len(f.Data) != min(want, MaxFrame) || f.Len != want {
			t.Errorf("%d of %d bytes, want %d", len(f.Data), f.Len, want)
		}
	}
}

func TestManyNames(t *testing.T) {
	var list []Name
	for i := range 5000 {
		a := netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)})
		list = append(list, Name{Addr: a, Names: []string{strings.Repeat("n", 100)}})
	}
	list = append(list, Name{Addr: list[0].Addr, Names: []string{"", "a\x00b", strings.Repeat("x", 70000), "good"}})
	var out bytes.Buffer
	w, _ := NewWriter(&out, Header{})
	if err := w.WriteNames(list); err != nil {
		t.Fatal(err)
	}
	_ = w.Flush()
	r := open(t, out.Bytes())
	_, _, _ = readFrames(r)
	list[5000].Names = []string{"good"}
	equal(t, "names", r.Names(), list)
}

func TestNoAllocations(t *testing.T) {
	w, _ := NewWriter(io.Discard, Header{})
	_, _ = w.AddPoint(points[0], PointOptions{})
	f := frames()[1]
	f.Point = 0
	if n := testing.AllocsPerRun(1000, func() { _ = w.WriteFrame(&f) }); n != 0 {
		t.Errorf("writing: %v allocations", n)
	}
	var out bytes.Buffer
	w, _ = NewWriter(&out, Header{})
	_, _ = w.AddPoint(points[0], PointOptions{})
	for range 2002 {
		_ = w.WriteFrame(&f)
	}
	_ = w.Flush()
	file := bytes.Clone(out.Bytes())
	r := open(t, file)
	if n := testing.AllocsPerRun(2000, func() {
		if err := r.Read(&f); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("reading: %v allocations", n)
	}
	frames := 0
	count := func(_ pcapng.BlockType, block []byte) bool {
		if _, ok := Info(block); ok {
			frames++
		}
		return true
	}
	if n := testing.AllocsPerRun(10, func() { _ = Walk(file, count) }); n != 0 || frames != 11*2002 {
		t.Errorf("walking: %v allocations, %d frames", n, frames)
	}
}

// le is used by the tests that look at bytes.
var le = binary.LittleEndian
