package kernlog

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
	"time"

	"github.com/pktrail/pktrail/internal/parse/lines"
)

// entry is one record of the journal, or of dmesg --json: the fields that tell
// something (systemd.journal-fields(7)). Times are microseconds.
type entry struct {
	Message   json.RawMessage `json:"MESSAGE"`
	Host      string          `json:"_HOSTNAME"`
	Boot      string          `json:"_BOOT_ID"`
	Transport string          `json:"_TRANSPORT"`
	Program   string          `json:"SYSLOG_IDENTIFIER"`
	Real      string          `json:"__REALTIME_TIMESTAMP"`
	Mono      string          `json:"__MONOTONIC_TIMESTAMP"`
	Source    string          `json:"_SOURCE_MONOTONIC_TIMESTAMP"`

	text string
	line int
	seen bool // interesting
}

var errMessage = errors.New("a MESSAGE that is neither text nor bytes")

// journal reads a line of journalctl -o json.
func (r *Reader) journal(b []byte) error {
	b = bytes.TrimLeft(b, "\x1e ") // -o json-seq
	// Text that is not UTF-8 stands there as an array of bytes.
	if !interesting(b) && !bytes.Contains(b, []byte(`"MESSAGE":[`)) && !bytes.Contains(b, []byte(`"MESSAGE" : [`)) {
		return nil
	}
	if len(b) == 0 || b[0] != '{' {
		return nil
	}
	var e entry
	if err := json.Unmarshal(b, &e); err != nil {
		return lines.Error(r.lines.Number(), b, err)
	}
	var ok bool
	if e.text, ok = messageText(e.Message); !ok {
		return lines.Error(r.lines.Number(), b, errMessage)
	}
	e.line = r.lines.Number()
	return r.entered(&e)
}

// messageText reads a string, or an array of bytes; empty for null, which
// stands for what is too long.
func messageText(raw json.RawMessage) (string, bool) {
	if len(raw) == 0 || bytes.Equal(raw, []byte("null")) {
		return "", true
	}
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s, true
	}
	var n []uint8
	var wide []int
	if json.Unmarshal(raw, &wide) != nil {
		return "", false
	}
	for _, v := range wide {
		n = append(n, byte(v))
	}
	return string(n), true
}

// entered takes a record of the journal.
func (r *Reader) entered(e *entry) error {
	m := message{text: e.text, host: e.Host, boot: e.Boot, line: e.line}
	m.foreign = e.Transport != "" && e.Transport != "kernel" || e.Transport == "" && e.Program != "" && e.Program != "kernel"
	wall, hasWall := micros(e.Real)
	mono, hasMono := micros(e.Mono)
	source, hasSource := micros(e.Source)
	switch {
	case hasWall && hasMono && hasSource:
		m.wall, m.hasWall, m.fine = time.Unix(0, wall-mono+source), true, true
	case hasWall:
		m.wall, m.hasWall, m.fine = time.Unix(0, wall), true, true
	case hasSource:
		m.mono, m.hasMono = source, true
	}
	return r.message(&m)
}

// micros reads microseconds into nanoseconds.
func micros(s string) (int64, bool) {
	n, err := strconv.ParseInt(s, 10, 64)
	return n * 1e3, err == nil && n >= 0 && n < 1<<53
}

// export reads a line of journalctl -o export
// (https://systemd.io/JOURNAL_EXPORT_FORMATS): NAME=value, and an empty line
// behind each record.
func (r *Reader) export(b []byte) error {
	e := &r.entry
	if len(b) == 0 {
		done := *e
		*e = entry{}
		if !done.seen {
			return nil
		}
		return r.entered(&done)
	}
	name, value, ok := bytes.Cut(b, []byte("="))
	if !ok {
		return nil // a field in binary
	}
	switch string(name) {
	case "MESSAGE":
		if e.seen = interesting(value); e.seen {
			e.text, e.line = string(value), r.lines.Number()
		}
	case "_HOSTNAME":
		e.Host = string(value)
	case "_BOOT_ID":
		e.Boot = string(value)
	case "_TRANSPORT":
		e.Transport = string(value)
	case "SYSLOG_IDENTIFIER":
		e.Program = string(value)
	case "__REALTIME_TIMESTAMP":
		e.Real = string(value)
	case "__MONOTONIC_TIMESTAMP":
		e.Mono = string(value)
	case "_SOURCE_MONOTONIC_TIMESTAMP":
		e.Source = string(value)
	}
	return nil
}

// dmesg reads a line of dmesg --json: each field stands on a line of its own,
// the message last.
func (r *Reader) dmesg(b []byte) error {
	b = bytes.TrimSpace(b)
	if len(b) == 0 || b[0] != '"' {
		if bytes.HasSuffix(b, []byte("{")) {
			r.entry = entry{}
		}
		return nil
	}
	name, value, ok := bytes.Cut(b, []byte(":"))
	if !ok {
		return nil
	}
	value = bytes.TrimSuffix(bytes.TrimSpace(value), []byte(","))
	switch string(name) {
	case `"pri"`:
		p, err := strconv.ParseUint(string(value), 10, 32)
		r.entry.seen = err == nil && p>>3 != 0 // a program wrote it
	case `"time"`:
		r.entry.Source = string(value)
	case `"msg"`:
		if !interesting(value) {
			return nil
		}
		m := message{line: r.lines.Number(), foreign: r.entry.seen}
		if err := json.Unmarshal(value, &m.text); err != nil {
			return lines.Error(m.line, value, err)
		}
		m.mono, m.hasMono = seconds(r.entry.Source)
		return r.message(&m)
	}
	return nil
}

// isJournal reports whether a line is one of journalctl -o json.
func isJournal(b []byte) bool {
	return bytes.Contains(b, []byte(`"__REALTIME_TIMESTAMP"`)) && bytes.Contains(b, []byte(`"MESSAGE"`))
}
