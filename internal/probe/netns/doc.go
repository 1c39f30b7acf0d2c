// Package netns finds network namespaces and what is in them.
//
// What comes in: a Target as the user wrote it ("netns:web", "pid:4711",
// "container:3f2a", "cri:shop/web-x2k8l", "if:eth0", "host"). What goes out:
// an open Namespace, its devices as trail.Point, and the Path of points from
// the target's interface to the node's uplink.
//
// It reads /proc, /run/netns, rtnetlink and, unless built with the tag
// pktrail_lite, the CRI socket. It changes nothing anywhere, and it knows no
// capture, no file format, no cluster and no screen. Only Linux has network
// namespaces: elsewhere targets are parsed, and Open returns
// errors.ErrUnsupported.
package netns
