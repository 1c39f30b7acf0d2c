// Package chains lists a machine's rules as the tools do that people know, and
// lets others walk through them.
//
// What comes in: a netstate.Ruleset, the kernel's own messages and tables, or
// tables in the words of a tool that has listed them (Table.Saved).
// What goes out: text as `nft list ruleset`, JSON as `nft -j list ruleset`,
// text as iptables-save and ip6tables-save (for the tables of iptables-legacy
// and for those that iptables-nft made), and Rulesets with tables, chains and
// rules; DNATs says which rules lead to which address. docs/rulesets.md names
// what is understood. What is not stays visible: `[ name 0x.. ]` in text,
// {"raw": ..} in JSON.
//
// Lists are written rule by rule: only the rule at hand is decoded. Nothing
// here reads a kernel or a file, and a snapshot of another machine of the same
// byte order can be listed on any system.
package chains
