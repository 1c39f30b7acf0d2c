package netns

import (
	"io/fs"
	"slices"
	"strings"
)

// maxNames is how many names an error lists at most.
const maxNames = 20

// NotFoundError is a target that does not exist on this machine.
// errors.Is(err, fs.ErrNotExist) holds.
type NotFoundError struct {
	// What was looked for, e.g. "network namespace web".
	What string
	// Names of those that do exist: sorted, at most 20.
	Names []string
	// Why explains more where something is known, e.g. which runtime did not
	// answer.
	Why string

	instead string // the hint where there are no names
}

func (e *NotFoundError) Error() string {
	if e.Why != "" {
		return "no " + e.What + ": " + e.Why
	}
	return "no " + e.What
}

// Hint lists what does exist.
func (e *NotFoundError) Hint() string {
	if len(e.Names) == 0 {
		return e.instead
	}
	return "there are: " + strings.Join(e.Names, ", ")
}

// Is makes the error an fs.ErrNotExist.
func (e *NotFoundError) Is(target error) bool { return target == fs.ErrNotExist }

// AmbiguousError is the beginning of an id that several containers share.
type AmbiguousError struct {
	What  string   // e.g. "container 3f2a"
	Names []string // the ids: sorted, at most 20
}

func (e *AmbiguousError) Error() string {
	return e.What + " is ambiguous: " + strings.Join(e.Names, ", ")
}

// Hint says how to choose.
func (e *AmbiguousError) Hint() string { return "give more digits of the id" }

// NotNamespaceError is a file that is no network namespace.
type NotNamespaceError struct {
	Path string
	// Is says what the file is instead, e.g. "a plain file".
	Is string
	// named is true for a file in a directory of named namespaces.
	named bool
}

func (e *NotNamespaceError) Error() string {
	return e.Path + " is " + e.Is + ", not a network namespace"
}

// Hint explains how such a file comes about.
func (e *NotNamespaceError) Hint() string {
	if e.named {
		return "the name is left over or not mounted here; `ip netns delete` removes it"
	}
	return ""
}

// PermissionError is a step that the kernel refused, with the capability that
// it needs. errors.Is(err, fs.ErrPermission) holds.
type PermissionError struct {
	Op         string // e.g. "open namespace of process 4711"
	Capability string // as capabilities(7) names it, e.g. "CAP_SYS_PTRACE"
	Err        error
}

func (e *PermissionError) Error() string { return e.Op + ": " + e.Err.Error() }

// Hint names the capability.
func (e *PermissionError) Hint() string { return "this needs " + e.Capability + ": run as root" }

// Unwrap gives the kernel's error.
func (e *PermissionError) Unwrap() error { return e.Err }

// firstNames sorts names, drops what stands twice, and keeps the first 20.
func firstNames(names []string) []string {
	names = slices.Compact(slices.Sorted(slices.Values(names)))
	return names[:min(len(names), maxNames)]
}
