package trail

import (
	"net/netip"
	"reflect"
	"slices"
	"testing"
	"time"
)

// Sessions of several nodes become one, in whatever order they come.
func TestJoin(t *testing.T) {
	src, dst := netip.MustParseAddr("10.244.1.2"), netip.MustParseAddr("10.244.2.2")
	at := time.Unix(100, 0)
	source := Session{
		Nodes: []string{"node2"}, Filter: "of the source", Means: []string{"eBPF"}, Armed: at, ArmedIn: 5, Full: true,
		Source:      End{Name: "kube:a/web@1", Label: "web", Node: "node2", Addrs: []netip.Addr{src}, Netns: 7},
		Destination: End{Name: dst.String(), Label: dst.String(), Addrs: []netip.Addr{dst}},
		Places:      []Place{{Netns: 7, Node: "node2", Target: "web"}}, Missed: map[string]uint64{"ring": 1},
		Conversation: &Conversation{Result: ResultAnswered},
	}
	destination := Session{
		Nodes: []string{"node1"}, Filter: "of the destination", Means: []string{"eBPF", "nft trace"}, Armed: at.Add(time.Second), ArmedIn: 3,
		Source:      End{Name: src.String(), Label: src.String(), Addrs: []netip.Addr{src}},
		Destination: End{Name: "kube:a/db@2", Label: "db", Node: "node1", Addrs: []netip.Addr{dst}, Netns: 7},
		Places:      []Place{{Netns: 7, Node: "node1", Target: "db"}}, Missed: map[string]uint64{"ring": 2}, Over: at.Add(time.Minute),
	}
	third := Session{Nodes: []string{"node3"}, Over: at, Source: destination.Source, Destination: source.Destination, Blind: []Blind{{Node: "node3", What: "x"}}}
	all := []Session{source, destination, third}
	want := Join(all)
	for range len(all) {
		all = append(all[1:], all[0])
		if got := Join(slices.Clone(all)); !reflect.DeepEqual(got, want) {
			t.Fatalf("%+v\n%+v", got, want)
		}
	}
	if !slices.Equal(want.Nodes, []string{"node2", "node1", "node3"}) || want.Filter != "of the source" || want.Full || want.Source.Name != "kube:a/web@1" {
		t.Errorf("%+v", want)
	}
	if d := want.Destination; d.Netns != 7 || d.Node != "node1" || d.Label != "db" {
		t.Errorf("%+v", d)
	}
	if len(want.Places) != 2 || len(want.Blind) != 1 || want.Missed["ring"] != 3 || want.Conversation == nil || !slices.Equal(want.Means, []string{"eBPF", "nft trace"}) {
		t.Errorf("%+v", want)
	}
	if !want.Armed.Equal(at.Add(time.Second)) || want.ArmedIn != 5 || !want.Over.IsZero() {
		t.Errorf("armed %v in %v, over %v: one has not ended", want.Armed, want.ArmedIn, want.Over)
	}
	if got := Join(nil); !reflect.DeepEqual(got, Session{}) {
		t.Errorf("%+v", got)
	}
}
