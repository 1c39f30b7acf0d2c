package record

import (
	"encoding/json"
	"math"
	"strconv"

	"github.com/pktrail/pktrail/internal/trail"
)

// decodeObserved reads the JSON of the option "observation". Members of a few
// numbers, as most observations have them, are read here; what else stands in
// it is left to encoding/json.
func decodeObserved(b []byte, o *trail.Observation, also *[]trail.Observation) bool {
	*o, *also = trail.Observation{}, nil
	if quick(b, o) {
		return true
	}
	var v observed
	if json.Unmarshal(b, &v) != nil {
		return false
	}
	*o, *also = v.Observation, v.Also
	return true
}

// quick reads an object of which it knows every member; it returns false, with
// o in disorder, for any other.
func quick(b []byte, o *trail.Observation) bool {
	if len(b) < 2 || b[0] != '{' || b[len(b)-1] != '}' {
		return false
	}
	b = b[1 : len(b)-1]
	for len(b) > 0 {
		name, rest, ok := quickName(b)
		if !ok {
			return false
		}
		value, rest, ok := quickValue(rest)
		if !ok || !quickMember(o, name, value) {
			return false
		}
		b = rest
	}
	return true
}

// quickName cuts `"name":` off.
func quickName(b []byte) (name, rest []byte, ok bool) {
	if b[0] != '"' {
		return nil, nil, false
	}
	for i := 1; i < len(b)-1; i++ {
		switch c := b[i]; {
		case c == '"':
			return b[1:i], b[i+2:], b[i+1] == ':'
		case c < 'A' || c > 'z' || c == '\\':
			return nil, nil, false
		}
	}
	return nil, nil, false
}

// quickValue cuts a number or a word without escapes off, and the comma behind
// it. A word keeps its first quote.
func quickValue(b []byte) (value, rest []byte, ok bool) {
	if len(b) == 0 {
		return nil, nil, false
	}
	end := 0
	if b[0] == '"' {
		for end = 1; end < len(b) && b[end] != '"'; end++ {
			if c := b[end]; c < 'A' || c > 'z' || c == '\\' {
				return nil, nil, false
			}
		}
		if end == len(b) {
			return nil, nil, false
		}
		value, rest = b[:end], b[end+1:]
	} else {
		for end < len(b) && b[end] >= '0' && b[end] <= '9' {
			end++
		}
		value, rest = b[:end], b[end:]
	}
	switch {
	case len(value) == 0:
		return nil, nil, false
	case len(rest) == 0:
		return value, nil, true
	case rest[0] == ',' && len(rest) > 1:
		return value, rest[1:], true
	}
	return nil, nil, false
}

func quickMember(o *trail.Observation, name, value []byte) bool {
	if value[0] == '"' {
		if string(name) != "stage" {
			return false
		}
		o.Stage = stageOf(value[1:])
		return true
	}
	if len(value) > 1 && value[0] == '0' {
		return false
	}
	n, err := strconv.ParseUint(string(value), 10, 64)
	if err != nil {
		return false
	}
	switch string(name) {
	case "flight":
		o.Flight = n
	case "cpu":
		o.CPU = int(n)
		return n <= math.MaxInt32
	case "mark":
		o.Mark = uint32(n)
		return n <= math.MaxUint32
	case "merged":
		o.Merged = int(n)
		return n <= math.MaxInt32
	default:
		return false
	}
	return true
}

// stageOf spares the stages that nearly all observations have their memory.
func stageOf(b []byte) trail.Stage {
	for _, s := range [...]trail.Stage{trail.StageReceive, trail.StageQueue, trail.StageTransmit, trail.StageHook, trail.StageConsume, trail.StageCapture} {
		if string(b) == string(s) {
			return s
		}
	}
	return trail.Stage(b)
}
