// Package filter compiles the packet filter language of pcap-filter(7) to
// classic BPF. In comes an expression as a user types it; out goes a program
// for a packet socket or for reading files, or an error that points at the
// offending word.
//
// The way is: lexer.go cuts words; parser*.go build the tree of ast.go;
// resolve*.go give it meaning for one link type (which bytes, which values,
// by layers.go); lower.go turns that into the decision graph of graph.go, on
// values that value.go makes and folds; inner.go adds the search for a packet
// inside this one; optimise.go, by the facts of facts.go, removes decisions
// already taken on the way, and group.go orders the rest; registers.go and
// evaluate.go say what is computed where, and layout.go writes instructions.
// interpreter.go runs programs outside a kernel, dump.go prints them as
// tcpdump -d does. clauses*.go say what of an expression a rule of nftables
// can tell.
//
// The language is libpcap 1.10's, its peculiarities included. It differs on
// purpose in these points:
//
//   - Names of hosts and nets are refused: nothing is ever looked up. Services
//     and protocols are tables in the program, for the machines it runs on
//     often have no /etc/services.
//   - Without a netmask, "ip broadcast" is refused; libpcap takes
//     255.255.255.255 and 0.0.0.0 for it.
//   - gateway, protochain and the words for IEEE 802.11, ATM, SS7 and pf logs
//     are refused.
//   - For files, inbound, outbound and ifindex need LINUX_SLL2.
//   - "vxlan [vni]" is added.
//   - After a geneve or vxlan that did not match, tests of what is inside are
//     false; libpcap's look at the packet's first bytes.
//   - "byte N & N" loads its byte, which libpcap forgets, and "tcp[13] / ip[0]"
//     is no division by zero.
//
// The package must not know where packets come from: no sockets, no files, no
// look-ups.
package filter
