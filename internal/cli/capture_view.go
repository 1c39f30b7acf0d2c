package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	"github.com/pktrail/pktrail/internal/action"
	"github.com/pktrail/pktrail/internal/render/text"
	"github.com/pktrail/pktrail/internal/trail"
)

// captureView is how a capture is shown.
type captureView struct {
	json        bool
	headersOnly bool
	verbose     bool

	streams Streams
	options *action.CaptureOptions
	lines   *lines
	printer *text.Lines
	isArmed bool
	live    liveLine
	last    action.CaptureProgress
}

// runCapture runs a capture and shows it.
func runCapture(ctx context.Context, s Streams, o *action.CaptureOptions, v captureView) error {
	v.streams, v.options = s, o
	v.lines = newLines(s.Out)
	v.printer = text.NewLines()
	onScreen := o.Output == "" && o.Viewer == nil
	switch {
	case o.Viewer != nil && v.json:
		return action.Usage("leave one of them out; tshark knows -T json", errors.New("--json with a viewer"))
	case !onScreen && v.json:
		return action.Usage("leave one of them out; the summary of a file is on stderr", errors.New("--json with -o"))
	case o.Output == "-" && isTerminal(s.Out):
		return action.Usage("-o FILE, or a pipe: pktrail capture ... -o - | wireshark -k -i -", errors.New("stdout is a terminal: packets are not for it"))
	}
	o.KeepFor(onScreen, v.headersOnly)
	ev := action.CaptureEvents{Placing: v.placing, Armed: v.armed, Note: v.note}
	if onScreen {
		ev.Frame = v.frame
	} else if isTerminal(s.Err) && (o.Viewer == nil || o.Viewer.Program != action.Tshark) {
		ev.Progress = v.progress
	}
	r, err := action.Capture(ctx, *o, ev)
	if e := v.lines.Flush(); err == nil && e != nil && !action.IsClosed(e) {
		err = fmt.Errorf("write output: %w", e)
	}
	v.live.clear(v.streams.Err)
	if r.EndedBy != "" {
		v.summary(r)
	}
	return err
}

// placing says what will be created on a cluster.
func (v *captureView) placing(plan []string) {
	for _, line := range plan {
		fmt.Fprintln(v.streams.Err, oneLine(line))
	}
}

// armed says what is captured, and what will end it.
func (v *captureView) armed(points []trail.Point) {
	v.isArmed = true
	what := "headers and DNS only on screen; "
	switch {
	case v.options.Output == "" && v.options.Viewer == nil:
	case v.headersOnly:
		what = "headers only into " + v.output() + "; "
	default:
		what = "whole packets into " + v.output() + ": they may hold secrets\n"
		if n := v.options.Request.SnapLen; n > 0 {
			what = fmt.Sprintf("%d bytes of each packet into %s: they may hold secrets\n", n, v.output())
		}
	}
	where := text.Points(points) + "\n"
	if v.verbose {
		where = text.Details(points)
	}
	fmt.Fprintf(v.streams.Err, "%s%s%s\n", where, what, limits(v.options))
}

func (v *captureView) output() string {
	switch {
	case v.options.Viewer != nil:
		return string(v.options.Viewer.Program)
	case v.options.Output == "-":
		return "stdout"
	}
	return oneLine(v.options.Output)
}

func (v *captureView) note(s string) {
	v.live.clear(v.streams.Err)
	fmt.Fprintln(v.streams.Err, "note:", oneLine(s))
}

// packetJSON is a line of --json.
type packetJSON struct {
	Kind      string    `json:"kind"` // "packet"
	Time      time.Time `json:"time"`
	Node      string    `json:"node,omitempty"`
	Target    string    `json:"target,omitempty"`
	Interface string    `json:"interface"`
	Direction string    `json:"direction"`
	Length    int       `json:"length"`
	Missed    uint64    `json:"missed,omitempty"`
	Text      string    `json:"text"`
}

// frame prints one packet.
func (v *captureView) frame(p trail.Point, f *trail.Frame) error {
	if !v.json {
		return v.lines.Append(func(b []byte) []byte { return v.printer.Append(b, p, f) })
	}
	return v.printJSON(packetJSON{
		Kind: "packet", Time: time.Unix(0, f.Time), Node: p.Node, Target: p.Target, Interface: p.Interface,
		Direction: strings.ToLower(f.Dir.String()), Length: f.Len, Missed: f.Missed,
		Text: string(v.printer.Packet(nil, p, f)),
	})
}

func (v *captureView) printJSON(value any) error {
	var b bytes.Buffer
	if err := writeJSON(&b, value); err != nil {
		return fmt.Errorf("encode line: %w", err)
	}
	return v.lines.Append(func(buf []byte) []byte { return append(buf, b.Bytes()...) })
}

// progress draws the live line.
func (v *captureView) progress(p action.CaptureProgress) {
	rate := 0.0
	if d := (p.Elapsed - v.last.Elapsed).Seconds(); d > 0 {
		rate = float64(p.Packets-v.last.Packets) / d
	}
	v.last = p
	v.live.show(v.streams.Err, text.Live(p.Elapsed, p.Packets, p.Bytes, p.Missed, rate))
}

// summary is the last thing on the screen.
func (v *captureView) summary(r action.CaptureResult) {
	if v.json {
		_ = errors.Join(v.printJSON(struct {
			Kind    string  `json:"kind"` // "summary"
			Seconds float64 `json:"seconds"`
			action.CaptureResult
		}{"summary", r.Elapsed.Seconds(), r}), v.lines.Flush()) // a reader that is gone has seen the packets
	}
	w := v.streams.Err
	if isTerminal(w) && r.EndedBy == "Ctrl-C" {
		fmt.Fprintln(w) // below the terminal's own ^C
	}
	if len(r.Points) == 0 && v.isArmed {
		fmt.Fprintln(w, "0 packets: no interface was up")
	}
	fmt.Fprint(w, text.Totals(r.Points, v.verbose || len(v.options.Request.Points) > 0))
	v.listFiles(r)
	because := ""
	if r.Because != "" {
		because = ": " + oneLine(r.Because)
	}
	gone := ""
	if r.Agents > 0 {
		gone = "; " + text.Count(int64(r.Agents), "agent") + " gone"
	}
	fmt.Fprintf(w, "ended by %s after %s%s%s\n", r.EndedBy, text.Duration(r.Elapsed), because, gone)
}

// listFiles says where the packets are, if that is not simply -o.
func (v *captureView) listFiles(r action.CaptureResult) {
	if v.options.RotateSize == 0 || len(r.Files) == 0 {
		return
	}
	line := text.Count(len(r.Files), "file") + ": " + r.Files[0]
	if len(r.Files) > 1 {
		line += " to " + r.Files[len(r.Files)-1]
	}
	if r.Removed > 0 {
		line += ", " + text.Count(r.Removed, "older one") + " removed"
	}
	fmt.Fprintln(v.streams.Err, oneLine(line))
}

// isTerminal reports whether a stream is a terminal.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
