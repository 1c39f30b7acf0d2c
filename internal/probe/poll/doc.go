// Package poll waits for sockets in the runtime's own poller. In come
// descriptors; out comes which of them have something to read. It knows
// nothing of what is read.
package poll
