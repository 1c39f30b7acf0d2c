// Package nftrace asks netfilter which rules a packet meets.
//
// What comes in: a network namespace and which packets to follow. What goes
// out: one Event for each packet, hook and table, with the rules in order,
// and how much was missed. It understands nftables and iptables-nft, and
// iptables-legacy where its trace can be read.
//
// A Tracer makes one nft table of its own, which only sets the trace bit of a
// few packets. The table belongs to the Tracer's socket (`flags owner`): the
// kernel removes it when the process ends, however it ends. Nobody else's
// table, chain or rule is touched, and no sysctl; only Options.Legacy =
// LegacyBind changes a setting of the namespace, and puts it back.
//
// The kernel clears the bit when a packet crosses a veth, so each namespace
// on the way has its own Tracer, and when it is wrapped up in a tunnel or
// unwrapped, so the Tracer looks into tunnels and marks it again: events of
// such a packet show the tunnel's headers.
//
// A Watch tells when somebody makes rules in a namespace that has none: a table
// of our own there would cost every packet and tell nothing.
//
// The package must not know what a rule's text or owner is, nor a target, a
// pod or a file.
package nftrace
