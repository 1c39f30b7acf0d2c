// Package record is the one stream of pktrail: frames, where they were seen
// and what was lost, as pcapng. The file that a user saves, what an agent
// writes to its stdout and the fixtures in testdata are the same.
// docs/file-format.md is its specification.
//
// What comes in: trail.Frame, trail.Point and counters, or a stream, also one
// of other programs and in classic pcap. What goes out: a stream, in writes of
// whole blocks, or the frames again.
//
// The package knows no kernel, no cluster and no screen.
package record
