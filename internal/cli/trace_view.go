package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"golang.org/x/term"

	"github.com/pktrail/pktrail/internal/action"
	"github.com/pktrail/pktrail/internal/render/jsonl"
	"github.com/pktrail/pktrail/internal/render/text"
	"github.com/pktrail/pktrail/internal/trail"
)

// traceView is how a trace is shown.
type traceView struct {
	json, verbose, all bool

	streams Streams
	options *action.TraceOptions
	session trail.Session
	live    liveLine
	noted   []string
	begun   bool // JSON lines were printed before the end
}

// runTrace runs a trace, shows it, and ends with the exit code of its outcome.
func runTrace(ctx context.Context, s Streams, o *action.TraceOptions, v *traceView) error {
	v.streams, v.options = s, o
	switch {
	case o.Output == "-" && v.json:
		return action.Usage("leave one of them out", errors.New("--json with -o -"))
	case o.Output == "-" && isTerminal(s.Out):
		return action.Usage("-o FILE, or a pipe: pktrail trace ... -o - | wireshark -k -i -", errors.New("stdout is a terminal: packets are not for it"))
	}
	ev := action.TraceEvents{Placing: v.placing, Armed: v.armed, Note: v.note}
	if v.json {
		ev.More = v.more
	}
	if isTerminal(s.Err) && o.Request.Probe.Proto == "" {
		ev.Progress = v.progress
	}
	r, err := action.Trace(ctx, *o, ev)
	v.live.clear(v.streams.Err)
	if r.EndedBy != "" && !r.Session.Armed.IsZero() {
		if e := v.show(&r); err == nil && e != nil && !action.IsClosed(e) {
			err = fmt.Errorf("write output: %w", e)
		}
	}
	if err != nil || r.EndedBy == "" {
		return err
	}
	return outcomeCode(&r)
}

// outcomeCode is the exit code that says what became of the packets.
func outcomeCode(r *action.TraceResult) error {
	switch r.Verdict.Outcome {
	case trail.Delivered:
		return nil
	case trail.Unknown:
		return exitError(exitUnknown)
	}
	return exitError(exitNotArrived)
}

// placing says what will be created on a cluster.
func (v *traceView) placing(plan []string) {
	for _, line := range plan {
		fmt.Fprintln(v.streams.Err, oneLine(line))
	}
}

// armed says what is watched and what will end it.
func (v *traceView) armed(s trail.Session) {
	v.session = s
	if v.json {
		v.armedLine()
		return
	}
	if err := text.Header(v.streams.Err, &s, v.action(), style(v.streams.Err)); err != nil {
		return // nobody reads the talk: the answer still counts
	}
	if v.options.Request.Probe.Proto == "" {
		v.talk(fmt.Sprintf("waiting for packets between %s and %s; %s", s.Source.Label, s.Destination.Label, v.limits()))
	}
}

// armedLine is the header's first line: beside JSON a script waits for it, and
// the rest is in the session's line.
func (v *traceView) armedLine() {
	var b bytes.Buffer
	_ = text.Header(&b, &v.session, v.action(), text.Style{}) // cannot err: a buffer takes everything
	line, _, _ := strings.Cut(strings.ReplaceAll(b.String(), "\n  ", " "), "\n")
	v.live.clear(v.streams.Err)
	v.talk(line)
}

// action says in words what was done to see packets.
func (v *traceView) action() string {
	from := v.session.Source.Label
	switch v.options.Request.Probe.Proto {
	case "tcp":
		return "one connect() from " + from
	case "udp":
		return "one datagram from " + from
	case "icmp":
		return "one echo request from " + from
	}
	return ""
}

func (v *traceView) limits() string {
	q := v.options.Request
	switch {
	case q.Count > 0 && q.Duration > 0:
		return fmt.Sprintf("ends after %s or %s", text.Count(int64(q.Count), "packet"), text.Duration(q.Duration))
	case q.Count > 0:
		return "ends after " + text.Count(int64(q.Count), "packet")
	case q.Duration > 0:
		return "ends after " + text.Duration(q.Duration)
	}
	return "ends with Ctrl-C only"
}

