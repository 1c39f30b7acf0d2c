package correlate

// intern keeps one copy of each value. Those of one moment repeat, so it
// forgets all of them where there are too many, and starts again.
type intern[T comparable] map[T]*T

const maxInterned = 1 << 12

func (in *intern[T]) get(v T) *T {
	if p := (*in)[v]; p != nil {
		return p
	}
	if *in == nil || len(*in) >= maxInterned {
		*in = make(intern[T])
	}
	(*in)[v] = &v
	return &v
}
