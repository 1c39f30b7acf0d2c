package iproute

import (
	"bytes"
	"encoding/json"
	"strconv"
)

// writer writes one listing, as text or as JSON. Each thing is given once with
// both its forms: ip's own text has no rule by which words follow their names,
// and the order in both forms is the same.
//
// A method with a key writes a member of an object, and an element of an array
// if the key is empty. Its text form is pre, the value, and post.
type writer struct {
	json bool
	b    []byte
}

// text writes what is there in the text form alone.
func (w *writer) text(s string) {
	if !w.json {
		w.b = append(w.b, s...)
	}
}

// open begins an object of JSON, openArray an array; close and closeArray end
// them.
func (w *writer) open(key string) { w.begin(key, '{') }

func (w *writer) openArray(key string) { w.begin(key, '[') }

func (w *writer) begin(key string, c byte) {
	if w.json {
		w.name(key)
		w.b = append(w.b, c)
	}
}

func (w *writer) close() {
	if w.json {
		w.b = append(w.b, '}')
	}
}

func (w *writer) closeArray() {
	if w.json {
		w.b = append(w.b, ']')
	}
}

// end ends a listing.
func (w *writer) end() {
	if w.json {
		w.b = append(w.b, '\n')
	}
}

// name writes what stands before a value of JSON: a comma if one precedes, and
// the key.
func (w *writer) name(key string) {
	if n := len(w.b); n > 0 {
		switch w.b[n-1] {
		case '{', '[', ':':
		default:
			w.b = append(w.b, ',')
		}
	}
	if key != "" {
		w.quote(key)
		w.b = append(w.b, ':')
	}
}

// str writes a string.
func (w *writer) str(key, pre, v, post string) {
	if w.json {
		w.name(key)
		w.quote(v)
		return
	}
	w.b = append(append(append(w.b, pre...), v...), post...)
}

// num writes a number.
func (w *writer) num(key, pre string, v int64, post string) {
	if w.json {
		w.name(key)
		w.b = strconv.AppendInt(w.b, v, 10)
		return
	}
	w.b = append(strconv.AppendInt(append(w.b, pre...), v, 10), post...)
}

// unum writes a number of 64 bits without a sign.
func (w *writer) unum(key, pre string, v uint64, post string) {
	if w.json {
		w.name(key)
		w.b = strconv.AppendUint(w.b, v, 10)
		return
	}
	w.b = append(strconv.AppendUint(append(w.b, pre...), v, 10), post...)
}

// hex writes a number as C's %#x does, which is a string in JSON.
func (w *writer) hex(key, pre string, v uint64, post string) { w.str(key, pre, hexText(v), post) }

// null writes a member that is there or not: null in JSON.
func (w *writer) null(key, text string) {
	if w.json {
		w.name(key)
		w.b = append(w.b, "null"...)
		return
	}
	w.b = append(w.b, text...)
}

// boolean writes true or false; the text form is the given one.
func (w *writer) boolean(key, text string, v bool) {
	if w.json {
		w.name(key)
		w.b = strconv.AppendBool(w.b, v)
		return
	}
	w.b = append(w.b, text...)
}

// quote writes a string of JSON.
func (w *writer) quote(s string) {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			var b bytes.Buffer
			e := json.NewEncoder(&b)
			e.SetEscapeHTML(false)
			if e.Encode(s) == nil { // a string always can be
				w.b = append(w.b, bytes.TrimSuffix(b.Bytes(), []byte("\n"))...)
			}
			return
		}
	}
	w.b = append(append(append(w.b, '"'), s...), '"')
}

// hexText is C's %#x: zero has no prefix.
func hexText(v uint64) string {
	if v == 0 {
		return "0"
	}
	return "0x" + strconv.FormatUint(v, 16)
}
