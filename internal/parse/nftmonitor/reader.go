package nftmonitor

import (
	"errors"
	"io"
	"strconv"
	"strings"

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

// New returns a reader of one trace.
func New(r io.Reader, o Options) *ruletrace.Reader {
	return ruletrace.NewReader(r, tool(), ruletrace.Traces{Node: o.Node, Hook: o.Hook})
}

// Detect reports whether a text that begins like this is one of nft's.
func Detect(head []byte) bool { return tool().Detect(head) }

func tool() ruletrace.Tool {
	return ruletrace.Tool{
		Take: func(t *ruletrace.Traces, line int, s string) (bool, error) {
			rest, ok := strings.CutPrefix(s, "trace id ")
			if !ok {
				return false, nil
			}
			return true, take(t, line, rest)
		},
		Lost: []string{"lost some netlink events", "No buffer space available"},
	}
}

var errShort = errors.New("cut short")

// take reads one line behind "trace id ": "1f2abcf7 inet filter input " and
// what it says.
func take(t *ruletrace.Traces, line int, rest string) error {
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
