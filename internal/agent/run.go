package agent

import (
	"context"
	"io"

	"github.com/pktrail/pktrail/internal/agent/follow"
	"github.com/pktrail/pktrail/internal/probe/netns"
	"github.com/pktrail/pktrail/internal/trail"
)

// version is set by the linker.
var version = "dev"

// Run does what a request asks for, on this machine. The record stream goes to
// w, in writes of whole blocks; talk hears what is said beside it, one message
// at a time. Run returns when the context is done, a limit is reached or
// nothing is left to observe; the stream then has its end record. On systems
// other than Linux it returns errors.ErrUnsupported.
func Run(ctx context.Context, q Request, w io.Writer, talk func(Message)) error {
	if err := q.check(); err != nil {
		return err
	}
	if talk == nil {
		talk = func(Message) {}
	}
	switch {
	case q.Trace != nil:
		return tracePackets(ctx, q, w, talk)
	case q.Snapshot != nil:
		return takeSnapshot(ctx, q, w, talk)
	}
	return capturePackets(ctx, q, w, talk)
}

// tracePackets follows packets, and tells what is armed, what the probe's
// answer was and what ended it.
func tracePackets(ctx context.Context, q Request, w io.Writer, talk func(Message)) error {
	about := header(q.Node)
	about.Node = q.Node
	err := follow.Run(ctx, q.Trace, about, w, follow.Events{
		Armed:    func(s trail.Session) { talk(Message{Kind: KindArmed, Session: &s}) },
		Note:     func(text string) { talk(Message{Kind: KindNote, Text: text}) },
		Answered: func(c trail.Conversation) { talk(Message{Kind: KindAnswered, Conversation: &c}) },
	})
	if err == nil {
		talk(Message{Kind: KindEnded})
	}
	return err
}

// CheckTarget reads a target's form and opens nothing. Its error has a method
// Hint.
func CheckTarget(text string) error {
	_, err := netns.ParseTarget(text)
	return err
}

// Targets are names that a target can have here, for a shell's completion.
func Targets() []string {
	var out []string
	for _, name := range netns.Names(netns.Options{}) {
		out = append(out, string(netns.Netns)+":"+name)
	}
	return append(out, string(netns.Host))
}
