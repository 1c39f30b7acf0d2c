package lab

import "io"

// Stdio is what a program in a lab reads and writes; nil is /dev/null.
// Files are handed to the program as they are, so that a terminal stays one.
type Stdio struct {
	In       io.Reader
	Out, Err io.Writer
}

// Process is a process in a namespace of a lab.
type Process struct {
	PID int `json:"pid"`
	// Command is the kernel's short name of it (/proc/PID/comm).
	Command string `json:"command"`
	// Namespace is the name that its network namespace has, or had.
	Namespace string `json:"namespace"`
}
