// Package parse is what the parsers of other tools' output have in common:
// text or a file comes in by an io.Reader, sightings and facts go out one by
// one, and lines that are not understood are counted and kept as examples.
//
// Its folders are the formats: kernlog (the kernel's log), nftmonitor
// (nft monitor trace), xtables (xtables-monitor --trace), cilium (cilium
// monitor), hubble (hubble observe), capture (pcap and pcapng of any tool),
// iproute (ip rule, ip route, iptables-save, nft list ruleset, sysctl -a:
// state in plain text). Several of them read by lines and jsonline.
//
// A parser knows no other format, no file name and no screen. It keeps no more
// than what is in flight.
package parse
