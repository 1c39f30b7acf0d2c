// Package follow follows single packets on this node: it arms the kernel
// probe, netfilter tracing and, where those cannot be had, packet sockets, for
// the packets between two ends, and writes all that they tell as one record
// stream. Where a packet ends it asks the kernel why, at once, while the
// answer is still the same.
//
// What comes in: a Request. What goes out: a record stream with observations.
// It draws no conclusions: that is for correlate and diagnose, which run where
// the streams of all nodes come together.
package follow
