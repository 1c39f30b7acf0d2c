package iproute

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// field is one thing that a listing says: behind a word in text, under a key
// in JSON.
type field struct {
	// word is empty for what stands in JSON alone, key for what stands in text
	// alone.
	word, key string
	// flag is true if no value follows the word.
	flag bool
	// set takes the value, "" of a flag. read takes it in text instead, value in
	// JSON, where it is more than one word.
	set   setter
	read  func(*scanner) error
	value func(any) error
}

type setter func(string) error

// word is a field with one value.
func word(word, key string, set setter) field { return field{word: word, key: key, set: set} }

// flag is a field without one.
func flag(word, key string, set setter) field {
	return field{word: word, key: key, set: set, flag: true}
}

// form fills in what a listing says of one thing. Groups of fields stand above
// each other: what the top one does not know ends it.
type form struct {
	groups [][]field
	// unknown are words and keys that no field has.
	unknown []string
	err     error
	// crossed is true if a route's router is said to be of another family than
	// the route may be.
	crossed bool
}

func newForm(fields []field) *form { return &form{groups: [][]field{fields}} }

// push puts fields above all others.
func (f *form) push(fields []field) { f.groups = append(f.groups, fields) }

// find finds the field and takes it away: nothing is said twice by one group.
func (f *form) find(is func(*field) bool) *field {
	for i, group := range slices.Backward(f.groups) {
		for j := range group {
			if one := &group[j]; is(one) {
				f.groups = f.groups[:i+1]
				found := *one
				one.word, one.key = "", ""
				return &found
			}
		}
	}
	return nil
}

// knows reports whether a word is a field's.
func (f *form) knows(word string) bool {
	for _, g := range f.groups {
		for i := range g {
			if g[i].word == word && word != "" {
				return true
			}
		}
	}
	return false
}

// text takes the words of a line.
func (f *form) text(s *scanner) {
	for {
		word := s.next()
		if word == "" {
			return
		}
		f.word(word, s)
	}
}

// bracketed is the field of a bare word in brackets: "<REORDER_HDR,GVRP>".
const bracketed = "<...>"

func (f *form) word(word string, s *scanner) {
	if inner, ok := strings.CutPrefix(word, "<"); ok && f.knows(bracketed) {
		word, s = bracketed, &scanner{[]string{strings.TrimSuffix(inner, ">")}}
	}
	one := f.find(func(c *field) bool { return c.word == word })
	switch {
	case one == nil:
		f.unknown = append(f.unknown, word)
	case one.read != nil:
		f.failed(word, one.read(s))
	case one.flag:
		f.failed(word, one.set(""))
	default:
		missing := len(s.words) == 0
		v := s.next()
		if missing {
			f.failed(word, errors.New("its value is missing"))
			return
		}
		f.failed(word, one.set(v))
	}
}

// object takes the members of an object of JSON.
func (f *form) object(o object) {
	for _, m := range o {
		one := f.find(func(c *field) bool { return c.key == m.key && m.key != "" })
		if one == nil {
			f.unknown = append(f.unknown, m.key)
			continue
		}
		if one.value != nil {
			f.failed(m.key, one.value(m.value))
			continue
		}
		v, ok := scalar(m.value)
		if !ok {
			f.failed(m.key, errors.New("it is no single value"))
			continue
		}
		f.failed(m.key, one.set(v))
	}
}

// failed keeps the first error.
func (f *form) failed(word string, err error) {
	if err != nil && f.err == nil {
		f.err = fmt.Errorf("read %s: %w", word, err)
	}
}

// problem is what was not understood; nil if all was.
func (f *form) problem() error {
	if f.err == nil && len(f.unknown) > 0 {
		return fmt.Errorf("unknown word %q", f.unknown[0])
	}
	return f.err
}