// note tells a person something, once.
func (v *traceView) note(line string) {
	if slices.Contains(v.noted, line) {
		return
	}
	v.noted = append(v.noted, line)
	v.live.clear(v.streams.Err)
	v.talk("note: " + line)
}

// talk prints a line for people, broken where a terminal would do so in a word.
// Nobody may read it: the answer still counts.
func (v *traceView) talk(line string) {
	if !isTerminal(v.streams.Err) {
		fmt.Fprintln(v.streams.Err, line)
		return
	}
	_ = text.Line(v.streams.Err, line, style(v.streams.Err))
}

// progress shows how many packets were seen, while they are waited for.
func (v *traceView) progress(packets int) {
	v.live.show(v.streams.Err, text.Count(int64(packets), "packet")+" so far")
}

// show prints the result.
func (v *traceView) show(r *action.TraceResult) error {
	if v.options.Output == "-" {
		return nil
	}
	if v.json {
		return v.showJSON(r)
	}
	t := text.TraceResult{
		Session: &r.Session, Action: v.action(), Offsets: r.Offsets, Verdict: r.Verdict, Span: span64(r),
	}
	for i := range r.Folds {
		if f := &r.Folds[i]; v.shows(r, f) {
			t.Folds = append(t.Folds, v.fold(r, f))
		}
	}
	err := text.Trace(v.streams.Out, &t, text.TraceOptions{Style: style(v.streams.Out), Verbose: v.verbose, NoHeader: true})
	if err == nil && len(r.Trails) == 0 && v.options.Request.Probe.Proto == "" {
		v.talk("pktrail: hint: --probe tcp sends a packet, as an application would")
	}
	return err
}

// more prints a packet beyond those that are kept, while the trace goes on. Its
// error is that of the lines that follow.
func (v *traceView) more(j action.JudgedTrail) {
	if !v.begun {
		v.begun = true
		_ = jsonl.Session(v.streams.Out, &v.session)
	}
	_ = jsonl.Trail(v.streams.Out, &j.Trail, &j.Verdict, nil)
}

// showJSON prints a line for each packet, and one for the verdict.
func (v *traceView) showJSON(r *action.TraceResult) error {
	if !v.begun {
		if err := jsonl.Session(v.streams.Out, &r.Session); err != nil {
			return err
		}
	}
	for i := range r.Trails {
		if err := jsonl.Trail(v.streams.Out, &r.Trails[i].Trail, &r.Trails[i].Verdict, r.Offsets); err != nil {
			return err
		}
	}
	return jsonl.Verdict(v.streams.Out, &r.Verdict)
}

// shows says whether a fold is shown: of a probe's conversation what it is
// about, and what went wrong besides.
func (v *traceView) shows(r *action.TraceResult, f *action.TraceFold) bool {
	return v.verbose || f.Probe || r.Session.Conversation == nil || r.Trails[f.First].Verdict.Outcome != trail.Delivered && r.Verdict.Outcome != trail.Delivered
}

func (v *traceView) fold(r *action.TraceResult, f *action.TraceFold) text.Fold {
	j := &r.Trails[f.First]
	out := text.Fold{Trail: &j.Trail, Count: f.Count, Verdict: j.Verdict}
	if f.Answer >= 0 {
		a := &r.Trails[f.Answer]
		out.Answer = &text.Fold{Trail: &a.Trail, Count: 1, Verdict: a.Verdict}
	}
	return out
}

// span64 is from the first packet's start to the last one's, in ns.
func span64(r *action.TraceResult) int64 {
	var from, to int64
	for i := range r.Trails {
		if o := r.Trails[i].Trail.Observations; len(o) > 0 {
			if from == 0 || o[0].Time < from {
				from = o[0].Time
			}
			to = max(to, o[0].Time)
		}
	}
	return to - from
}

// style allows colours on a terminal that has not asked for none
// (no-color.org), and lines as wide as it is.
func style(w io.Writer) text.Style {
	if !isTerminal(w) {
		return text.Style{}
	}
	s := text.Style{Colour: os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"}
	if f, ok := w.(*os.File); ok {
		if columns, _, err := term.GetSize(int(f.Fd())); err == nil {
			s.Width = columns
		}
	}
	return s
}
