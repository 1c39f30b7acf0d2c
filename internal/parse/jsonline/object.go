package jsonline

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
)

// ErrSyntax is an object that is not one, or that is cut.
var ErrSyntax = errors.New("not a JSON object")

// Object is an object that is walked through.
type Object struct {
	b     []byte
	begun bool
	err   error
}

// Open begins with the object in b. What follows behind it is not looked at.
func Open(b []byte) Object {
	o := Object{b: space(b)}
	if len(o.b) == 0 || o.b[0] != '{' {
		o.err = ErrSyntax
		return o
	}
	o.b = o.b[1:]
	return o
}

// Err is what ended the walk; nil for the end of the object.
func (o *Object) Err() error { return o.err }

// Next gives the next member: its name as it stands between the quotes, and
// its value as JSON. It returns false behind the last one, and at an error.
func (o *Object) Next() (name, value []byte, ok bool) {
	if o.err != nil || o.b == nil {
		return nil, nil, false
	}
	o.b = space(o.b)
	if len(o.b) > 0 && o.b[0] == '}' {
		o.b = nil
		return nil, nil, false
	}
	if o.begun {
		if len(o.b) == 0 || o.b[0] != ',' {
			return o.fail()
		}
		o.b = space(o.b[1:])
	}
	o.begun = true
	n := quoted(o.b)
	if n == 0 {
		return o.fail()
	}
	name, o.b = o.b[1:n-1], space(o.b[n:])
	if len(o.b) == 0 || o.b[0] != ':' {
		return o.fail()
	}
	o.b = space(o.b[1:])
	n = length(o.b)
	if n == 0 {
		return o.fail()
	}
	value, o.b = o.b[:n], o.b[n:]
	return name, value, true
}

func (o *Object) fail() (name, value []byte, ok bool) {
	o.err, o.b = ErrSyntax, nil
	return nil, nil, false
}

// Elements calls f with each element of an array, until it returns false. It
// does nothing where there is none.
func Elements(b []byte, f func(value []byte) bool) {
	b = space(b)
	if len(b) == 0 || b[0] != '[' {
		return
	}
	for b = space(b[1:]); len(b) > 0 && b[0] != ']'; {
		n := length(b)
		if n == 0 || !f(b[:n]) {
			return
		}
		if b = space(b[n:]); len(b) == 0 || b[0] != ',' {
			return
		}
		b = space(b[1:])
	}
}

// Text is a string's bytes; nil for what is none. It is a part of value where
// nothing in it is escaped.
func Text(value []byte) []byte {
	if len(value) < 2 || value[0] != '"' {
		return nil
	}
	inner := value[1 : len(value)-1]
	if bytes.IndexByte(inner, '\\') < 0 {
		return inner
	}
	var s string
	if json.Unmarshal(value, &s) != nil {
		return nil
	}
	return []byte(s)
}

// Uint is a number, or one in a string as protobuf writes those of 64 bits; 0
// for what is none.
func Uint(value []byte) uint64 {
	if len(value) > 1 && value[0] == '"' {
		value = value[1 : len(value)-1]
	}
	if len(value) == 0 || len(value) > 20 {
		return 0
	}
	n, err := strconv.ParseUint(string(value), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// True reports whether a value is true.
func True(value []byte) bool { return string(value) == "true" }

func space(b []byte) []byte {
	for len(b) > 0 && (b[0] == ' ' || b[0] == '\t' || b[0] == '\n' || b[0] == '\r') {
		b = b[1:]
	}
	return b
}

// quoted is the length of the string that b begins with; 0 if it is none.
func quoted(b []byte) int {
	if len(b) < 2 || b[0] != '"' {
		return 0
	}
	for n := 1; ; {
		i := bytes.IndexByte(b[n:], '"')
		if i < 0 {
			return 0
		}
		n += i
		escapes := 0
		for b[n-1-escapes] == '\\' {
			escapes++
		}
		n++
		if escapes%2 == 0 {
			return n
		}
	}
}

// length is that of the value that b begins with; 0 if it is none.
func length(b []byte) int {
	if len(b) == 0 {
		return 0
	}
	switch b[0] {
	case '"':
		return quoted(b)
	case '{', '[':
		return nested(b)
	}
	n := 0
	for n < len(b) && bytes.IndexByte([]byte(",]} \t\r\n:\"{["), b[n]) < 0 {
		n++
	}
	return n
}

// nested is the length of an object or array.
func nested(b []byte) int {
	depth := 0
	for n := 0; n < len(b); {
		switch b[n] {
		case '"':
			q := quoted(b[n:])
			if q == 0 {
				return 0
			}
			n += q
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return n + 1
			}
		}
		n++
	}
	return 0
}
