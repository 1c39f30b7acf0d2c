// Package find turns what a person names into pods and nodes of a cluster.
//
// What comes in: targets as kubectl writes them ("web", "deploy/web",
// "svc/web", "node/a"), a selector, a namespace. What goes out: the pods they
// stand for, the nodes these are on, what is odd about them in words, and why
// a target cannot be had: an Error with the nearest names. Refuse says which
// ways in cannot work, before anything is placed. Watch tells pods that come
// and go, Gather the names of addresses, Complete what may be typed next.
//
// It asks for as little as it can: an object by its name where a name is
// known, so that small roles suffice. What it may not read and can do without
// is a note. It places nothing, and knows no packets and no screen.
package find
