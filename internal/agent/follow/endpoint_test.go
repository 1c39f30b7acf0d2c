package follow

import (
	"net/netip"
	"strings"
	"testing"
)

func TestParseEndpoint(t *testing.T) {
	for text, want := range map[string]Endpoint{
		"10.244.2.2":          {Addr: netip.MustParseAddr("10.244.2.2")},
		"10.244.2.2:80":       {Addr: netip.MustParseAddr("10.244.2.2"), Port: 80},
		"fd00::1":             {Addr: netip.MustParseAddr("fd00::1")},
		"[fd00::1]:80":        {Addr: netip.MustParseAddr("fd00::1"), Port: 80},
		"[fd00::1]":           {Addr: netip.MustParseAddr("fd00::1")},
		"::ffff:10.0.0.1":     {Addr: netip.MustParseAddr("10.0.0.1")},
		"netns:web":           {Target: "netns:web"},
		"netns:web:80":        {Target: "netns:web", Port: 80},
		"netns:/run/netns/a":  {Target: "netns:/run/netns/a"},
		"pid:4711":            {Target: "pid:4711"},
		"pid:4711:80":         {Target: "pid:4711", Port: 80},
		"container:3f2a91:53": {Target: "container:3f2a91", Port: 53},
		"cri:shop/web:80":     {Target: "cri:shop/web", Port: 80},
		"host":                {Target: "host"},
		"host:22":             {Target: "host", Port: 22},
		"any":                 {Any: true},
		"any:443":             {Any: true, Port: 443},
	} {
		got, err := ParseEndpoint(text)
		if err != nil || got != want {
			t.Errorf("%s: %+v, %v, want %+v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "web", "pid:", "10.0.0.256", "netns:", "10.0.0.1:99999", "pod/web"} {
		e, err := ParseEndpoint(text)
		if err == nil {
			t.Errorf("%q was taken for %+v", text, e)
			continue
		}
		if h, ok := err.(interface{ Hint() string }); !ok || h.Hint() == "" {
			t.Errorf("%q: %v has no hint", text, err)
		}
	}
}

func TestCheck(t *testing.T) {
	good := Request{Source: "netns:a", Destination: "10.0.0.1:80", Probe: Probe{Proto: "tcp"}}
	if err := good.Check(); err != nil {
		t.Error(err)
	}
	for want, change := range map[string]func(q *Request){
		"nothing to choose":     func(q *Request) { q.Source, q.Destination, q.Probe = "any", "any", Probe{} },
		"unknown probe":         func(q *Request) { q.Probe.Proto = "sctp" },
		"needs a port":          func(q *Request) { q.Destination = "10.0.0.1" },
		"two ports":             func(q *Request) { q.Port = 81 },
		"port 70000":            func(q *Request) { q.Port = 70000 },
		"inside of a namespace": func(q *Request) { q.Source = "10.0.0.2" },
		"needs a destination":   func(q *Request) { q.Destination = "any" },
		"are a probe's":         func(q *Request) { q.Probe = Probe{Size: 1000} },
		"not within":            func(q *Request) { q.Probe.Size = 1 << 20 },
		"below 0":               func(q *Request) { q.Count = -1 },
	} {
		q := good
		change(&q)
		if err := q.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}
