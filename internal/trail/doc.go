// Package trail holds the nouns that every other part of pktrail speaks in:
// the Point where a packet can be seen (RFC 7011, "observation point"), the
// Frame that was seen there, the Trail of hops that one packet took.
//
// What comes in: values. What goes out: values, and their JSON. The package
// knows no kernel, no file format, no cluster and no clock.
package trail
