// Package nflog reads what netfilter's logger says of packets, and puts the
// lines of a trace together.
//
// What comes in: the text that net/netfilter/nf_log_syslog.c writes to the
// kernel log for the targets TRACE and LOG and for nft's log statement, or the
// prefix of a trace and the bytes of a packet from nfnetlink_log. What goes
// out: Line, the packet's headers as bytes, and Pass, the rules that one packet
// met in one table at one hook.
//
// The package knows no source of lines, no clock and no file.
package nflog
