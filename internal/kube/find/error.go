package find

import "fmt"

// Reason is why a target cannot be had.
type Reason string

// The reasons.
const (
	BadTarget   Reason = "bad target"   // it is not written as a target is
	NotFound    Reason = "not found"    // there is nothing of that name
	NotRunning  Reason = "not running"  // the pod has no network namespace now
	NoPods      Reason = "no pods"      // a workload or selector that has none
	NoEndpoints Reason = "no endpoints" // a service that leads to no pod
	TooMany     Reason = "too many"     // more than MaxPods or MaxNodes
	HostNetwork Reason = "host network" // the pod's network is its node's
	NodeAway    Reason = "node away"    // the node's kubelet does not answer
	Windows     Reason = "windows"      // no Linux, no agent
	Serverless  Reason = "serverless"   // a node that is no machine
	NoArch      Reason = "architecture" // there is no agent for it
	GVisor      Reason = "gvisor"       // the sandbox's own kernel is in the way
	NoRoot      Reason = "no root"      // the container does not run as root
	NoRaw       Reason = "no NET_RAW"   // the container may open no packet socket
	NoRoom      Reason = "read-only"    // nowhere to put a program
	NoContainer Reason = "no container" // none of that name, or it does not run
)

// Error is a target that cannot be had, or not in this way.
type Error struct {
	Reason Reason
	// Target is what was named, as it was typed; empty for a selector.
	Target string
	// Text says what is wrong.
	Text string
	// Tip is what to do about it; empty where nothing helps.
	Tip string
}

// Error implements error.
func (e *Error) Error() string { return e.Text }

// Hint says what to do.
func (e *Error) Hint() string { return e.Tip }

// Usage reports whether the command was wrong as it was typed.
func (e *Error) Usage() bool {
	switch e.Reason {
	case BadTarget, TooMany, HostNetwork:
		return true
	}
	return false
}

func refuse(reason Reason, target, tip, format string, args ...any) error {
	return &Error{Reason: reason, Target: target, Text: fmt.Sprintf(format, args...), Tip: tip}
}
