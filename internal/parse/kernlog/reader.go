package kernlog

import (
	"bytes"
	"errors"
	"io"
	"time"

	"github.com/pktrail/pktrail/internal/parse"
	"github.com/pktrail/pktrail/internal/parse/lines"
	"github.com/pktrail/pktrail/internal/trail/nflog"
)

// Options of New.
type Options struct {
	// Node is whose log it is, where lines do not name a host.
	Node string
	// Before is when the log was over at the latest, as the file's last change
	// tells: it gives the year to lines that have none. The zero value leaves
	// them in the year 1970.
	Before time.Time
	// Booted is when the kernel started, where lines tell no more than the
	// time since then. The zero value leaves them in 1970.
	Booted time.Time
	// Zone is that of times without one; nil is UTC.
	Zone *time.Location
}

// Reader reads one log. It keeps the packets that are in a table of netfilter,
// at most 4096 for each host.
type Reader struct {
	o     Options
	lines *lines.Reader
	hosts map[string]*host
	last  *host // the one of the latest line
	ready []parse.Item
	given int
	err   error

	dress dress
	entry entry // of journalctl -o export and of dmesg --json
	// sequence is of the latest record of /dev/kmsg.
	sequence uint64
	boots    int
	boot     string

	words   nflog.Line
	scratch []byte
}

// New returns a Reader.
func New(r io.Reader, o Options) *Reader {
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	return &Reader{o: o, lines: lines.New(r), hosts: map[string]*host{}}
}

// Read gives the next item, and io.EOF behind the last one. A *parse.LineError
// is a line that should be about a packet and cannot be read.
func (r *Reader) Read() (parse.Item, error) {
	for {
		if r.given < len(r.ready) {
			item := r.ready[r.given]
			r.ready[r.given] = parse.Item{}
			r.given++
			return item, nil
		}
		r.ready, r.given = r.ready[:0], 0
		if r.err != nil {
			return parse.Item{}, r.err
		}
		b, err := r.lines.Next()
		var wrong *parse.LineError
		switch {
		case errors.As(err, &wrong):
			return parse.Item{}, err
		case err != nil:
			r.err = err
			r.finish()
			continue
		}
		if err := r.take(b); err != nil {
			return parse.Item{}, err
		}
	}
}

// take reads one line.
func (r *Reader) take(b []byte) error {
	if r.dress == dressUnknown {
		r.dress = dressOf(b)
	}
	switch r.dress {
	case dressJournal:
		return r.journal(b)
	case dressExport:
		return r.export(b)
	case dressDmesg:
		return r.dmesg(b)
	}
	if bytes.IndexByte(b, 0x1b) >= 0 {
		b = uncolour(b)
	}
	if !interesting(b) && !r.counts(b) {
		return nil
	}
	m := undress(string(b), r.o.Zone)
	m.line = r.lines.Number()
	return r.message(&m)
}

// counts reports whether a line is needed for its stamp or number alone: each
// one of dmesg -H tells the time since the one before, and records of
// /dev/kmsg are numbered.
func (r *Reader) counts(b []byte) bool {
	if r.dress == dressRecords {
		return true
	}
	if len(b) < 4 || b[0] != '[' {
		return false
	}
	rest := bytes.TrimLeft(b[1:], " ")
	if len(rest) == 0 {
		return false
	}
	c := rest[0]
	return c == '+' || c >= 'A' && c <= 'Z' && c != 'T' && c != 'C'
}

// interesting passes over lines of other origin fast: it looks for the words
// that a line has which says something of packets or losses, by a letter of
// each that is rare in logs.
func interesting(b []byte) bool {
	for i, c := range b {
		if !pivots[c] {
			continue
		}
		hit := false
		switch c {
		case 'U':
			hit = has(b, i-1, "OUT=")
		case 'T':
			hit = has(b, i, "TRACE: ")
		case 'm':
			hit = has(b, i, "martian ")
		case 'h':
			hit = has(b, i-3, "ll header")
		case 'f':
			hit = has(b, i-6, "table full")
		case 'v':
			hit = has(b, i-1, "overflow")
		case 'p':
			hit = has(b, i-1, "uppressed") || has(b, i-3, "dropped") || has(b, i-3, "drop messages") || has(b, i-2, "repeated ")
		case 'l':
			hit = has(b, i, "lost ")
		case 'k':
			hit = has(b, i-1, " kernel messages")
		case '-':
			hit = has(b, i, "-- ")
		}
		if hit {
			return true
		}
	}
	return false
}

// pivots are the letters that interesting looks for.
var pivots = [256]bool{'U': true, 'T': true, 'm': true, 'h': true, 'f': true, 'v': true, 'p': true, 'l': true, 'k': true, '-': true}

// has reports whether a word begins at a place, which may be outside of b.
func has(b []byte, at int, word string) bool {
	return at >= 0 && at+len(word) <= len(b) && string(b[at:at+len(word)]) == word
}

// dress is how the lines of a log look, as far as that changes how they are
// read.
type dress uint8

const (
	dressUnknown dress = iota
	dressText
	dressRecords // /dev/kmsg
	dressJournal // journalctl -o json
	dressExport  // journalctl -o export
	dressDmesg   // dmesg --json
)

// dressOf tells the dress by the first line that is not empty.
func dressOf(b []byte) dress {
	b = bytes.TrimSpace(b)
	switch {
	case len(b) == 0:
		return dressUnknown
	case bytes.Equal(b, []byte("{")), bytes.HasPrefix(b, []byte(`"dmesg"`)):
		return dressDmesg
	case b[0] == '{':
		return dressJournal
	case bytes.HasPrefix(b, []byte("__CURSOR=")), bytes.HasPrefix(b, []byte("__REALTIME_TIMESTAMP=")):
		return dressExport
	case b[0] >= '0' && b[0] <= '9':
		if _, ok := nflog.DecodeRecord(string(b)); ok {
			return dressRecords
		}
	}
	return dressText
}
