// Package ruletrace puts together what the trace of nf_tables tells of packets,
// however a tool wrote it: messages with the trace's number come in, sightings
// go out, one for each base chain that a packet passed.
//
// The number is that of an sk_buff and soon used again: a packet that does not
// look like the one before, or comes to a chain where that one was, is another.
//
// The package knows no tool's words.
package ruletrace
