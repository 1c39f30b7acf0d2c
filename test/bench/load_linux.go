package main

import (
	"encoding/binary"
	"net"
	"time"
)

// load is a stream of frames.
type load struct {
	name  string
	sizes []int // of frames, without the checksum, taken in turn
	rate  int   // frames per second; 0 is as many as go
	lasts time.Duration
	pairs int
}

// The frame sizes: the smallest Ethernet frame, the largest, and a mix like
// IMIX, 7:4:1.
func small() []int { return []int{60} }
func large() []int { return []int{1514} }
func mixed() []int { return []int{60, 60, 576, 60, 60, 576, 60, 576, 60, 60, 576, 1514} }

// loads are all the runs that the figures ask for.
func loads(o options) []load {
	second, pairs := 2500*time.Millisecond, 3
	if o.quick {
		second, pairs = time.Second, 2
	}
	if o.pairs > 0 {
		pairs = o.pairs
	}
	if o.seconds > 0 {
		second = time.Duration(o.seconds * float64(time.Second))
	}
	list := []load{
		{"64 B flood", small(), 0, second, pairs},
		{"1514 B flood", large(), 0, second, pairs},
		{"mixed flood", mixed(), 0, second, pairs},
		{"64 B 20 k/s", small(), 20_000, second + second/3, pairs},
		{"mixed 20 k/s", mixed(), 20_000, second + second/3, pairs},
		{"64 B 100 k/s", small(), 100_000, second, min(pairs, 2)},
		{"64 B 200 k/s", small(), 200_000, second, min(pairs, 2)},
		{"64 B 400 k/s", small(), 400_000, second, min(pairs, 2)},
	}
	if o.quick { // one mix, and the highest rate
		return []load{list[0], list[1], list[2], list[3], list[7]}
	}
	return list
}

// frame is a UDP datagram in an Ethernet frame of this size. It is for a host
// behind the receiver, which does not forward: the stack drops it early, and
// nothing answers.
func frame(to, from net.HardwareAddr, size int) []byte {
	f := make([]byte, size)
	copy(f, to)
	copy(f[6:], from)
	binary.BigEndian.PutUint16(f[12:], 0x0800)
	ip := f[14:]
	ip[0], ip[8], ip[9] = 0x45, 64, 17
	binary.BigEndian.PutUint16(ip[2:], uint16(len(ip)))
	copy(ip[12:], []byte{198, 18, 0, 1}) // RFC 2544: for benchmarks
	copy(ip[16:], []byte{198, 18, 1, 1})
	sum := uint32(0)
	for i := 0; i < 20; i += 2 {
		sum += uint32(binary.BigEndian.Uint16(ip[i:]))
	}
	sum = sum&0xffff + sum>>16
	binary.BigEndian.PutUint16(ip[10:], ^uint16(sum+sum>>16))
	udp := ip[20:]
	binary.BigEndian.PutUint16(udp, 9)
	binary.BigEndian.PutUint16(udp[2:], 9)
	binary.BigEndian.PutUint16(udp[4:], uint16(len(udp)))
	return f
}
