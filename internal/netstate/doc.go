// Package netstate holds what is known of machines' network configuration: a
// State has a Snapshot of each node, and that has the Namespaces on it with
// their links, routes, rules, neighbours and rulesets, and what could not be
// read. Its folders turn the kernel's own forms into these nouns and into the
// words of the tools that people know:
//
//   - rtnl: rtnetlink messages to links, addresses, routes, rules, neighbours;
//   - nft: nf_tables messages to tables, chains, rules and sets, and a rule to
//     the line that `nft list ruleset` prints;
//   - xt: xtables entries, matches and targets to the line that iptables-save
//     prints;
//   - owner: the names of chains and the comments of rules to who made them.
//
// What comes in: bytes as the kernel gives them. What goes out: values and
// text. Nothing here reads a kernel, a file or a clock.
package netstate
