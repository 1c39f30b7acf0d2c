// Package hubble reads what `hubble observe` prints: as JSON (-o json, jsonpb),
// in one line for each event (-o compact), and as a block (-o dict). Text comes
// in by an io.Reader; sightings of packets at the points of Cilium's datapath go
// out, with drops, the decisions of policies and their names, and facts: lost
// events, nodes that did not answer.
//
// Hubble shows no number of a packet: its addresses, ports, flags and types only
// (packet.Key.Bare). Its times are when the agent read its ring, so they are
// late, and those of two nodes may be in the wrong order.
//
// L7 events and those of sockets are passed over: they are no packets. The
// package knows no file name and no cluster.
package hubble
