package machine

// Process is one that outlives whoever started it, and that any process can
// find again.
type Process struct {
	Name string
	PID  int
	// Start is when it was started, in clock ticks since boot: with PID, this is
	// nobody else.
	Start uint64
}
