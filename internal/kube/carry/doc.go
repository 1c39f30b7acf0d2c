// Package carry brings an agent's session over the API server: the request
// there, the record stream and the talk back, through broken connections.
//
// What comes in: something that can attach to a session (place.Runner). What
// goes out: bytes of the stream, in order and each once, and messages.
//
// While a connection is away the agent keeps what it has; Run attaches anew and
// asks for what comes after the last whole frame. Nothing is acknowledged
// before it is written, and an agent sends no more than it has room to keep, so
// that a reader that is slow never stops the connection itself: API servers
// give up a WebSocket that is not read.
//
// It does not know what the stream holds.
package carry
