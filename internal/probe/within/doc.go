// Package within runs a function on a thread that is in another network
// namespace. In comes an open namespace file; sockets that the function opens
// stay in that namespace (setns(2), netlink(7)). It knows nothing of what is
// done there.
package within
