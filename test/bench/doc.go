// Command bench measures pktrail.
//
// pktrail capture is measured against tcpdump: both read the same load, side by
// side, in runs that take turns. Two network namespaces are wired by a veth
// pair; frames are sent from one, and the captures run in the other with rings
// of the same size. It prints CPU time per packet, packets missed and peak
// memory, each with their ratio, and the benchmarks of the packages that touch
// every packet.
//
// pktrail trace is measured in a lab of two nodes with VXLAN between them: what
// it leaves of a TCP stream and of a flood from pod to pod, what it loses of
// packets that it follows, how long it takes to arm, what a million
// observations cost, what the agents weigh, and what is left of it after
// SIGKILL, which must be nothing.
//
// On a cluster, where one is up (test/cluster), it asks how long pktrail takes to
// the first packet, how much of a bare exec it reaches, and what its agents
// weigh: package cluster.
//
// It needs root, tcpdump, nft and bpftool; -figures chooses. Ratios are what
// counts: the times depend on the machine.
package main
