// Package netns finds network namespaces and what is in them.
//
// What comes in: a Target as the user wrote it ("netns:web", "pid:4711",
// "container:3f2a", "cri:shop/web-x2k8l", "if:eth0", "host"). What goes out:
// an open Namespace, its devices as trail.Point, and whose it is: a node's own,
// or that of a target on a node. Where packets go from there is not its affair.
//
// It reads /proc, /run/netns, rtnetlink and, unless built with the tag
// pktrail_lite, the CRI socket. It changes nothing anywhere, and it knows no
// capture, no file format, no cluster and no screen. Only Linux has network
// namespaces: elsewhere targets are parsed, and Open returns
// errors.ErrUnsupported.
package netns
