package jsonl

import (
	"io"

	"github.com/pktrail/pktrail/internal/compare"
	"github.com/pktrail/pktrail/internal/trail"
)

// verdict has every member in every line: a program asks for .missed or
// .findings without looking whether it is there.
type verdict struct {
	Outcome   trail.Outcome     `json:"outcome"`
	Node      string            `json:"node"`
	Namespace string            `json:"namespace"`
	At        string            `json:"at"`
	Reason    string            `json:"reason"`
	Rule      string            `json:"rule"`
	Route     string            `json:"route"`
	Text      string            `json:"text"`
	Basis     trail.Basis       `json:"basis"`
	Missed    map[string]uint64 `json:"missed"`
	Findings  []finding         `json:"findings"`
}

// finding is trail.Finding with lists that are never null.
type finding struct {
	ID       string           `json:"id"`
	Cause    string           `json:"cause"`
	Why      string           `json:"why"`
	Basis    trail.Basis      `json:"basis"`
	Evidence []trail.Evidence `json:"evidence"`
	Check    []string         `json:"check"`
	Fix      []string         `json:"fix"`
}

func verdictOf(v *trail.Verdict) verdict {
	out := verdict{
		Outcome: v.Outcome, Node: v.Node, Namespace: v.Namespace, At: v.At, Reason: v.Reason, Rule: v.Rule,
		Route: v.Route, Text: v.Text, Basis: v.Basis, Missed: v.Missed, Findings: []finding{},
	}
	if out.Outcome == "" {
		out.Outcome = trail.Unknown
	}
	if out.Missed == nil {
		out.Missed = map[string]uint64{}
	}
	for _, f := range v.Findings {
		out.Findings = append(out.Findings, finding{f.ID, f.Cause, f.Why, f.Basis, list(f.Evidence), list(f.Check), list(f.Fix)})
	}
	return out
}

// list is never null in JSON.
func list[T any](of []T) []T {
	if of == nil {
		return []T{}
	}
	return of
}

// Verdict writes what became of the packets of a run: its last line.
func Verdict(w io.Writer, v *trail.Verdict) error {
	return write(w, struct {
		Kind string `json:"kind"`
		verdict
	}{"verdict", verdictOf(v)})
}

// Session writes how a run was made: what was armed, what is blind, how the
// probe went.
func Session(w io.Writer, s *trail.Session) error {
	return write(w, struct {
		Kind string `json:"kind"`
		trail.Session
	}{"session", *s})
}

// Diff writes two trails that were compared: what they are called, their steps
// side by side, and what differs, the first difference first.
func Diff(w io.Writer, good, bad string, d *compare.Diff) error {
	return write(w, struct {
		Kind string `json:"kind"`
		Good string `json:"good"`
		Bad  string `json:"bad"`
		Same bool   `json:"same"`
		compare.Diff
	}{"diff", good, bad, len(d.Differences) == 0, *d})
}
