package action

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/pktrail/pktrail/internal/compare"
	"github.com/pktrail/pktrail/internal/trail"
)

// DiffOptions name two recordings, each as FILE or FILE#N for its Nth packet.
type DiffOptions struct {
	Good, Bad string
}

// DiffResult is where two packets' ways part.
type DiffResult struct {
	// Good and Bad are the two that were compared, GoodName and BadName what
	// they are called: "good.pcapng#1".
	Good, Bad         JudgedTrail
	GoodName, BadName string
	Diff              compare.Diff
}

// Diff compares two recorded packets. Without a number it takes, of the bad
// file, the packet that the run's verdict was about, and of the good one the
// delivered one that is most like it: an answer if the bad one is an answer.
func Diff(o DiffOptions) (DiffResult, error) {
	for _, name := range []string{o.Good, o.Bad} {
		if _, _, err := splitNumber(name); err != nil {
			return DiffResult{}, err
		}
	}
	bad, badName, err := recorded(o.Bad, func(r *TraceResult) int {
		return slices.IndexFunc(r.Trails, func(j JudgedTrail) bool { return j.Verdict.Outcome == r.Verdict.Outcome })
	})
	if err != nil {
		return DiffResult{}, err
	}
	good, goodName, err := recorded(o.Good, func(r *TraceResult) int {
		best, most := -1, -1
		for i := range r.Trails {
			if r.Trails[i].Verdict.Outcome != trail.Delivered {
				continue
			}
			if like := compare.Likeness(&r.Trails[i].Trail, &bad.Trail); like > most {
				best, most = i, like
			}
		}
		return best
	})
	if err != nil {
		return DiffResult{}, err
	}
	return DiffResult{
		Good: good, Bad: bad, GoodName: goodName, BadName: badName,
		Diff: compare.Trails(&good.Trail, &bad.Trail),
	}, nil
}

// recorded reads one packet's trail out of a file.
func recorded(text string, choose func(*TraceResult) int) (JudgedTrail, string, error) {
	name, number, err := splitNumber(text)
	if err != nil {
		return JudgedTrail{}, "", err
	}
	r, err := ReadTrace(name)
	if err != nil {
		return JudgedTrail{}, "", err
	}
	if len(r.Trails) == 0 {
		return JudgedTrail{}, "", &Error{Err: fmt.Errorf("no packet in %s", name), Hint: "pktrail trace ... -o FILE makes such files"}
	}
	i := number - 1
	if number == 0 {
		i = max(choose(&r), 0)
	}
	if i >= len(r.Trails) {
		return JudgedTrail{}, "", &Error{
			Err:  fmt.Errorf("no packet %d in %s", number, name),
			Hint: fmt.Sprintf("it has %d: %s#1 to %s#%d", len(r.Trails), name, name, len(r.Trails)),
		}
	}
	return r.Trails[i], name + "#" + strconv.Itoa(i+1), nil
}

// splitNumber reads FILE#N. A file whose own name ends so is taken as it is.
func splitNumber(text string) (name string, number int, err error) {
	if text == "" {
		return "", 0, Usage("pktrail diff good.pcapng bad.pcapng", errors.New("a file without a name"))
	}
	at := strings.LastIndex(text, "#")
	if at < 0 {
		return text, 0, nil
	}
	head, tail := text[:at], text[at+1:]
	if _, err := os.Stat(text); err == nil {
		return text, 0, nil
	}
	n, err := strconv.Atoi(tail)
	if err != nil || n < 1 {
		return "", 0, Usage("packets are counted from 1: "+head+"#1", fmt.Errorf("%q is no packet's number", tail))
	}
	return head, n, nil
}

// ReadTrace reads a recording and judges it, as the trace that wrote it did.
func ReadTrace(name string) (r TraceResult, err error) {
	f, err := os.Open(name)
	if err != nil {
		hint := ""
		if errors.Is(err, fs.ErrNotExist) {
			hint = "pktrail trace ... -o FILE writes one"
		}
		return r, &Error{Err: fmt.Errorf("read recording: %w", err), Hint: hint}
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	g := newGather(&TraceOptions{}, func(error) {})
	if err := g.read(f); err != nil {
		return r, &Error{Err: fmt.Errorf("%s: %w", name, err), Hint: "diff reads files of pktrail trace -o and captures, pcapng or pcap"}
	}
	return g.result(), nil
}
