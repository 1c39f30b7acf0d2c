package record

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/trail"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// pour writes a stream in pieces of random sizes.
func pour(w io.Writer, b []byte, most int, rnd *rand.Rand) error {
	for len(b) > 0 {
		n := min(1+rnd.IntN(most), len(b))
		if _, err := w.Write(b[:n]); err != nil {
			return err
		}
		b = b[n:]
	}
	return nil
}

// TestMergeOne: a single stream comes out as it went in.
func TestMergeOne(t *testing.T) {
	for name, write := range map[string]func(w io.Writer){
		"small": func(w io.Writer) { small(t, w) },
		"flood": func(w io.Writer) { flood(t, w) },
		"none":  func(w io.Writer) { end(t, w, 0) },
		"trace": func(w io.Writer) { _, _ = w.Write(traced(t)) },
	} {
		var in bytes.Buffer
		write(&in)
		for _, most := range []int{1, 7, 3000, 1 << 20} {
			if most < 100 && in.Len() > 1<<20 {
				continue
			}
			sink := &wholeBlocks{t: t}
			m := NewMerge(sink, time.Hour, 0)
			s := m.Add("node1")
			must(t, pour(s, in.Bytes(), most, rand.New(rand.NewPCG(1, uint64(most)))))
			must(t, s.Close())
			must(t, m.Close())
			if !bytes.Equal(sink.out.Bytes(), in.Bytes()) {
				t.Errorf("%s in pieces of %d: %d bytes became %d others", name, most, in.Len(), sink.out.Len())
			}
		}
	}
}

// agentStream is a stream with its frames.
type agentStream struct {
	node   string
	bytes  []byte
	frames []trail.Frame
	paths  []string // of its points
}

// randomAgent makes a stream whose frames are in time order.
func randomAgent(t *testing.T, n int, rnd *rand.Rand) *agentStream {
	t.Helper()
	a := &agentStream{node: fmt.Sprint("node", n)}
	var out bytes.Buffer
	w, err := NewWriter(&out, Header{Application: "pktrail", Version: "0.1.0", OS: "Linux", Started: started, Node: a.node, Boot: "boot-" + a.node})
	must(t, err)
	at := started.UnixNano() + rnd.Int64N(1000)
	addPoint := func() {
		p := trail.Point{Node: a.node, Target: fmt.Sprint("pod", rnd.IntN(3)), Interface: fmt.Sprint("if", len(a.paths)), Link: packet.LinkEthernet}
		_, err := w.AddPoint(p, PointOptions{})
		must(t, err)
		a.paths = append(a.paths, p.Path())
	}
	addPoint()
	for range rnd.IntN(3000) {
		at += rnd.Int64N(2000)
		switch {
		case rnd.IntN(400) == 0:
			addPoint()
		case rnd.IntN(200) == 0:
			must(t, w.WriteStats(rnd.IntN(len(a.paths)), time.Unix(0, at), trail.Counters{Received: 1 << 20, Missed: uint64(at % 7)}))
		case rnd.IntN(300) == 0:
			must(t, w.WriteNames([]Name{{Addr: names[0].Addr, Names: []string{a.node}}}))
		case rnd.IntN(300) == 0:
			must(t, w.WriteAside([]trail.Observation{{Time: at, Stage: trail.StageRoute}}))
		}
		f := trail.Frame{Time: at, Point: rnd.IntN(len(a.paths)), Dir: trail.Direction(rnd.IntN(3)), Data: make([]byte, rnd.IntN(200)), Missed: uint64(rnd.IntN(2))}
		if rnd.IntN(100) == 0 {
			f.Data = make([]byte, rnd.IntN(90000))
		}
		for i := range f.Data {
			f.Data[i] = byte(at >> (i % 8))
		}
		f.Len = len(f.Data) + rnd.IntN(9)
		if rnd.IntN(10) == 0 {
			must(t, w.WriteAnnotated(&f, annotation))
		} else {
			must(t, w.WriteFrame(&f))
		}
		a.frames = append(a.frames, f)
	}
	must(t, w.End(End{Reason: "limit of time", At: time.Unix(0, at).UTC()}))
	a.bytes = out.Bytes()
	return a
}

// byPoint sorts a stream's frames by the path of their point.
func byPoint(frames []trail.Frame, path func(id int) string) map[string][]trail.Frame {
	all := map[string][]trail.Frame{}
	for _, f := range frames {
		p := path(f.Point)
		f.Point = 0
		all[p] = append(all[p], f)
	}
	return all
}

