// Package compare finds where two trails part: one that arrived and one that
// did not, of the same kind of packet.
//
// Two trails come in, a Diff goes out: their steps side by side, and what
// differs, first difference first. Names that differ from one run to the next
// (ports, pod addresses, interfaces with a hash in their name, chains named
// after an endpoint, times) are no difference. The package is pure: it knows
// no source of trails, no file and no screen.
package compare
