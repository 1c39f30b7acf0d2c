package text

import (
	"cmp"
	"io"
	"slices"
	"strconv"

	"github.com/pktrail/pktrail/internal/trail"
)

// TraceResult is what a trace found, ready to be shown.
type TraceResult struct {
	// Session is how it was made: what was armed where, what is blind, how the
	// probe went. Without it there is no header.
	Session *trail.Session
	// Action is what was done to see packets, in words: "one connect() from
	// client"; empty for nothing.
	Action string
	// Folds are the ways that packets took, in the order of their first.
	Folds []Fold
	// Offsets are what was added to the times of a node to have them on the
	// clock of the first, in ns, with the opposite sign: how far its clock is
	// ahead.
	Offsets map[string]int64
	// Verdict is that of the run: the worst.
	Verdict trail.Verdict
	// Span is from the first packet's start to the last one's, in ns.
	Span int64
}

// Fold is packets that took one way and ended alike.
type Fold struct {
	// Trail stands for them all.
	Trail *trail.Trail
	// Count is how many there were; 0 is one.
	Count   int
	Verdict trail.Verdict
	// Answer is the way back; nil if there was none, or nobody asked.
	Answer *Fold
}

// TraceOptions say how much is shown.
type TraceOptions struct {
	Style Style
	// Verbose shows every observation with all that is known of it.
	Verbose bool
	// NoHeader leaves out the header, where Header showed it before.
	NoHeader bool
}

// maxFolds bounds how many ways are shown without Verbose.
const maxFolds = 6

// Trace writes the ways that packets took as trees, the worst last, and below
// them what became of them and why.
func Trace(w io.Writer, r *TraceResult, o TraceOptions) error {
	p := page{style: o.Style}
	if r.Session != nil && !o.NoHeader {
		p.header(r.Session, r.Action)
	}
	folds := slices.Clone(r.Folds)
	folds = slices.DeleteFunc(folds, func(f Fold) bool { return f.Trail == nil })
	slices.SortStableFunc(folds, func(a, b Fold) int { return cmp.Compare(rank(a.worst()), rank(b.worst())) })
	shown := folds
	if n := len(folds) - maxFolds; n > 0 && !o.Verbose {
		shown = folds[n:]
		p.put(spans{{text: Count(n, "other way") + " of " + strconv.Itoa(len(folds)) + " not shown (-v)", tone: dim}}, 2)
	}
	for i := range shown {
		p.fold(&shown[i], r.Offsets, &o)
	}
	p.conversation(r.Session, shown)
	p.verdict(r, folds)
	_, err := io.WriteString(w, p.b.String())
	return err
}

// worst is the worse of the outcomes of both directions.
func (f *Fold) worst() trail.Outcome {
	out := f.Verdict.Outcome
	if f.Answer != nil && rank(f.Answer.Verdict.Outcome) > rank(out) {
		return f.Answer.Verdict.Outcome
	}
	return out
}

func (f *Fold) count() int { return max(f.Count, 1) }

// rank orders outcomes from good to bad; what is not known is worse than what
// is delivered and better than what is known to be bad.
func rank(o trail.Outcome) int {
	return slices.Index([]trail.Outcome{trail.Delivered, trail.Unknown, trail.Parked, trail.Rejected, trail.Dropped, trail.Lost}, o)
}

// fold shows one way and the answer to it.
func (p *page) fold(f *Fold, offsets map[string]int64, o *TraceOptions) {
	p.tree(f, "", offsets, o)
	if f.Answer == nil || f.Answer.Trail == nil {
		return
	}
	if f.Answer.Verdict.Outcome == trail.Delivered && !o.Verbose && mirrored(f.Trail, f.Answer.Trail) {
		p.reply(f)
		return
	}
	p.tree(f.Answer, "reply  ", offsets, o)
}
