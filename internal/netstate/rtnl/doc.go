// Package rtnl decodes rtnetlink messages (rtnetlink(7)): links, addresses,
// neighbours, entries of forwarding databases, routes, rules, nexthops.
//
// What comes in: the body of one message as the kernel wrote it, in this
// machine's byte order. What goes out: one noun of netstate. Attributes that
// are not understood, or are too short for what they say they are, are kept
// raw in it; an error means that the message itself cannot be read. Nothing
// here knows a socket or a screen.
package rtnl
