// Package diagnose says what became of a packet, and why.
//
// A trail comes in, with what is known beside it (Context); a trail.Verdict
// goes out: the outcome, the place, one sentence, and findings, each a cause
// with its evidence, commands that show it and commands that mend it.
//
// The package is pure: it opens nothing and asks nobody. What the kernel was
// asked stands in the observations. Each finding is a file here and a page in
// docs/findings. What was not seen counts only where it would have been seen:
// see Context.Armed, Missed and Blind.
package diagnose
