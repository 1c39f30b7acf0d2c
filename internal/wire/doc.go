// Package wire is how an agent and its client speak over a connection that may
// break: a byte stream there, lines of JSON back.
//
// Agent to client go frames: pieces of the record stream (Stream), talk beside
// it (Talk), the exit code (Exit, the last one) and signs of life (Beat). All
// but a Beat are numbered from 1 without gaps. The agent's side is a Log: what
// is appended stays there until the client has acknowledged its number, and
// Append blocks while there is no room, so that nothing is ever dropped here.
// The client's side is a Receiver. When a connection breaks, the client
// connects anew and asks for what comes after Receiver.Seq.
//
// Client to agent go Up messages: the request, acknowledgements, which are the
// heartbeat too, and the wish to stop.
//
// # Format
//
// A frame is a head of 16 bytes and a payload:
//
//	0   2  D7 50
//	2   1  kind: 1 Stream, 2 Talk, 3 Exit, 4 Beat
//	3   1  flags: 1 the payload is one zstd frame
//	4   4  length of the payload as sent, little-endian, at most MaxPayload
//	8   8  number, little-endian; a Beat has that of the frame before it
//
// The package knows nothing of what the payloads mean. It opens no connection.
package wire