// TestMergeRandom: of any streams in any pieces at any pace, each point's
// frames come out as they went in, the whole is in order where nothing forces
// frames out before their time, and the books are right.
func TestMergeRandom(t *testing.T) {
	for seed := range uint64(60) {
		rnd := rand.New(rand.NewPCG(seed, 7))
		hold, room := time.Hour, 0
		if seed%3 == 1 {
			room = 1 << (10 + rnd.IntN(10))
		}
		if seed%3 == 2 {
			hold = time.Duration(rnd.IntN(3)) * 100 * time.Microsecond
		}
		agents := make([]*agentStream, 1+rnd.IntN(8))
		var want []trail.Frame
		for i := range agents {
			agents[i] = randomAgent(t, i, rnd)
			want = append(want, agents[i].frames...)
		}
		sink := &wholeBlocks{t: t}
		mergeAll(t, NewMerge(sink, hold, room), agents, rnd)

		r := open(t, sink.out.Bytes())
		list, _, err := readFrames(r)
		if !errors.Is(err, io.EOF) || !r.Whole() || len(list) != len(want) {
			t.Fatalf("seed %d: %v, whole %v, %d frames of %d", seed, err, r.Whole(), len(list), len(want))
		}
		got := byPoint(list, func(id int) string { return r.Point(id).Path() })
		for _, a := range agents {
			for path, frames := range byPoint(a.frames, func(id int) string { return a.paths[id] }) {
				equal(t, fmt.Sprintf("seed %d: frames of %s", seed, path), got[path], frames)
			}
		}
		sorted := slices.IsSortedFunc(list, func(a, b trail.Frame) int { return int(a.Time - b.Time) })
		if hold == time.Hour && room == 0 && !sorted {
			t.Errorf("seed %d: out of order", seed)
		}
		checkMergedBooks(t, r, agents)
	}
}

// mergeAll writes all streams at once, some of them later.
func mergeAll(t *testing.T, m *Merge, agents []*agentStream, rnd *rand.Rand) {
	t.Helper()
	inputs := make([]*MergeInput, len(agents))
	for i, a := range agents {
		inputs[i] = m.Add(a.node)
	}
	var done sync.WaitGroup
	for i, s := range inputs {
		most, own := 1<<(4+rnd.IntN(16)), rand.New(rand.NewPCG(rnd.Uint64(), 1))
		done.Go(func() {
			if err := errors.Join(pour(s, agents[i].bytes, most, own), s.Close()); err != nil {
				t.Error(err)
			}
		})
	}
	done.Wait()
	must(t, m.Close())
}

func checkMergedBooks(t *testing.T, r *Reader, agents []*agentStream) {
	t.Helper()
	e, ok := r.End()
	if !ok || e.Reason != "limit of time" {
		t.Errorf("end %+v, %v", e, ok)
	}
	if len(agents) == 1 {
		if e.Streams != nil || r.Header().Node != "node0" {
			t.Errorf("one stream: %+v, made on %s", e.Streams, r.Header().Node)
		}
		return
	}
	if len(e.Streams) != len(agents) || len(r.Streams()) != len(agents) || r.Header().Node != "" || r.Header().Started != started {
		t.Errorf("%d streams: %+v, %+v; header %+v", len(agents), e.Streams, r.Streams(), r.Header())
	}
	for _, s := range e.Streams {
		if s.Broken != "" || s.Reason != "limit of time" || s.Node != s.Label {
			t.Errorf("%+v", s)
		}
	}
	for _, s := range r.Streams() {
		if s.Boot != "boot-"+s.Node || s.Label != s.Node {
			t.Errorf("%+v", s)
		}
	}
}

// TestMergeLate: streams come and go; one that comes when all others have gone
// is passed on with new numbers, and changes nothing in its writer's buffer.
func TestMergeLate(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 3))
	sink := &wholeBlocks{t: t}
	m := NewMerge(sink, time.Hour, 0)
	var want []trail.Frame
	for i := range 4 {
		a := randomAgent(t, i, rnd)
		s := m.Add(a.node)
		before := bytes.Clone(a.bytes)
		must(t, pour(s, a.bytes, 1<<20, rnd))
		must(t, s.Close())
		if !bytes.Equal(a.bytes, before) {
			t.Errorf("the bytes of stream %d were changed", i)
		}
		want = append(want, a.frames...)
	}
	must(t, m.Close())
	r := open(t, sink.out.Bytes())
	list, _, err := readFrames(r)
	if !errors.Is(err, io.EOF) || !r.Whole() || len(list) != len(want) {
		t.Fatalf("%v, whole %v, %d frames of %d", err, r.Whole(), len(list), len(want))
	}
	for i := range list {
		if !bytes.Equal(list[i].Data, want[i].Data) || list[i].Time != want[i].Time {
			t.Fatalf("frame %d is another", i)
		}
	}
	if e, _ := r.End(); len(e.Streams) != 4 || len(r.Streams()) != 3 || r.Header().Node != "node0" {
		t.Errorf("%+v, %+v", e.Streams, r.Streams())
	}
	if len(r.Asides()) == 0 || len(r.Names()) == 0 {
		t.Error("no asides or names came through")
	}
}

// TestMergeNothing: no stream at all, or none that said a word.
func TestMergeNothing(t *testing.T) {
	for n := range 3 {
		var out bytes.Buffer
		m := NewMerge(&out, time.Second, 0)
		for range n {
			must(t, m.Add("x").Close())
		}
		must(t, m.Close())
		r := open(t, out.Bytes())
		list, _, err := readFrames(r)
		e, ok := r.End()
		if len(list) != 0 || !errors.Is(err, io.EOF) || !ok || len(e.Streams) != n || r.Whole() != (n == 0) {
			t.Errorf("%d streams: %d frames, %v, %+v, whole %v", n, len(list), err, e, r.Whole())
		}
		if n > 0 && !strings.Contains(e.Reason, "without its end record") {
			t.Errorf("reason %q", e.Reason)
		}
	}
}
