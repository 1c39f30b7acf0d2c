package record

import (
	"bytes"
	"encoding/json"
	"net/netip"
	"reflect"
	"testing"

	"github.com/pktrail/pktrail/internal/trail"
)

// samples are observations of all kinds.
func samples() []trail.Observation {
	return []trail.Observation{
		{},
		{Stage: trail.StageReceive, Flight: 1<<56 | 7, CPU: 2, Mark: 0xffffffff, Merged: 45},
		{Stage: "a <b> & \"c\" \n ü", CPU: 1},
		{Stage: trail.StageRules, Late: true, Hook: &trail.Hook{Name: "FORWARD"}, Rules: []trail.Rule{{Table: "t", Chain: "c", Text: "a \"b\" <c>"}}},
		{Stage: trail.StageRoute, Route: &trail.Route{Table: 254, Dst: netip.MustParseAddr("fd00::1"), Prefix: netip.MustParsePrefix("fd00::/64")}},
		{Stage: trail.StageNeighbour, Neighbour: &trail.Neighbour{Addr: netip.MustParseAddr("10.0.0.1"), Device: "eth0", State: "INCOMPLETE", Parked: true}},
		{Stage: trail.StageTransmit, Transmit: &trail.Transmit{Code: 16}, Copy: 3, Changes: []string{"x"}},
		{Stage: trail.StageRefuse, Refusal: &trail.Refusal{Kind: "icmp", Type: 3}},
		{Stage: trail.StageDrop, Drop: &trail.Drop{Reason: "X"}, Answers: []trail.Answer{{Question: "q"}}, Settings: []trail.Setting{{Name: "n", Value: "1"}}},
		{Stage: trail.StageDeliver, Socket: &trail.Socket{Process: "nginx", PID: 7}, Conntrack: &trail.Conntrack{State: "new", Status: 8}},
	}
}

// The quick writer writes what encoding/json writes, and both readers read it.
func TestObservedCodec(t *testing.T) {
	for _, o := range samples() {
		for _, also := range [][]trail.Observation{nil, {{Stage: trail.StageRoute, Time: 5, Route: &trail.Route{Table: 1}}}} {
			want, err := json.Marshal(observed{Observation: o, Also: also})
			if err != nil {
				t.Fatal(err)
			}
			got, err := appendObserved(nil, &o, also)
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("%s, %v, want %s", got, err, want)
			}
			var back trail.Observation
			var backAlso []trail.Observation
			if !decodeObserved(got, &back, &backAlso) || !reflect.DeepEqual(back, o) || len(backAlso) != len(also) {
				t.Errorf("%s became %+v", got, back)
			}
		}
	}
	if !quick([]byte(`{"stage":"receive","flight":7,"cpu":1}`), &trail.Observation{}) {
		t.Error("what nearly all observations are is not read quickly")
	}
}

// Whatever the quick reader takes, encoding/json takes, and it means the same.
func FuzzObserved(f *testing.F) {
	for _, o := range samples() {
		b, err := appendObserved(nil, &o, nil)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add([]byte(`{"cpu":1,"cpu":2,"flight":0}`))
	f.Add([]byte(`{"cpu":01}`))
	f.Add([]byte(`{"stage":"receive",}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		var got trail.Observation
		if !quick(b, &got) {
			return
		}
		var want observed
		if err := json.Unmarshal(b, &want); err != nil {
			t.Fatalf("%q: %v", b, err)
		}
		if !reflect.DeepEqual(got, want.Observation) {
			t.Fatalf("%q: %+v, want %+v", b, got, want.Observation)
		}
	})
}

func BenchmarkObserved(b *testing.B) {
	o := samples()[1]
	text, err := appendObserved(nil, &o, nil)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("encode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if text, err = appendObserved(text[:0], &o, nil); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("decode", func(b *testing.B) {
		b.ReportAllocs()
		var also []trail.Observation
		for b.Loop() {
			if !decodeObserved(text, &o, &also) {
				b.Fatal("not decoded")
			}
		}
	})
}
