// Package afpacket reads packets from this machine's kernel through AF_PACKET
// sockets with a TPACKET_V3 ring
// (https://docs.kernel.org/networking/packet_mmap.html).
//
// What comes in: a network namespace, an interface or all of them, a filter
// program. What goes out: trail.Frame values in the order of time, the points
// where they were seen, and how many packets were missed.
//
// A Ring is one socket. A Reader reads one ring or merges several. The rings
// are the only buffers: a reader that is too slow makes the kernel count
// drops and never makes the process grow. Opening needs CAP_NET_RAW, and
// CAP_SYS_ADMIN for another namespace than the caller's.
//
// The package must not know what a target, a pod or a file is, nor compile
// filters.
package afpacket
