package agent

// TargetError is a target, or a point of one, that cannot be captured.
type TargetError struct {
	Err error
	// Tip is what to do about it.
	Tip string
}

// Error implements error.
func (e *TargetError) Error() string { return e.Err.Error() }

// Unwrap gives the cause.
func (e *TargetError) Unwrap() error { return e.Err }

// Hint says what to do.
func (e *TargetError) Hint() string { return e.Tip }
