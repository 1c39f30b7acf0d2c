// Package filter compiles the packet filter language of pcap-filter(7) to
// classic BPF. In comes an expression as a user types it; out goes a program
// for a packet socket or for reading files, or an error that points at the
// offending word.
//
// The way is: lexer.go cuts words, parser.go builds the tree of ast.go,
// resolve*.go give it meaning for one link type (which bytes, which values),
// lower.go turns that into a decision graph, optimise.go removes decisions
// already taken on the way, emit.go assigns registers and writes
// instructions. interpreter.go runs programs outside a kernel, dump.go prints
// them as tcpdump -d does.
//
// The language is libpcap 1.10's, its peculiarities included; where this
// package differs on purpose, the comments say so. It must not know where
// packets come from: no sockets, no files, no name look-ups. Service and
// protocol names are tables in the program, for the machines it runs on often
// have no /etc/services.
package filter
