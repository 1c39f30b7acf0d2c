package skbtrace

// UnsupportedError says what this kernel, or this process's rights, lack.
type UnsupportedError struct {
	// What is missing: "BTF", "raw tracepoints with BTF".
	What string
	// Why, as the kernel put it; may be nil.
	Why error
	// Hint is what a person can do about it, one sentence.
	Hint string
}

func (e *UnsupportedError) Error() string {
	if e.Why == nil {
		return "no " + e.What
	}
	return "no " + e.What + ": " + e.Why.Error()
}

// Unwrap returns Why.
func (e *UnsupportedError) Unwrap() error { return e.Why }
