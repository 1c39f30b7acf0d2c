// Package xt decodes the binary forms of xtables (iptables, ip6tables) and
// writes rules as iptables-save does.
//
// What comes in: struct ipt_entry and ip6t_entry as getsockopt gives them,
// and the matches and targets in them or in nf_tables expressions (nft_compat).
// What goes out: Rule, and its text. What is not understood is shown as
// `-m NAME [N bytes]`, never dropped.
//
// Numbers are read in this machine's byte order, as the kernel writes them.
// The package opens nothing.
package xt
