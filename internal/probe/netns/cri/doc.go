// Package cri asks a container runtime about its pods, by the Container
// Runtime Interface of Kubernetes. In come the path of the runtime's socket
// and a question; out go the few fields of the answer that pktrail needs.
//
// CRI is gRPC, and gRPC's own library with the generated messages is larger
// than all the rest of an agent. What is needed of them is little: unary
// calls, one at a time, over HTTP/2 without TLS. message.go has the messages,
// protobuf.go their encoding, call.go gRPC's framing and status, http2.go and
// frame.go the connection.
//
// The package must not know what the answers are for.
package cri
