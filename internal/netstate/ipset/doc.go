// Package ipset decodes the answers of the kernel's ipset and writes sets as
// `ipset save` does.
//
// What comes in: the bodies of IPSET_CMD_LIST messages (struct nfgenmsg and
// attributes, linux/netfilter/ipset/ip_set.h), in the order of the answer. What
// goes out: netstate.IPSet, and text. The judge is ipset 7.17. An attribute
// that is not known stands in the text as `[ attr N 0x.. ]`.
package ipset
