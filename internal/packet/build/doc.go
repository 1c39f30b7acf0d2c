// Package build writes packets: layers in, bytes out, with lengths, types and
// checksums set right. It is the counterpart of packet.Decode.
//
//	frame := build.Packet(
//		build.Ethernet{Dst: mac1, Src: mac2},
//		build.IPv4{Src: client, Dst: server, ID: 7},
//		build.TCP{SrcPort: 41822, DstPort: 80, Flags: packet.SYN, Options: build.MSS(1460)},
//		build.Payload("hello"),
//	)
//
// To make a packet that is wrong, build a right one and change its bytes.
package build
