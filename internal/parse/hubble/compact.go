package hubble

import (
	"bytes"
	"time"
)

// compact reads a line of -o compact; the lines of other programs are passed
// over.
func (p *Reader) compact(b []byte) error {
	if head, rest, ok := bytes.Cut(b, []byte("EVENTS LOST: ")); ok {
		stamp, _, _ := bytes.Cut(head, []byte(": "))
		at, _ := moment(stamp, p.o.Reference)
		n := rest[bytes.LastIndexByte(rest, ' ')+1:]
		p.lose(int(decimal(n)), p.o.Node, string(b[len(head):]), at)
		return nil
	}
	e, ok := split(b)
	if !ok {
		return nil
	}
	e.line = p.in.Number()
	s, err := p.happened(&e)
	if s != nil {
		p.sight(s)
	}
	return err
}

// dict takes a line of -o dict, "DESTINATION: 10.245.0.44:8080"; false if it is
// none.
func (p *Reader) dict(b []byte) bool {
	name, value, ok := bytes.Cut(bytes.TrimLeft(b, " "), []byte(": "))
	if !ok {
		return false
	}
	if string(name) == "TIMESTAMP" {
		if p.block != nil && p.endBlock() != nil {
			p.block = nil
		}
		p.block = &event{line: p.in.Number()}
	}
	e := p.block
	if e == nil {
		return false
	}
	value = bytes.Clone(value)
	switch string(name) {
	case "TIMESTAMP":
		e.stamp = value
	case "NODE":
		e.node = value
	case "SOURCE":
		e.src = value
	case "DESTINATION":
		e.dst = value
	case "TYPE":
		e.what = value
	case "VERDICT":
		e.verdict = value
	case "SUMMARY":
		e.summary = value
	default:
		return false
	}
	return true
}

// endBlock makes an event of the lines that were read of it.
func (p *Reader) endBlock() error {
	e := p.block
	if e == nil {
		return nil
	}
	p.block = nil
	s, err := p.happened(e)
	if s != nil {
		p.sight(s)
	}
	return p.wrong(err, e.line, bytes.Join([][]byte{e.stamp, e.src, e.dst, e.what}, []byte(" ")))
}

// moment reads a time as Hubble writes it by any --time-format, in nanoseconds
// since 1970. One without a year is in the last one that is not after the
// reference.
func moment(b []byte, reference time.Time) (int64, bool) {
	text := string(b)
	for _, layout := range []string{time.RFC3339Nano, time.RFC1123Z} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UnixNano(), true
		}
	}
	t, err := time.Parse("Jan _2 15:04:05.999999999", text)
	if err != nil {
		return 0, false
	}
	year := 1970
	if !reference.IsZero() {
		reference = reference.UTC().Add(24 * time.Hour) // the zone is not told
		year = reference.Year()
		if t.AddDate(year-t.Year(), 0, 0).After(reference) {
			year--
		}
	}
	return t.AddDate(year-t.Year(), 0, 0).UnixNano(), true
}
