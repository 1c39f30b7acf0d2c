package main

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/pktrail/pktrail/internal/record"
	"github.com/pktrail/pktrail/internal/trail"
)

// seen counts the sightings of each numbered packet in a record stream.
type seen struct {
	count  []uint8 // by number
	points map[string]int
	armed  chan struct{} // closed with the session's record
}

func newSeen(n int) *seen {
	return &seen{count: make([]uint8, n), points: map[string]int{}, armed: make(chan struct{})}
}

// read takes a stream to its end. What is not from the kernel probe is left
// out: tracing of rules is limited in its rate.
func (s *seen) read(r io.Reader) error {
	in, err := newSessionReader(r, s.armed)
	if err != nil {
		return err
	}
	var f trail.Frame
	rule := []byte(`"rule"`)
	for {
		err := in.Read(&f)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if len(f.Data) < payload || f.Len != len(f.Data) || bytes.Contains(in.Annotation().Observation, rule) {
			continue
		}
		if n := binary.BigEndian.Uint64(f.Data[len(f.Data)-8:]); n < uint64(len(s.count)) && s.count[n] < 255 {
			s.count[n]++
		}
		p := in.Point(f.Point)
		s.points[p.Owner()+"/"+p.Interface]++
	}
}

// newSessionReader is a reader that has come to the session's record, which is
// written when everything is armed, before the first frame.
func newSessionReader(r io.Reader, armed chan<- struct{}) (*record.Reader, error) {
	w := &watched{r: r, armed: armed}
	in, err := record.NewReader(w)
	if err != nil {
		return nil, fmt.Errorf("read stream: %w", err)
	}
	return in, nil
}

// watched closes armed when the first piece of a stream has come: what a trace
// writes first, it writes when it is armed.
type watched struct {
	r     io.Reader
	armed chan<- struct{}
}

func (w *watched) Read(b []byte) (int, error) {
	n, err := w.r.Read(b)
	if n > 0 && w.armed != nil {
		close(w.armed)
		w.armed = nil
	}
	return n, err
}

// usual is how many sightings most packets have that were seen.
func (s *seen) usual() int {
	var of [256]int
	for _, n := range s.count {
		of[n]++
	}
	most := 1
	for n := range of {
		if n > 0 && of[n] > of[most] {
			most = n
		}
	}
	return most
}

// sum says how many packets are whole, not whole and not there, and how many
// sightings there are too few.
func (s *seen) sum() (whole, partly, unseen, short int) {
	usual := s.usual()
	for _, n := range s.count {
		switch {
		case n == 0:
			unseen++
		case int(n) < usual:
			partly++
		default:
			whole++
		}
		short += max(0, usual-int(n))
	}
	return whole, partly, unseen, short
}

// said is what a trace says in JSON.
type said struct {
	trails  int
	verdict struct {
		Missed map[string]uint64 `json:"missed"`
	}
}

// missed is how many BPF events were lost.
func (s *said) missed() (n int) {
	return int(s.verdict.Missed["kernel ring"] + s.verdict.Missed["kernel recursion"])
}

func (s *said) read(r io.Reader) error {
	in := bufio.NewReaderSize(r, 1<<20)
	for {
		line, err := in.ReadSlice('\n')
		start := bytes.Clone(line[:min(len(line), 40)])
		rest := line
		for errors.Is(err, bufio.ErrBufferFull) { // the head of a long line says what it is
			rest, err = in.ReadSlice('\n')
		}
		switch {
		case bytes.HasPrefix(start, []byte(`{"kind":"trail"`)):
			s.trails++
		case bytes.HasPrefix(start, []byte(`{"kind":"verdict"`)):
			if err := json.Unmarshal(rest, &s.verdict); err != nil {
				return fmt.Errorf("read verdict: %w", err)
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read JSON: %w", err)
		}
	}
}
