package kernlog

import (
	"strings"
	"time"

	"github.com/pktrail/pktrail/internal/trail/nflog"
)

// message is a line without its dress.
type message struct {
	stamp
	text string
	host string
	// tag is who wrote it: "kernel:" or a program's name; empty if the line
	// does not tell. foreign: it was not the kernel.
	tag     string
	foreign bool
	// sequence counts the records of /dev/kmsg; valid iff hasSequence.
	sequence    uint64
	hasSequence bool
	// boot is the boot's id; empty if the line does not tell.
	boot string
	line int
}

// undress takes the dress off a line of text.
func undress(s string, zone *time.Location) message {
	m := message{}
	s = m.priority(s)
	s, _ = m.brackets(s, zone)
	if rest, bare, ok := m.cut(s, zone); ok && !m.hasMono {
		s = rest
		if !bare {
			s = m.sender(rest)
		}
		s, _ = m.brackets(s, zone)
	} else if m.hasMono && !m.hasSequence {
		s = m.monotonic(s) // journalctl -o short-monotonic
	}
	m.text = s
	return m
}

// priority takes off what says how important a line is: "<4>", "<4>1 " of RFC
// 5424, "kern  :warn  : " of dmesg -x, and the head of a record of /dev/kmsg.
func (m *message) priority(s string) string {
	if s == "" {
		return s
	}
	switch c := s[0]; {
	case c == '<':
		n := digits(s[1:])
		if n == 0 || n > 3 || 1+n >= len(s) || s[1+n] != '>' {
			return s
		}
		p := 0
		for _, d := range s[1 : 1+n] {
			p = p*10 + int(d-'0')
		}
		m.foreign = p>>3 != 0
		return strings.TrimPrefix(s[2+n:], "1 ")
	case c >= '0' && c <= '9':
		if r, ok := nflog.DecodeRecord(s); ok {
			m.foreign = r.Facility != 0
			m.sequence, m.hasSequence = r.Sequence, true
			m.mono, m.hasMono = int64(r.Micros)*1e3, true
			return r.Text
		}
	case c >= 'a' && c <= 'z' && len(s) > 16 && s[6] == ':' && s[13] == ':':
		m.foreign = strings.TrimRight(s[:6], " ") != "kern"
		return strings.TrimPrefix(s[14:], " ")
	}
	return s
}

// brackets takes off stamps in brackets.
func (m *message) brackets(s string, zone *time.Location) (string, bool) {
	any := false
	for len(s) > 0 && s[0] == '[' {
		end := strings.IndexByte(s, ']')
		if end < 0 || !m.bracket(s[1:end], zone) {
			break
		}
		s = strings.TrimPrefix(s[end+1:], " ")
		any = true
	}
	return s, any
}

// sender takes off host and program. Some logs have the facility between, some
// no host, and what ulogd writes has no program.
func (m *message) sender(s string) string {
	rest := s
	for i := 0; i < 3; i++ {
		word, after, ok := strings.Cut(rest, " ")
		if !ok && !strings.HasPrefix(word, "kernel:") {
			break
		}
		if i == 1 && strings.HasPrefix(after, "- - - ") && word == "kernel" { // RFC 5424
			m.tag = "kernel:"
			return after[len("- - - "):]
		}
		if strings.HasPrefix(word, "kernel:") {
			m.tag = "kernel:"
			return strings.TrimPrefix(rest[len("kernel:"):], " ")
		}
		switch {
		case strings.HasPrefix(word, "kern."):
		case i == 0:
			m.host = word
		default:
			i = 2
		}
		rest = after
	}
	_, rest, _ = strings.Cut(s, " ")
	if word, after, ok := strings.Cut(rest, " "); ok && strings.HasSuffix(word, ":") && !strings.HasPrefix(after, "IN=") {
		m.tag = word
		m.foreign = !strings.HasPrefix(word, "ulogd")
		return after
	}
	return rest
}

// monotonic takes off host and program behind a time since boot, if they are
// there.
func (m *message) monotonic(s string) string {
	host, rest, ok := strings.Cut(s, " ")
	if !ok {
		return s
	}
	word, after, ok := strings.Cut(rest, " ")
	switch {
	case !ok || strings.HasSuffix(host, ":"):
	case word == "kernel:":
		m.host, m.tag = host, word
		return after
	case strings.HasSuffix(word, "]:"):
		m.host, m.tag, m.foreign = host, word, true
		return after
	}
	return s
}

// uncolour takes terminal escapes out of a line.
func uncolour(b []byte) []byte {
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); i++ {
		if b[i] != 0x1b {
			out = append(out, b[i])
			continue
		}
		if i+1 < len(b) && b[i+1] == '[' { // ECMA-48, control sequences
			for i += 2; i < len(b) && (b[i] < 0x40 || b[i] > 0x7e); i++ {
			}
		}
	}
	return out
}
