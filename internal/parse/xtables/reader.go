package xtables

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"

	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/parse"
	"github.com/pktrail/pktrail/internal/parse/lines"
	"github.com/pktrail/pktrail/internal/parse/ruletrace"
	"github.com/pktrail/pktrail/internal/trail/nflog"
)

// Options of New.
type Options struct {
	// Node is whose trace it is.
	Node string
}

// Reader reads one trace.
type Reader struct {
	lines  *lines.Reader
	traces ruletrace.Traces
	given  int
	err    error
}

// New returns a Reader.
func New(r io.Reader, o Options) *Reader {
	return &Reader{lines: lines.New(r), traces: ruletrace.Traces{Node: o.Node}}
}

// Detect reports whether a text that begins like this is one of
// xtables-monitor's.
func Detect(head []byte) bool {
	var t ruletrace.Traces
	for _, b := range lines.Head(head, 500) {
		if ok, err := take(&t, 1, string(b)); ok && err == nil {
			return true
		}
	}
	return false
}

// Read gives the next item, and io.EOF behind the last one. A *parse.LineError
// is a line of a trace that cannot be read.
func (r *Reader) Read() (parse.Item, error) {
	for {
		if ready := r.traces.Ready; r.given < len(ready) {
			r.given++
			return ready[r.given-1], nil
		}
		r.traces.Ready, r.given = r.traces.Ready[:0], 0
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
			r.traces.Flush()
			continue
		}
		n := r.lines.Number()
		if bytes.Contains(b, []byte("No buffer space available")) {
			r.traces.Lost(n, string(b))
			continue
		}
		if _, err := take(&r.traces, n, string(b)); err != nil {
			return parse.Item{}, lines.Error(n, b, err)
		}
	}
}

var errShort = errors.New("cut short")

// take reads one line; false if it is of other origin.
func take(t *ruletrace.Traces, line int, s string) (bool, error) {
	if rest, ok := strings.CutPrefix(s, "PACKET: "); ok {
		id, _, rest, err := head(rest)
		if err != nil {
			return true, err
		}
		return true, takePacket(t, line, id, rest)
	}
	rest, ok := strings.CutPrefix(strings.TrimLeft(s, " "), "TRACE: ")
	if !ok {
		return false, nil
	}
	id, family, rest, err := head(rest)
	if err != nil {
		return true, err
	}
	r, err := decodeRule(family, rest)
	if err != nil {
		return true, err
	}
	t.Rule(line, id, &r.Rule, r.proto)
	return true, nil
}

// head reads "2 8864405d ": the family (linux/netfilter.h, NFPROTO_) and the
// trace's number.
func head(s string) (id uint32, family, rest string, err error) {
	number, rest, _ := strings.Cut(s, " ")
	word, rest, ok := strings.Cut(rest, " ")
	n, err := strconv.ParseUint(word, 16, 32)
	if err != nil || !ok {
		return 0, "", "", errors.New("read the trace's id")
	}
	family, known := map[string]string{"1": "inet", "2": "ip", "3": "arp", "5": "netdev", "7": "bridge", "10": "ip6"}[number]
	if !known {
		return 0, "", "", errors.New("read the family")
	}
	return uint32(n), family, rest, nil
}

func takePacket(t *ruletrace.Traces, line int, id uint32, s string) error {
	var l nflog.Line
	if err := nflog.DecodeHeaders(s, &l); err != nil {
		return err
	}
	if !l.Src.IsValid() || !l.Dst.IsValid() || l.Src.Is4() != l.Dst.Is4() || l.Len == 0 {
		return errShort
	}
	switch { // the tool prints ports of these two only
	case l.Flags != 0:
		l.Proto, l.HasProto = packet.ProtoTCP, true
	case l.HasPorts:
		l.Proto, l.HasProto = packet.ProtoUDP, true
		l.UDPLen = uint16(max(l.Len-headerLen(&l), 0))
	}
	t.Packet(line, id, "", "", "", &l)
	return nil
}

// headerLen is the length of the IP header without options.
func headerLen(l *nflog.Line) int {
	if l.Src.Is6() {
		return 40
	}
	return 20
}
