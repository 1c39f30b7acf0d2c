// Package packet turns bytes into headers and headers into bytes: Ethernet,
// VLAN, ARP, IPv4, IPv6, TCP, UDP, SCTP, ICMP and the tunnels VXLAN, Geneve,
// IPIP and GRE. It names the flow that a packet belongs to, and gives the
// identity by which the same packet is known again behind a router, a NAT or
// a tunnel.
//
// Decoding is in place and allocates nothing. Any input is safe: what is cut
// short or malformed is marked so, never read past its end.
package packet
