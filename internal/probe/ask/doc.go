// Package ask puts questions to the kernel of one network namespace: which
// route, by which policy rule, would the answer pass the reverse-path filter,
// who is the neighbour, behind which port of the bridge is this link address,
// which socket takes it, what does conntrack know, how are the sysctls set.
//
// What comes in: an open namespace and a Question about one packet. What goes
// out: trail.Answer, trail.Setting and other nouns, each with the command that
// a person would type to ask the same. The answers are of now: what was true
// when the packet passed may have changed since.
//
// It reads rtnetlink, NETLINK_SOCK_DIAG, ctnetlink, /proc and /dev/kmsg. It
// changes nothing, starts no program, and knows no capture, no trail and no
// screen. Only Linux has what it asks; elsewhere, and where built with the tag
// pktrail_lite, Open returns errors.ErrUnsupported.
package ask
