package iproute

import (
	"strconv"

	"github.com/pktrail/pktrail/internal/netstate"
)

// sentWriter writes what the kernel sent, and nothing for what it did not: ip
// looks at each attribute alone. Each method has the attribute's number, the
// name in JSON and the word before the value in text.
type sentWriter struct {
	w    *writer
	sent netstate.Sent
}

func (l *linkListing) sent(s netstate.Sent) sentWriter { return sentWriter{&l.w, s} }

func (s sentWriter) has(n int) bool { return s.sent.Has(n) }

func (s sentWriter) num(n int, key, word string, v uint64) {
	if s.has(n) {
		s.w.unum(key, word+" ", v, " ")
	}
}

func (s sentWriter) signed(n int, key, word string, v int32) {
	if s.has(n) {
		s.w.num(key, word+" ", int64(v), " ")
	}
}

func (s sentWriter) flag(n int, key, word string, v bool) {
	if v {
		s.num(n, key, word, 1)
	} else {
		s.num(n, key, word, 0)
	}
}

func (s sentWriter) str(n int, key, word, v string) {
	if s.has(n) {
		s.w.str(key, word+" ", v, " ")
	}
}

func (s sentWriter) hex(n int, key, word string, v uint64) {
	if s.has(n) {
		s.w.hex(key, word+" ", v, " ")
	}
}

func (s sentWriter) onOff(n int, key, word string, v bool) {
	if s.has(n) {
		s.w.onOff(key, word, v)
	}
}

// timer writes what is left of a timer in seconds.
func (s sentWriter) timer(n int, key string, ticks uint64) {
	if !s.has(n) {
		return
	}
	const perSecond = 100 // USER_HZ
	sec, part := strconv.FormatUint(ticks/perSecond, 10), strconv.FormatUint(ticks%perSecond, 10)
	if len(part) < 2 {
		part = "0" + part
	}
	if s.w.json {
		s.w.name(key)
		s.w.b = append(append(append(s.w.b, sec...), '.'), part...)
		return
	}
	s.w.text(key + " " + pad(sec, 4) + "." + part + " ")
}

// onOff writes a boolean, which is "on" or "off" in text.
func (w *writer) onOff(key, word string, v bool) {
	text := word + " off "
	if v {
		text = word + " on "
	}
	w.boolean(key, text, v)
}

// yes writes that something is so, and nothing if it is not.
func (w *writer) yes(key, text string, v bool) {
	if v {
		w.boolean(key, text, true)
	}
}

// pad puts spaces before a text that is too short.
func pad(s string, width int) string {
	for len(s) < width {
		s = " " + s
	}
	return s
}
