// Package pcap is the classic capture file, as tcpdump writes it
// (draft-ietf-opsawg-pcap): records in, records out, with micro- or
// nanoseconds, in both byte orders.
//
// What comes in: bytes from an io.Reader, or packets. What goes out: packets
// in place, or bytes to an io.Writer, a whole number of records in each Write.
// Neither way allocates per packet, and no length field makes the Reader
// allocate before that many bytes are there.
//
// The package knows no packet headers and no points.
package pcap
