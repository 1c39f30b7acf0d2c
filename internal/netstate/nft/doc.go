// Package nft decodes nf_tables netlink messages and writes rules as nft
// prints them.
//
// What comes in: the bodies of NFT_MSG_NEWTABLE, NEWCHAIN, NEWRULE, NEWSET and
// NEWSETELEM messages (linux/netfilter/nf_tables.h). What goes out: Table,
// Chain, Rule with typed expressions, Set, Element, and text: Text as `nft
// list ruleset` (the judge is nft 1.0.6), Words as iptables-nft-save for the
// tables that iptables-nft made. An expression that is not understood is kept
// and shown as `[ name 0x.. ]`, never dropped.
//
// The package reads nothing: sets and interface names that a rule refers to
// come in by Names. Values in a register are in the byte order of the machine
// that the message came from, which is taken to be this one's.
package nft
