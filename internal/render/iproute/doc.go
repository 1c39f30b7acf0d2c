// Package iproute writes what a snapshot holds as the tools of iproute2 and
// their neighbours do: `ip link`, `ip addr`, `ip neigh`, `bridge fdb`, `ip
// route`, `ip rule`, `ip nexthop` and others, as their text or as their JSON
// (`ip -j`), so that a person or a program who knows those reads it at once.
//
// What comes in: a netstate.Namespace and the options that ip would get. What
// goes out: the listing, equal to that of iproute2 6.1: text line by line, JSON
// value by value. It reads no kernel and no file: names that ip looks up in
// files are those that come with it.
package iproute
