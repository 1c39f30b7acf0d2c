// Package rules looks up netfilter rules in the kernel of one network
// namespace: the text, comment, owner and verdict of the rule that a trace
// names.
//
// What comes in: a namespace, and steps of a trace (trail.Rule). What goes
// out: the same steps with the rule's words, chains, tables. nf_tables is read
// by netlink, iptables-legacy by getsockopt; package netstate decodes both. No
// program is started, nothing is written, and a legacy table that is not in
// use is not asked for, since asking would make it.
//
// A Source fetches only the chain (nf_tables) or table (legacy: the kernel
// gives no less) that is asked for, and keeps it. It knows no packet and no
// screen.
package rules
