package kernel

import "slices"

// State is the answer to one check.
type State string

// The three answers.
const (
	OK      State = "ok"      // it is there and works
	No      State = "no"      // it is not there, or it is refused
	Unknown State = "unknown" // it could not be asked
)

// Use is something that people do with pktrail.
type Use string

// The uses that checks are for.
const (
	Capture Use = "capture"
	Trace   Use = "trace"
)

// Check is one question and its answer.
type Check struct {
	// Name of what was asked for, short and stable: "packet ring",
	// "CAP_NET_RAW".
	Name string `json:"name"`
	// State is the answer.
	State State `json:"state"`
	// Detail is what was found, in a few words.
	Detail string `json:"detail,omitempty"`
	// Hint says what is lost, or what would help, where the answer is not
	// OK.
	Hint string `json:"hint,omitempty"`
	// Needs are the uses that do not work without it.
	Needs []Use `json:"needs,omitempty"`
	// Helps are the uses that work without it, but not in every case: the
	// hint says in which.
	Helps []Use `json:"helps,omitempty"`
}

// Works says whether a use will work: No if something that it needs is
// missing, Unknown if something that it needs could not be asked, else OK.
func Works(checks []Check, u Use) State {
	state := OK
	for _, c := range checks {
		switch {
		case !slices.Contains(c.Needs, u) || c.State == OK:
		case c.State == No:
			return No
		default:
			state = Unknown
		}
	}
	return state
}
