package cilium

import (
	"bytes"
	"errors"
	"io"

	"github.com/pktrail/pktrail/internal/parse"
	"github.com/pktrail/pktrail/internal/parse/lines"
	"github.com/pktrail/pktrail/internal/trail"
)

// Options say what is known besides the monitor's output.
type Options struct {
	// Node is the name of the machine, which the output does not tell.
	Node string
	// Endpoints are those of the machine: their devices stand at the points
	// from-endpoint and at drops, where the monitor tells none.
	Endpoints []Endpoint
	// Interfaces are the names of the machine's devices by their numbers:
	// a drop has the number alone.
	Interfaces map[int]string
	// Aggregation is MonitorAggregationLevel as the agent or an endpoint is
	// configured: "None", "Low", "Medium", "Maximum"; empty is not known.
	Aggregation string
}

// Reader reads the output of a monitor.
type Reader struct {
	o       Options
	in      *lines.Reader
	names   names
	devices map[uint32]string // of endpoints
	queue   []parse.Item
	// verdicts wait for the line that shows which packet they are of.
	verdicts []verdict
	// event is one of -v -v whose layers follow.
	event *event
	seen  tally
	told  bool // that events are aggregated
	err   error
}

var _ parse.Reader = (*Reader)(nil)

// New reads from r.
func New(r io.Reader, o Options) *Reader {
	p := &Reader{o: o, in: lines.New(r), devices: map[uint32]string{}}
	for i := range o.Endpoints {
		p.devices[o.Endpoints[i].ID] = o.Endpoints[i].Interface
	}
	return p
}

// Read gives the next item: see parse.Reader.
func (p *Reader) Read() (parse.Item, error) {
	for {
		if len(p.queue) > 0 {
			it := p.queue[0]
			p.queue[0] = parse.Item{}
			if p.queue = p.queue[1:]; len(p.queue) == 0 {
				p.queue = nil
			}
			return it, nil
		}
		if p.err != nil {
			return parse.Item{}, p.err
		}
		line, err := p.in.Next()
		var bad *parse.LineError
		switch {
		case errors.As(err, &bad):
			return parse.Item{}, err
		case err != nil:
			p.finish(err)
		default:
			if err := p.line(line); err != nil {
				return parse.Item{}, err
			}
		}
	}
}

// finish gives what is still held, before the end of the input or its error.
func (p *Reader) finish(err error) {
	p.endEvent()
	p.release(0)
	if text := p.seen.aggregated(); text != "" && p.o.Aggregation == "" {
		p.fact(parse.Fact{Kind: parse.FactAggregated, Text: text})
	}
	p.err = err
}

// line takes one line; the error is a *parse.LineError.
func (p *Reader) line(b []byte) error {
	if !p.told {
		p.told = true
		if text := configured(p.o.Aggregation); text != "" {
			p.fact(parse.Fact{Kind: parse.FactAggregated, Text: text})
		}
	}
	b = bytes.TrimRight(b, " ")
	if p.event != nil && p.eventLine(b) {
		return nil
	}
	p.endEvent()
	var err error
	switch {
	case len(b) == 0:
	case b[0] == '{':
		err = p.object(b)
	case bytes.HasPrefix(b, []byte("-> ")), bytes.HasPrefix(b, []byte("<- ")):
		err = p.trace(b)
	case bytes.HasPrefix(b, []byte("xx drop (")):
		err = p.drop(b)
	case bytes.HasPrefix(b, []byte("Policy verdict log: ")):
		err = p.policy(b)
	case bytes.HasPrefix(b, []byte("CPU ")):
		err = p.verbose(b)
	}
	if err == nil {
		return nil
	}
	return &parse.LineError{Line: p.in.Number(), Text: string(b[:min(len(b), 200)]), Err: err}
}

// sight puts a sighting into the queue, behind the verdicts of its packet.
func (p *Reader) sight(s *parse.Sighting, hash string) {
	s.At.Node = p.o.Node
	if s.Line == 0 {
		s.Line = p.in.Number()
	}
	d := s.Seen.Datapath
	if s.At.Interface == "" && s.At.Index > 0 {
		s.At.Interface = p.o.Interfaces[s.At.Index]
	}
	if s.At.Interface == "" && s.At.Index == 0 && d != nil && (d.Point == "from-endpoint" || s.Seen.Stage == trail.StageDrop) {
		s.At.Interface = p.devices[d.Endpoint]
	}
	p.seen.add(s)
	p.decided(s, hash)
	p.queue = append(p.queue, parse.Item{Sighting: s})
	p.release(s.Line)
}

func (p *Reader) fact(f parse.Fact) {
	f.Line, f.Node = p.in.Number(), p.o.Node
	p.queue = append(p.queue, parse.Item{Fact: &f})
}

var errFormat = errors.New("not as the monitor writes it")

// Detect says whether a text begins as the monitor's output does. head is its
// first kilobytes.
func Detect(head []byte) bool {
	for len(head) > 0 {
		var b []byte
		b, head, _ = bytes.Cut(head, []byte("\n"))
		if ours(bytes.TrimRight(b, "\r ")) {
			return true
		}
	}
	return false
}

func ours(b []byte) bool {
	has := func(s string) bool { return bytes.Contains(b, []byte(s)) }
	switch {
	case bytes.HasPrefix(b, []byte(`{"`)):
		return has(`"type":"trace"`) && has(`"observationPoint":`) || has(`"type":"drop"`) && has(`"reason":`) ||
			has(`{"cpu":"CPU `) && has(`"type":"`) || has(`{"type":"agent","subtype":`)
	case bytes.HasPrefix(b, []byte("-> ")), bytes.HasPrefix(b, []byte("<- ")):
		return has(" flow 0x") && has(" state ")
	case bytes.HasPrefix(b, []byte("CPU ")):
		return has(": MARK 0x") && has(" FROM ")
	}
	return bytes.HasPrefix(b, []byte("xx drop (")) && has(" flow 0x") || bytes.HasPrefix(b, []byte("Policy verdict log: flow 0x")) ||
		bytes.HasPrefix(b, []byte("Listening for events on ")) && has(" CPUs with ")
}
