// Package topology says where every pod hangs: its interfaces, their host
// ends, the bridge and port, the overlay and the uplink behind these, with the
// MTU of each step, the CNI that built it, and the ports that lead to it.
//
// What comes in: a netstate.State, of one machine or of many, live or from a
// file. What goes out: a Map. Each way by which a host end can be found is
// tried, and all answers are kept: the peer's index, neighbour entry and
// forwarding database, host route. Where they differ the Map warns. What could
// not be read makes an answer unknown, never "none".
//
// It must not know a kernel, a file, a cluster or a screen, and nothing is
// ever pinged to fill a table.
package topology
