package trail

import (
	"encoding/json"
	"reflect"
	"testing"
)

func TestPoint(t *testing.T) {
	for _, c := range []struct {
		p           Point
		path, owner string
	}{
		{Point{Node: "node1", Target: "web", Interface: "eth0"}, "node1/web/eth0", "web"},
		{Point{Node: "node1", Interface: "cni0"}, "node1/cni0", "node1"},
		{Point{Target: "web", Interface: "any"}, "web/any", "web"},
		{Point{Interface: "eth0"}, "eth0", ""},
		{Point{}, "", ""},
	} {
		if c.p.Path() != c.path || c.p.Owner() != c.owner {
			t.Errorf("%+v: path %q, owner %q", c.p, c.p.Path(), c.p.Owner())
		}
	}
}

// A point's JSON is in the stream: docs/file-format.md has it.
func TestPointJSON(t *testing.T) {
	p := Point{Node: "node1", Target: "client", Interface: "eth0", Index: 17, Netns: 4026532249, Role: RolePod, Kind: "veth", Link: 1, MTU: 1450, MAC: "02:42:ac:1e:01:00"}
	same(t, p, `{"node":"node1","target":"client","interface":"eth0","index":17,"netns":4026532249,"role":"pod","kind":"veth","link":1,"mtu":1450,"mac":"02:42:ac:1e:01:00"}`)
	same(t, Point{Node: "node1", Interface: "tun0", Link: 101}, `{"node":"node1","interface":"tun0","link":101}`)
}

func TestJSON(t *testing.T) {
	same(t, PointTotal{Point: Point{Interface: "lo", Link: 1}, Packets: 2, Bytes: 84, Missed: 7},
		`{"point":{"interface":"lo","link":1},"packets":2,"bytes":84,"missed":7}`)
	same(t, Counters{Received: 9, Missed: 7}, `{"received":9,"missed":7}`)
	same(t, Observation{Time: 5, Dir: Out, Point: Point{Interface: "lo", Link: 1}, Len: 60, Seen: Headers{TTL: 64}, Changes: []string{"TTL is 64"}},
		`{"time":5,"point":{"interface":"lo","link":1},"direction":"out","length":60,"seen":{"ttl":64},"changes":["TTL is 64"]}`)
}

func TestStart(t *testing.T) {
	late := Observation{Time: 9, Late: true}
	for _, c := range []struct {
		all  []Observation
		want int64
	}{
		{nil, 0}, {[]Observation{late}, 9}, {[]Observation{late, {Time: 5}, {Time: 7}}, 5}, {[]Observation{{}, {Time: 5}}, 5},
	} {
		if got := (&Trail{Observations: c.all}).Start(); got != c.want {
			t.Errorf("%+v: %d, want %d", c.all, got, c.want)
		}
	}
}

func TestDirection(t *testing.T) {
	for d, want := range map[Direction][2]string{In: {"In", `"in"`}, Out: {"Out", `"out"`}, DirUnknown: {"?", `""`}} {
		if d.String() != want[0] {
			t.Errorf("%d is %q", d, d)
		}
		same(t, d, want[1])
	}
	d := In
	if err := json.Unmarshal([]byte(`"sideways"`), &d); err != nil || d != DirUnknown {
		t.Errorf("%v, %v", d, err)
	}
}

// same checks a value's JSON, there and back.
func same[T any](t *testing.T, v T, want string) {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil || string(b) != want {
		t.Errorf("%s, %v, want %s", b, err, want)
	}
	var back T
	if err := json.Unmarshal(b, &back); err != nil || !reflect.DeepEqual(back, v) {
		t.Errorf("%s became %+v, %v", b, back, err)
	}
}
