package xtables

import (
	"errors"
	"io"
	"strconv"
	"strings"

	"github.com/pktrail/pktrail/internal/packet"
	"github.com/pktrail/pktrail/internal/parse/ruletrace"
	"github.com/pktrail/pktrail/internal/trail/nflog"
)

// Options of New.
type Options struct {
	// Node is whose trace it is.
	Node string
}

// New returns a reader of one trace.
func New(r io.Reader, o Options) *ruletrace.Reader {
	return ruletrace.NewReader(r, tool(), ruletrace.Traces{Node: o.Node})
}

// Detect reports whether a text that begins like this is one of
// xtables-monitor's.
func Detect(head []byte) bool { return tool().Detect(head) }

func tool() ruletrace.Tool {
	return ruletrace.Tool{Take: take, Lost: []string{"No buffer space available"}}
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
