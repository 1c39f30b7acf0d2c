package nftrace

import (
	"errors"
	"fmt"
)

// PermissionError is a step that the kernel refused, with the capability that
// it needs. errors.Is(err, fs.ErrPermission) holds.
type PermissionError struct {
	Op         string // e.g. "make nft table"
	Capability string // as capabilities(7) names it
	Err        error
}

func (e *PermissionError) Error() string { return e.Op + ": " + e.Err.Error() }

// Hint names the capability.
func (e *PermissionError) Hint() string { return "this needs " + e.Capability + ": run as root" }

// Unwrap gives the kernel's error.
func (e *PermissionError) Unwrap() error { return e.Err }

// UnsupportedError is something that this kernel does not have.
// errors.Is(err, errors.ErrUnsupported) holds.
type UnsupportedError struct {
	// What it does not have: "nf_tables", "nft tables with an owner".
	What string
	// Since is the version of Linux that first had it, or the option it is
	// built with.
	Since string
	Err   error
}

func (e *UnsupportedError) Error() string {
	return fmt.Sprintf("this kernel has no %s: %v", e.What, e.Err)
}

// Hint says what would have it.
func (e *UnsupportedError) Hint() string {
	return "needs " + e.Since + "; without it rules are not named"
}

// Unwrap gives the kernel's error.
func (e *UnsupportedError) Unwrap() error { return e.Err }

// Is makes the error an errors.ErrUnsupported.
func (e *UnsupportedError) Is(target error) bool { return target == errors.ErrUnsupported }

// LoggerError says why LegacyBind did not change the namespace's logger.
type LoggerError struct {
	// Logger is the one that is set.
	Logger string
	Err    error
}

func (e *LoggerError) Error() string {
	return fmt.Sprintf("replace logger %s of iptables-legacy: %v", e.Logger, e.Err)
}

// Hint says what to do instead.
func (e *LoggerError) Hint() string {
	return "the logger could not be put back afterwards (/proc/sys is read-only here?); run pktrail on the node itself, or without --legacy-trace"
}

// Unwrap gives the system's error.
func (e *LoggerError) Unwrap() error { return e.Err }
