package agent

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// full is a request with every field set.
func full() Request {
	return Request{Version: 1, Capture: &Capture{
		Targets: []string{"netns:web", "pid:4711"}, Points: []string{"path", "eth0"}, Filter: "port 80",
		SnapLen: 128, Keep: KeepNames, Buffer: 1 << 20, Promiscuous: true, CRISocket: "/run/x.sock",
		Limits: Limits{Duration: time.Minute, Packets: 20, Bytes: 1 << 30},
	}}
}

func TestRequestRoundTrip(t *testing.T) {
	short := Request{Version: 1, Capture: &Capture{Targets: []string{"host"}, Interfaces: []string{"eth0", "any"}}}
	for _, q := range []Request{full(), short} {
		b, err := json.Marshal(q)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.ContainsRune(b, '\n') {
			t.Errorf("more than a line: %s", b)
		}
		got, err := ReadRequest(bytes.NewReader(append(b, '\n')))
		if err != nil {
			t.Fatalf("%s: %v", b, err)
		}
		if d := cmp.Diff(q, got); d != "" {
			t.Errorf("%s", d)
		}
	}
	b, _ := json.Marshal(short)
	if want := `{"version":1,"capture":{"targets":["host"],"interfaces":["eth0","any"]}}`; string(b) != want {
		t.Errorf("%s, want %s", b, want)
	}
}

// Whatever is wrong with a request is said before anything is opened.
func TestRequestWrong(t *testing.T) {
	for want, change := range map[string]func(*Request){
		"version 2":                             func(q *Request) { q.Version = 2 },
		"version 0":                             func(q *Request) { q.Version = 0 },
		"asks for nothing":                      func(q *Request) { q.Capture = nil },
		"no target":                             func(q *Request) { q.Capture.Targets = nil },
		`target "web"`:                          func(q *Request) { q.Capture.Targets[1] = "web" },
		`target ""`:                             func(q *Request) { q.Capture.Targets[1] = "" },
		"exclude each other":                    func(q *Request) { q.Capture.Interfaces = []string{"eth0"} },
		"without a name":                        func(q *Request) { q.Capture.Points = []string{"pod", ""} },
		"snap length -1":                        func(q *Request) { q.Capture.SnapLen = -1 },
		"snap length 262145":                    func(q *Request) { q.Capture.SnapLen = 262145 },
		`nobody knows how to keep "everything"`: func(q *Request) { q.Capture.Keep = "everything" },
		"buffer of -1 bytes":                    func(q *Request) { q.Capture.Buffer = -1 },
		"buffer of 1073741825 bytes":            func(q *Request) { q.Capture.Buffer = 1<<30 + 1 },
		"a limit below 0":                       func(q *Request) { q.Capture.Limits.Bytes = -1 },
		"filter":                                func(q *Request) { q.Capture.Filter = "port port" },
		"if:eth0 is an interface": func(q *Request) {
			q.Capture.Targets, q.Capture.Points, q.Capture.Interfaces = []string{"if:eth0"}, nil, []string{"any"}
		},
	} {
		q := full()
		change(&q)
		b, err := json.Marshal(q)
		if err != nil {
			t.Fatal(err)
		}
		_, read := ReadRequest(bytes.NewReader(b))
		run := Run(t.Context(), q, &bytes.Buffer{}, nil)
		for _, err := range []error{read, run} {
			if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("want %q: %v", want, err)
			}
		}
	}
	for _, text := range []string{"", "null", "{", `[]`, `{"version":"1"}`, `{"version":1,"capture":{"targets":"x"}}`, `{"version":1,"capture":{"limits":{"duration":"10m"}}}`, "\x00"} {
		if q, err := ReadRequest(strings.NewReader(text)); err == nil {
			t.Errorf("%q is %+v", text, q)
		}
	}
}

// A request without end is refused, not gathered.
func TestRequestBounded(t *testing.T) {
	endless := `{"version":1,"capture":{"targets":["` + strings.Repeat("a", 2*maxRequest)
	if _, err := ReadRequest(strings.NewReader(endless)); err == nil {
		t.Error("a request of 2 MiB")
	}
}

func FuzzReadRequest(f *testing.F) {
	b, err := json.Marshal(full())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte(`{"version":1,"capture":{"targets":["netns:a"],"filter":"not (tcp or port 53)"}}`))
	f.Add([]byte(`{"version":1,"capture":null}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		q, err := ReadRequest(bytes.NewReader(b))
		if err != nil {
			return
		}
		again, err := json.Marshal(q)
		if err != nil {
			t.Fatal(err)
		}
		q2, err := ReadRequest(bytes.NewReader(again))
		if err != nil {
			t.Fatalf("%s is a request, %s is not: %v", b, again, err)
		}
		if d := cmp.Diff(q, q2); d != "" && len(q.Capture.Points)+len(q.Capture.Interfaces) > 0 {
			t.Fatal(d)
		}
	})
}

func TestCheckTarget(t *testing.T) {
	if err := CheckTarget("netns:web"); err != nil {
		t.Error(err)
	}
	err := CheckTarget("deploy/web")
	if h, ok := err.(interface{ Hint() string }); !ok || h.Hint() == "" {
		t.Errorf("%v has no hint", err)
	}
}
