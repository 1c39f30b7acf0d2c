// Package kernel finds out what will work on this machine, for this process,
// in its present namespaces: what the kernel has, what it allows us, what
// else there is to speak to.
//
// What comes in: nothing. What goes out: a list of Checks. Whatever can be
// tried without an effect is tried; the rest is read from /proc and /sys.
// Yes, no and could-not-ask are three answers. The package changes nothing,
// captures nothing, and prints nothing.
package kernel
