package hubble

import (
	"bytes"
	"errors"
	"io"
	"net/netip"
	"time"

	"github.com/pktrail/pktrail/internal/parse"
	"github.com/pktrail/pktrail/internal/parse/lines"
)

// Options say what is known besides Hubble's output.
type Options struct {
	// Node is the name of the machine where the output does not tell it:
	// compact has it with --print-node-name only.
	Node string
	// Reference is when the output was made, or later: compact has no year,
	// and takes the last one in which its times are not after this. Zero is 1970.
	Reference time.Time
}

// Reader reads the output of `hubble observe`.
type Reader struct {
	o     Options
	in    *lines.Reader
	words map[string]string
	addrs map[string]netip.Addr
	queue []parse.Item
	// block is an event of -o dict whose lines are being read.
	block *event
	lost  int
	err   error
}

var _ parse.Reader = (*Reader)(nil)

// New reads from r.
func New(r io.Reader, o Options) *Reader {
	return &Reader{o: o, in: lines.New(r), words: map[string]string{}, addrs: map[string]netip.Addr{}}
}

// Read gives the next item: see parse.Reader.
func (p *Reader) Read() (parse.Item, error) {
	for {
		if len(p.queue) > 0 {
			it := p.queue[0]
			p.queue = p.queue[1:]
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
			p.err = err
			err = p.endBlock()
		default:
			err = p.line(bytes.TrimRight(line, " "))
		}
		if err != nil {
			return parse.Item{}, err
		}
	}
}

// line takes one line; the error is a *parse.LineError.
func (p *Reader) line(b []byte) error {
	var err error
	switch {
	case len(b) > 0 && b[0] == '{':
		err = p.object(b)
	case p.dict(b):
		return nil
	case bytes.HasPrefix(b, []byte("------")), len(b) == 0:
		return p.endBlock()
	default:
		err = p.compact(b)
	}
	return p.wrong(err, p.in.Number(), b)
}

func (p *Reader) wrong(err error, line int, b []byte) error {
	if err == nil {
		return nil
	}
	return &parse.LineError{Line: line, Text: string(b[:min(len(b), 200)]), Err: err}
}

// Lost is how many events Hubble said by now that it, or the agents, lost.
func (p *Reader) Lost() int { return p.lost }

func (p *Reader) lose(n int, node, text string, at int64) {
	p.lost += n
	p.queue = append(p.queue, parse.Item{Fact: &parse.Fact{Line: p.in.Number(), Time: at, Kind: parse.FactLost, Node: node, Count: n, Text: text}})
}

func (p *Reader) sight(s *parse.Sighting) {
	if s.At.Node == "" {
		s.At.Node = p.o.Node
	}
	s.Seen.Late = s.Seen.Time != 0
	p.queue = append(p.queue, parse.Item{Sighting: s})
}

var (
	errFormat = errors.New("not as hubble observe writes it")
	errNames  = errors.New("names instead of addresses: record with -o jsonpb, or with --ip-translation=false")
)

const maxNames = 1 << 14

// word keeps one copy of each word: those of a log repeat.
func (p *Reader) word(b []byte) string {
	if s, ok := p.words[string(b)]; ok {
		return s
	}
	if len(p.words) >= maxNames {
		clear(p.words)
	}
	s := string(b)
	p.words[s] = s
	return s
}

// addr is an address; invalid for what is none.
func (p *Reader) addr(b []byte) netip.Addr {
	if a, ok := p.addrs[string(b)]; ok {
		return a
	}
	a, err := netip.ParseAddr(string(b))
	if err != nil {
		return netip.Addr{}
	}
	if len(p.addrs) >= maxNames {
		clear(p.addrs)
	}
	a = a.Unmap()
	p.addrs[string(b)] = a
	return a
}

// Detect says whether a text begins as the output of `hubble observe` does.
// head is its first kilobytes.
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
	if bytes.HasPrefix(b, []byte(`{"`)) {
		return bytes.HasPrefix(b, []byte(`{"flow":{"`)) || bytes.HasPrefix(b, []byte(`{"lost_events":{`)) || bytes.HasPrefix(b, []byte(`{"node_status":{`)) ||
			has(`"verdict":"`) && (has(`"event_type":{`) || has(`"node_name":"`) && has(`"IP":{`))
	}
	if bytes.HasPrefix(b, []byte("  TIMESTAMP: ")) {
		return true
	}
	_, ok := split(b)
	return ok
}
