// Package left looks for everything that pktrail may leave in a cluster: what
// it placed through the API, and on each node and in each pod's namespaces its
// processes, sockets, nft tables, BPF programs and files.
//
// In: a cluster of test/cluster/bed. Out: a line for each trace that was found;
// none is the answer that tests want. It believes nothing that pktrail says of
// itself: it asks the API server, /proc, nft and the kernel, and knows a program
// by what the linker wrote into it, under whatever name it runs.
package left
