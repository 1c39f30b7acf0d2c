package iproute

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// object is an object of JSON with its members in their order: ip writes some
// keys twice, those of a tunnel among those of its route.
type object []member

type member struct {
	key   string
	value any
}

// find gives the first member of a name; nil if there is none.
func (o object) find(key string) any {
	for _, m := range o {
		if m.key == key {
			return m.value
		}
	}
	return nil
}

func (o object) has(key string) bool {
	for _, m := range o {
		if m.key == key {
			return true
		}
	}
	return false
}

// depth of JSON that ip does not come near.
const maxDepth = 32

// decodeJSON reads one value: an object, a []any, a string, a json.Number, a
// bool or nil.
func decodeJSON(d *json.Decoder, depth int) (any, error) {
	t, err := d.Token()
	if err != nil {
		return nil, err
	}
	delim, ok := t.(json.Delim)
	if !ok {
		return t, nil
	}
	if depth > maxDepth {
		return nil, fmt.Errorf("more than %d levels", maxDepth)
	}
	if delim == '[' {
		list := []any{}
		for d.More() {
			v, err := decodeJSON(d, depth+1)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		_, err := d.Token()
		return list, err
	}
	o := object{}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, err
		}
		v, err := decodeJSON(d, depth+1)
		if err != nil {
			return nil, err
		}
		name, _ := key.(string)
		o = append(o, member{name, v})
	}
	_, err = d.Token()
	return o, err
}

// leadingJSON reads the value that text begins with, and says how many bytes
// it takes.
func leadingJSON(text string) (any, int, error) {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	v, err := decodeJSON(d, 0)
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return v, int(d.InputOffset()), err
}

// scalar writes a value of JSON as a word: null is "".
func scalar(v any) (string, bool) {
	switch v := v.(type) {
	case nil:
		return "", true
	case string:
		return v, true
	case json.Number:
		return v.String(), true
	case bool:
		if v {
			return "true", true
		}
		return "false", true
	}
	return "", false
}
