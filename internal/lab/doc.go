// Package lab makes small clusters of network namespaces to try things and
// break things in.
//
// In come Options: a flavour of pod network and how many nodes and pods. Out
// comes a Lab: named network namespaces below /run/netns, as `ip netns` makes
// them, one per node, one per pod and one for a host outside of the cluster,
// wired the way flanneld, Calico or the CNI plugins wire real nodes. Nothing
// else is made: no file on disk, no device and no rule in the machine's own
// namespace. What a lab consists of is found again in the namespaces
// themselves, by a mark in the alias of their loopback device, so that a lab
// whose maker was killed halfway can be listed and removed.
//
// Everything is done by netlink and sysctl; no program of the host is needed.
// The package knows nothing of captures, clusters or screens.
//
// # Addresses
//
// Node N is 10.99.0.(10+N) and fd00:99::(10+N) on the underlay, whose router
// is the outside host at 10.99.0.1 and fd00:99::1. Pod P of node N is
// 10.244.N.(P+1) and fd00:244:N::(P+1), all in decimal digits. There is no
// address translation: the outside host has routes back to the pods.
//
// # How far the flavours go
//
// flannel is cni0 and flannel.1 with the entries that flanneld writes; IPv6
// travels inside the same VXLAN, where flanneld would add a flannel-v6.1 over
// an IPv6 underlay. calico is its routing without encapsulation (routes as
// BIRD writes them) without Felix's iptables chains. ptp is the CNI plugin of
// that name, with plain routes between nodes. macvlan and ipvlan pods share
// one layer 2 segment with the underlay and reach the outside through it.
package lab
