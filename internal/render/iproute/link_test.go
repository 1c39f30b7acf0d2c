package iproute

import (
	"encoding/json"
	"testing"

	"github.com/pktrail/pktrail/internal/netstate"
	"github.com/pktrail/pktrail/internal/netstate/rtnl"
)

// FuzzLinks lists whatever a kernel may send: JSON is always JSON.
func FuzzLinks(f *testing.F) {
	for _, m := range madeUp() {
		f.Add([]byte(m))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		l, err := rtnl.Link(b)
		if err != nil {
			return
		}
		ns := &netstate.Namespace{Links: []netstate.Link{l}}
		if a, err := rtnl.Address(b); err == nil {
			a.Link = l.Index
			ns.Addresses = []netstate.Address{a}
		}
		if n, err := rtnl.Neighbour(b, func(int) uint16 { return l.Type }); err == nil {
			ns.Neighbours = []netstate.Neighbour{n}
		}
		if e, err := rtnl.FDBEntry(b); err == nil {
			ns.FDB = []netstate.FDBEntry{e}
		}
		o := Options{Details: true, Stats: true, AllStates: true}
		for _, list := range []func(*netstate.Namespace, Options) []byte{Links, Addresses, Neighbours, FDB} {
			o.JSON = false
			list(ns, o)
			o.JSON = true
			if out := list(ns, o); !json.Valid(out) {
				t.Errorf("no JSON: %s", out)
			}
		}
	})
}

func TestNetnsNames(t *testing.T) {
	s := &netstate.Snapshot{Namespaces: []*netstate.Namespace{
		{Inode: 1, Names: []string{"/proc/5/ns/net", "/var/run/netns/blue"}}, {Inode: 2, Names: []string{"/run/docker/netns/x"}},
	}}
	names := NetnsNames(s, &netstate.Namespace{Peers: map[int32]uint64{0: 1, 1: 2, 2: 3}})
	for id, want := range []string{"blue", "", "", ""} {
		if got := names(int32(id)); got != want {
			t.Errorf("%d: %q, want %q", id, got, want)
		}
	}
}
