// Package pcapng is the file format: blocks in, blocks out
// (draft-ietf-opsawg-pcapng, "PCAP Next Generation Capture File Format").
//
// What comes in: bytes from an io.Reader, or values. What goes out: blocks in
// place, the values in them, or bytes to an io.Writer, a whole number of
// blocks in each Write. Reading and writing a packet allocates nothing, and no
// length field makes the Reader allocate before that many bytes are there.
//
// The package knows no packet headers, no kernel, no points and nothing of
// what pktrail puts into custom options: that is package record.
package pcapng
