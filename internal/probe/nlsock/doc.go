// Package nlsock is a netlink socket (netlink(7)) that reads long lists at
// little cost: rtnetlink, netfilter, sock_diag and generic netlink alike.
//
// What comes in: a message's type and body. What goes out: the bodies of the
// answer's messages, one by one, as the kernel wrote them; they are decoded
// elsewhere. The socket stays in the network namespace of the thread that
// opened it (see package within). It knows no family's meaning, and only Linux
// has it.
package nlsock
