// Package iproute reads what a machine's own tools say of its network
// configuration: ip rule, ip route, ip nexthop, ip addr, ip link, ip neigh and
// bridge fdb as text and as JSON (ip -j, with -d and -s), iptables-save and
// ip6tables-save, iptables -S, nft list ruleset, ipset list, sysctl -a.
//
// What comes in: text from an io.Reader, one command's or several commands'
// output one after the other, with or without lines that say which ("## ip
// rule"). What goes out: a Fragment of one machine's state, and from several
// of them a netstate.Snapshot as pktrail itself would have taken it, as far as
// the text goes. What is missing is named in its Unreadable: it is not known,
// which is not the same as that there is none.
//
// Content decides what a line is. Names of files and commands are hints for
// what no content tells: the family of a rule without addresses, the table of
// `ip route show table 100`, the machine.
//
// It is the inverse of render/iproute. It opens no file, knows no screen, and
// asks no kernel.
package iproute
