// Package cluster measures pktrail on a real cluster: the one of two nodes of
// test/cluster that is up. In: pktrail's program and a static tcpdump. Out:
// tables, as test/bench prints them.
//
// Three questions: how long it takes from the start of pktrail to the first
// packet in its file, against what ksniff does; how much of what the API
// server's exec carries a capture reaches, and what it costs in memory; and how
// much memory an agent has on a node. Runs take turns, so that whatever else the
// machine does is in all of them. Ran and Status read what a process has used, for
// test/bench too.
package cluster
