package cilium

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/pktrail/pktrail/internal/parse"
	"github.com/pktrail/pktrail/internal/trail"
)

func TestDetect(t *testing.T) {
	for _, s := range []string{
		"", "\n\n", "{}", `{"flow":{"time":"x","verdict":"FORWARDED"}}`, `{"type":"trace"}`, "-> something", "CPU 0: MARK", "xx drop (",
		"TRACE: raw:PREROUTING:policy:2 IN=enp5s0 OUT= MAC=", "trace id 4ea1a2f1 ip nat PREROUTING packet: iif \"eth0\"", "Policy verdict log: x",
	} {
		if Detect([]byte(s)) {
			t.Errorf("%q is told for the monitor's", s)
		}
	}
	for _, s := range []string{
		"level=info\n" + `{"cpu":"CPU 07:","type":"debug","message":"x"}`, "Listening for events on 2 CPUs with 64x4096 of shared memory\r\n",
		"<- endpoint 9 flow 0x16 identity 7->0 state new ifindex 0: 10.0.0.1 -> 10.0.0.9 EchoRequest", "xx drop (Policy denied) flow 0x3 to",
		"Policy verdict log: flow 0x9 local", "CPU 01: MARK 0x0 FROM 1 DROP: 98 bytes",
	} {
		if !Detect([]byte(s)) {
			t.Errorf("%q is not told for the monitor's", s)
		}
	}
}

func TestKnown(t *testing.T) {
	for _, c := range []struct {
		in, level string
		want      Known
		facts     []parse.FactKind
	}{
		{"", "", Known{Numbered: true}, nil},
		{"", "None", Known{Complete: true, Numbered: true}, nil},
		{"CPU 01: Lost 5 events\n", "none", Known{Lost: 5, Numbered: true}, []parse.FactKind{parse.FactLost}},
		{"\n", "Medium", Known{Aggregated: configured("Medium"), Numbered: true}, []parse.FactKind{parse.FactAggregated}},
	} {
		r := New(strings.NewReader(c.in), Options{Aggregation: c.level})
		items, _ := all(t, r)
		var kinds []parse.FactKind
		for _, it := range items {
			kinds = append(kinds, it.Fact.Kind)
		}
		if got := r.Known(); got != c.want || !slices.Equal(kinds, c.facts) {
			t.Errorf("%q, %q: %+v, %q", c.in, c.level, got, kinds)
		}
	}
	// What the events show does not count against what is configured.
	r := New(bytes.NewReader(input(t, "in/aggregated.jsonl")), Options{Aggregation: "None"})
	if all(t, r); !r.Known().Complete {
		t.Errorf("%+v", r.Known())
	}
}

func TestEndpoints(t *testing.T) {
	eps, err := Endpoints(input(t, "state/c-node1.endpoints.json"))
	if err != nil || len(eps) != 3 {
		t.Fatalf("%+v, %v", eps, err)
	}
	i := slices.IndexFunc(eps, func(e Endpoint) bool { return e.ID == 798 })
	if e := eps[i]; e.Pod != "default/client" || e.Interface != "lxc7cc2c70fcb86" || e.Index != 7 || e.Identity != 13770 || len(e.Addrs) != 1 || e.Addrs[0].String() != "10.245.1.215" {
		t.Errorf("%+v", e)
	}
	if a := Aggregation(eps); a != "None" {
		t.Errorf("aggregation %q", a)
	}
	eps[1].Aggregation = "Medium"
	if a := Aggregation(eps); a != "Medium" {
		t.Errorf("aggregation %q", a)
	}
	eps[1].Aggregation = ""
	if a := Aggregation(eps); a != "" {
		t.Errorf("aggregation %q though one is not known", a)
	}
	if _, err := Endpoints([]byte("{")); err == nil {
		t.Error("what is no JSON is taken")
	}
}

// A verdict waits for its packet, past others, and not for ever.
func TestVerdicts(t *testing.T) {
	verdict := "Policy verdict log: flow 0x1 local EP ID 7, remote ID 9, proto 6, egress, action allow, auth: disabled, match L3-L4, 10.0.0.1:4000 -> 10.0.0.2:80 tcp SYN\n"
	line := func(port string) string {
		return "-> stack flow 0x1 , identity 7->9 state new ifindex 0 orig-ip 0.0.0.0: 10.0.0.1:" + port + " -> 10.0.0.2:80 tcp SYN\n"
	}
	stages := func(in string) (out []trail.Stage) {
		items, bad := all(t, New(strings.NewReader(in), Options{}))
		if len(bad) > 0 {
			t.Fatal(bad)
		}
		for _, it := range items {
			if it.Sighting != nil {
				out = append(out, it.Sighting.Seen.Stage)
			}
		}
		return out
	}
	const d, p = trail.StageDatapath, trail.StagePolicy
	for in, want := range map[string][]trail.Stage{
		verdict + line("4001") + line("4000") + line("4000"): {d, p, d, d},
		verdict + verdict + line("4000") + line("4000"):      {p, d, p, d},
		verdict:                {p},
		verdict + line("4001"): {d, p},
		strings.Repeat(verdict, 70) + line("4001"): slices.Concat(slices.Repeat([]trail.Stage{p}, 6), []trail.Stage{d}, slices.Repeat([]trail.Stage{p}, 64)),
	} {
		if got := stages(in); !slices.Equal(got, want) {
			t.Errorf("%.40q: %q, want %q", in, got, want)
		}
	}
	got := stages(verdict + strings.Repeat(line("4001"), 300))
	if i := slices.Index(got, p); i < maxWait || i > maxWait+2 {
		t.Errorf("given up after %d lines", i)
	}
}

func TestBroken(t *testing.T) {
	gone := errors.New("gone")
	r := New(io.MultiReader(strings.NewReader("CPU 01: Lost 5 events\nCPU 01: MARK 0x0 FROM 1 DEBUG: 98 bytes, x\n"), iotest.ErrReader(gone)), Options{})
	for range 2 { // what was held comes before the error
		if it, err := r.Read(); err != nil || it.Fact == nil {
			t.Fatalf("%+v, %v", it, err)
		}
	}
	for range 2 {
		if _, err := r.Read(); !errors.Is(err, gone) {
			t.Fatal(err)
		}
	}
}
