// Package kernlog reads kernel logs: what netfilter says of packets (TRACE,
// LOG, nft's log statement), martian addresses, tables that are full, and what
// was lost.
//
// What comes in: text in any of the usual dresses. dmesg (plain, -T, -H, -d,
// -r, -x, --time-format, --json, coloured), /dev/kmsg, syslog files (RFC 3164,
// RFC 5424, ISO 8601), journalctl (short and its kin, cat, json, export).
// What goes out: sightings and facts. The rules that a packet met in one table
// at one hook are one sighting, however many packets' lines stand between.
//
// The package knows no file name, no rule's text and no clock.
package kernlog
