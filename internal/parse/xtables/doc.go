// Package xtables reads what `xtables-monitor --trace` prints.
//
// What comes in: its text, of iptables 1.8. What goes out: sightings, one for
// each base chain that a packet passed, with the rules as iptables-save prints
// them. The text has no times, no protocol but for TCP and UDP, and leaves out
// TCP's sequence numbers; the protocol is taken from rules that matched.
//
// The package knows no file name and no ruleset.
package xtables
