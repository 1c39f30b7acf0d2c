package iproute

// Options are those of ip(8) that decide how it lists. The zero value is `ip`
// without any.
type Options struct {
	// JSON is `ip -j`: an array with an object of each entry.
	JSON bool
	// Details is `ip -d`.
	Details bool
	// Stats is `ip -s`.
	Stats bool
	// Family narrows a listing down to "inet", "inet6" or another family that
	// entries have; empty for what ip lists without one.
	Family string
}
