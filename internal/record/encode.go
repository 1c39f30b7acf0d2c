package record

import (
	"encoding/json"
	"strconv"

	"github.com/pktrail/pktrail/internal/trail"
)

// appendObserved writes the JSON of the option "observation" as encoding/json
// would write it, without what the frame says: a trace makes some 40 of these
// for each packet, most of them of a few numbers.
func appendObserved(b []byte, o *trail.Observation, also []trail.Observation) ([]byte, error) {
	b = append(b, '{')
	start := len(b)
	var err error
	if o.Late {
		b = appendName(b, start, "late")
		b = append(b, "true"...)
	}
	if o.Stage != "" {
		b = appendName(b, start, "stage")
		b = appendWord(b, string(o.Stage))
	}
	b = appendNumber(b, start, "flight", o.Flight)
	b = appendNumber(b, start, "cpu", uint64(max(o.CPU, 0)))
	b = appendNumber(b, start, "mark", uint64(o.Mark))
	b = appendNumber(b, start, "merged", uint64(max(o.Merged, 0)))
	if b, err = appendDecisions(b, start, o); err != nil {
		return b, err
	}
	b = appendNumber(b, start, "copy", uint64(max(o.Copy, 0)))
	if len(also) > 0 {
		if b, err = appendValue(b, start, "also", true, also); err != nil {
			return b, err
		}
	}
	return append(b, '}'), nil
}

// appendDecisions writes what is there for few packets only.
func appendDecisions(b []byte, start int, o *trail.Observation) ([]byte, error) {
	var err error
	for _, v := range []struct {
		name  string
		has   bool
		value any
	}{
		{"hook", o.Hook != nil, o.Hook},
		{"rules", len(o.Rules) > 0, o.Rules},
		{"route", o.Route != nil, o.Route},
		{"neighbour", o.Neighbour != nil, o.Neighbour},
		{"transmit", o.Transmit != nil, o.Transmit},
		{"refusal", o.Refusal != nil, o.Refusal},
		{"drop", o.Drop != nil, o.Drop},
		{"socket", o.Socket != nil, o.Socket},
		{"conntrack", o.Conntrack != nil, o.Conntrack},
		{"answers", len(o.Answers) > 0, o.Answers},
		{"settings", len(o.Settings) > 0, o.Settings},
		{"changes", len(o.Changes) > 0, o.Changes},
	} {
		if b, err = appendValue(b, start, v.name, v.has, v.value); err != nil {
			return b, err
		}
	}
	return b, nil
}

// appendName writes a member's name, with a comma unless it is the first.
func appendName(b []byte, start int, name string) []byte {
	if len(b) > start {
		b = append(b, ',')
	}
	b = append(b, '"')
	b = append(b, name...)
	return append(b, '"', ':')
}

func appendNumber(b []byte, start int, name string, v uint64) []byte {
	if v == 0 {
		return b
	}
	return strconv.AppendUint(appendName(b, start, name), v, 10)
}

func appendValue(b []byte, start int, name string, has bool, v any) ([]byte, error) {
	if !has {
		return b, nil
	}
	text, err := json.Marshal(v)
	if err != nil {
		return b, err
	}
	return append(appendName(b, start, name), text...), nil
}

// appendWord writes a string; words of our own need no escapes.
func appendWord(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < 0x20 || c >= 0x7f || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			text, err := json.Marshal(s)
			if err != nil {
				return append(b, `""`...)
			}
			return append(b, text...)
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}
