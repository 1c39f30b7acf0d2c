// Command bench measures pktrail capture against tcpdump: both read the same
// load, side by side, in runs that take turns.
//
// It makes two network namespaces with a veth pair, sends frames from one,
// and runs the captures in the other with rings of the same size. It prints
// CPU time per packet, packets missed and peak memory, each with their ratio,
// and the benchmarks of the packages that touch every packet. It needs root
// and tcpdump. Ratios are what counts: the times depend on the machine.
package main
