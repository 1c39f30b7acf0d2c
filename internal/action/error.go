package action

import (
	"context"
	"errors"
	"os"
)

// Error is an error that a person can act on.
type Error struct {
	// Err is what was wrong.
	Err error
	// Hint is what to do about it, one line; empty where nothing helps.
	Hint string
	// Detail is shown between error and hint, as it is: the filter with a
	// caret under the word, the names that do exist. Empty for most.
	Detail string
	// Usage is true where the command was wrong as it was typed, and nothing
	// was opened yet.
	Usage bool
}

// Error implements error.
func (e *Error) Error() string { return e.Err.Error() }

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// Usage makes an error of a command that was typed wrong.
func Usage(hint string, err error) error {
	return &Error{Err: err, Hint: hint, Usage: true}
}

// Interrupted is the cause of a context that a signal ended.
type Interrupted struct{ Signal os.Signal }

// Error implements error.
func (i Interrupted) Error() string { return "interrupted by " + i.Name() }

// Name is what a person calls the signal: "Ctrl-C" for SIGINT.
func (i Interrupted) Name() string {
	switch i.Signal.String() {
	case "interrupt":
		return "Ctrl-C"
	case "terminated":
		return "SIGTERM"
	case "hangup":
		return "SIGHUP"
	}
	return i.Signal.String()
}

// ended says in a few words why a context is done.
func ended(ctx context.Context) string {
	if i, ok := errors.AsType[Interrupted](context.Cause(ctx)); ok {
		return i.Name()
	}
	return context.Cause(ctx).Error()
}

// typed is an error that knows whether the command was wrong as it was typed.
type typed interface {
	error
	Usage() bool
}

// explain adds to an error what a person can do about it.
func explain(err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*Error](err); ok {
		return err
	}
	out := &Error{Err: err}
	if h, ok := errors.AsType[hinter](err); ok {
		out.Hint = h.Hint()
	}
	if u, ok := errors.AsType[typed](err); ok {
		out.Usage = u.Usage()
	}
	switch {
	case out.Hint != "":
	case errors.Is(err, os.ErrPermission):
		out.Hint = "run it as root, or with sudo; pktrail doctor names what is missing"
	case errors.Is(err, errors.ErrUnsupported):
		out.Hint = "run pktrail on the node"
	}
	return out
}
