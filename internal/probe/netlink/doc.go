// Package netlink takes a snapshot of one network namespace: what `ip`,
// `bridge`, `tc`, `nft`, `iptables-save`, `ipset`, `conntrack` and `ss` would
// list there, by one question to the kernel for each part.
//
// What comes in: an open namespace. What goes out: a netstate.Namespace. The
// kernel's messages are decoded by the folders of netstate; no library's
// structures are between. No program is started, nothing is written, and no
// file is read for each interface. A part that cannot be read is noted as
// unreadable with the reason, never left empty.
//
// It knows no pod, no cluster, no file format and no screen. Only Linux has
// network namespaces: elsewhere Take returns errors.ErrUnsupported.
package netlink
