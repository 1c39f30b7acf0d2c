// Package engine starts container engines, each on a machine of its own
// (test/cluster/machine), with a container whose packets can be captured there.
//
// Engines differ in what pktrail has to cope with: who makes the network, where
// the namespace is kept, what the cgroups are called. What they share is a
// container's id. The machine needs no systemd: a daemon is its first process's
// child, and everything ends with the test.
package engine
