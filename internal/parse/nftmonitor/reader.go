package nftmonitor

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"

	"github.com/pktrail/pktrail/internal/parse"
	"github.com/pktrail/pktrail/internal/parse/lines"
	"github.com/pktrail/pktrail/internal/parse/ruletrace"
	"github.com/pktrail/pktrail/internal/trail"
	"github.com/pktrail/pktrail/internal/trail/nflog"
)

// Options of New.
type Options struct {
	// Node is whose trace it is.
	Node string
	// Hook gives the hooks of base chains, which the text does not name; may be
	// nil.
	Hook ruletrace.HookFunc
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
	return &Reader{lines: lines.New(r), traces: ruletrace.Traces{Node: o.Node, Hook: o.Hook}}
}

const begin = "trace id "

// Detect reports whether a text that begins like this is one of nft's.
func Detect(head []byte) bool {
	var t ruletrace.Traces
	for _, b := range lines.Head(head, 500) {
		if bytes.HasPrefix(b, []byte(begin)) && take(&t, 1, string(b)) == nil {
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
		if bytes.Contains(b, []byte("lost some netlink events")) || bytes.Contains(b, []byte("No buffer space available")) {
			r.traces.Lost(n, string(b))
			continue
		}
		if !bytes.HasPrefix(b, []byte(begin)) {
			continue
		}
		if err := take(&r.traces, n, string(b)); err != nil {
			return parse.Item{}, lines.Error(n, b, err)
		}
	}
}

var errShort = errors.New("cut short")

// take reads one line: "trace id 1f2abcf7 inet filter input " and what it says.
func take(t *ruletrace.Traces, line int, s string) error {
	rest := s[len(begin):]
	word, rest, ok := strings.Cut(rest, " ")
	id, err := strconv.ParseUint(strings.TrimPrefix(word, "0x"), 16, 32)
	if !ok || err != nil {
		return errors.New("read the trace's id")
	}
	r := trail.Rule{}
	if word, after, _ := strings.Cut(rest, " "); isFamily(word) {
		r.Family, rest = word, after
	}
	r.Table, rest, _ = strings.Cut(rest, " ")
	r.Chain, rest, _ = strings.Cut(rest, " ")
	kind, rest, _ := strings.Cut(rest, " ")
	if r.Table == "" || r.Chain == "" {
		return errShort
	}
	switch kind {
	case "packet:":
		var l nflog.Line
		if err := decodePacket(rest, &l); err != nil {
			return err
		}
		t.Packet(line, uint32(id), r.Family, r.Table, r.Chain, &l)
		return nil
	case "conntrack:":
		t.Conntrack(line, uint32(id), decodeConntrack(rest))
		return nil
	case "rule":
		if !decodeRule(rest, &r) {
			return errShort
		}
	case "policy":
		r.Kind = trail.RulePolicy
		if r.Verdict, _, _ = strings.Cut(rest, " "); r.Verdict == "" {
			return errShort
		}
		r.Text = "policy " + r.Verdict
		if nflog.BuiltIn(r.Chain) && (r.Family == "ip" || r.Family == "ip6") {
			r.Text = "-P " + r.Chain + " " + strings.ToUpper(r.Verdict)
		}
	case "return", "verdict": // the end of a chain; of nft 0.9 "verdict continue"
		r.Kind, r.Verdict = trail.RuleReturn, "return"
	default:
		return errors.New("read what kind of line it is")
	}
	t.Rule(line, uint32(id), &r, 0)
	return nil
}

func isFamily(s string) bool {
	switch s {
	case "ip", "ip6", "inet", "arp", "bridge", "netdev":
		return true
	}
	return false
}

// decodeConntrack reads "ct direction original ct state new ct id 32764".
func decodeConntrack(s string) *trail.Conntrack {
	c := &trail.Conntrack{}
	w := strings.Fields(s)
	for i := 0; i+2 < len(w); i++ {
		switch w[i] + " " + w[i+1] {
		case "ct direction":
			c.Reply = w[i+2] == "reply"
		case "ct state":
			c.State = w[i+2]
		}
	}
	return c
}
