// Package listing prints the parts of a snapshot as the tools do that people
// know: ip, bridge, nft, iptables-save, ipset, sysctl, ss, conntrack.
//
// What comes in: a netstate.State and which part of which namespace is wanted.
// What goes out: text, or JSON as these tools print it. What could not be read
// is said where it would stand.
package listing
