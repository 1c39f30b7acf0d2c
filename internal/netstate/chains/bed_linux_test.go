package chains

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/pktrail/pktrail/internal/lab/labtest"
	"github.com/pktrail/pktrail/internal/netstate"
	"github.com/pktrail/pktrail/internal/probe/netlink"
)

// bed is a namespace with rules in it.
type bed struct {
	t  testing.TB
	ns string
}

func newBed(tb testing.TB) *bed {
	tb.Helper()
	labtest.RequireTool(tb, "ip")
	return &bed{t: tb, ns: labtest.Namespace(tb)}
}

// run starts a program in the namespace and returns what it prints.
func (b *bed) run(stdin string, argv ...string) string {
	b.t.Helper()
	out, err := b.try(stdin, argv...)
	if err != nil {
		b.t.Fatalf("%s: %v", strings.Join(argv, " "), err)
	}
	return out
}

func (b *bed) try(stdin string, argv ...string) (string, error) {
	b.t.Helper()
	labtest.RequireTool(b.t, argv[0])
	c := exec.CommandContext(b.t.Context(), "ip", append([]string{"netns", "exec", b.ns}, argv...)...)
	c.Stdin = strings.NewReader(stdin)
	var stderr bytes.Buffer
	c.Stderr = &stderr
	c.Env = append(os.Environ(), "TZ=UTC")
	out, err := c.Output()
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, strings.TrimSpace(stderr.String()))
	}
	return string(out), nil
}

// take takes a snapshot of the rules.
func (b *bed) take() *netstate.Namespace {
	b.t.Helper()
	f, err := os.Open("/run/netns/" + b.ns)
	if err != nil {
		b.t.Fatal(err)
	}
	defer f.Close()
	ns, err := netlink.Take(b.t.Context(), f, netlink.Options{Parts: []netstate.Part{netstate.PartLinks, netstate.PartChains, netstate.PartSets}})
	if err != nil {
		b.t.Fatal(err)
	}
	if len(ns.Unreadable) > 0 || len(ns.Changed) > 0 {
		b.t.Fatalf("%+v, %v", ns.Unreadable, ns.Changed)
	}
	return ns
}

// open takes a snapshot and opens it, after it was in a file.
func (b *bed) open() *Rulesets {
	b.t.Helper()
	data, err := json.Marshal(b.take())
	if err != nil {
		b.t.Fatal(err)
	}
	ns := &netstate.Namespace{}
	if err := json.Unmarshal(data, ns); err != nil {
		b.t.Fatal(err)
	}
	x, err := Open(&ns.Ruleset, NamesOf(ns))
	if err != nil {
		b.t.Fatal(err)
	}
	return x
}

var expires = regexp.MustCompile(` expires [0-9a-z]+`)

// sameText wants the lines of `nft list ruleset`.
func (b *bed) sameText(x *Rulesets) int {
	b.t.Helper()
	var got strings.Builder
	if err := x.WriteText(&got); err != nil {
		b.t.Fatal(err)
	}
	want := b.run("", "nft", "list", "ruleset")
	return b.sameLines(expires.ReplaceAllString(got.String(), " expires"), expires.ReplaceAllString(want, " expires"))
}

// sameLines compares line by line, and returns how many there are.
func (b *bed) sameLines(got, want string) int {
	b.t.Helper()
	g, w := strings.Split(strings.TrimSpace(got), "\n"), strings.Split(strings.TrimSpace(want), "\n")
	for i := range max(len(g), len(w)) {
		gl, wl := "-", "-"
		if i < len(g) {
			gl = g[i]
		}
		if i < len(w) {
			wl = w[i]
		}
		if gl != wl {
			b.t.Errorf("line %d:\n got %s\nwant %s", i+1, gl, wl)
			if len(g) != len(w) {
				b.t.Fatalf("%d lines, want %d", len(g), len(w))
			}
		}
	}
	return len(w)
}

// sameJSON wants the values of `nft -j list ruleset`.
func (b *bed) sameJSON(x *Rulesets) int {
	b.t.Helper()
	var out bytes.Buffer
	if err := x.WriteJSON(&out, "0"); err != nil {
		b.t.Fatal(err)
	}
	got, want := b.objects(out.Bytes()), b.objects([]byte(b.run("", "nft", "-j", "list", "ruleset")))
	if len(got) != len(want) {
		b.t.Fatalf("%d objects, want %d", len(got), len(want))
	}
	for i := range want {
		if !reflect.DeepEqual(got[i], want[i]) {
			g, _ := json.Marshal(got[i])
			w, _ := json.Marshal(want[i])
			b.t.Errorf("object %d:\n got %s\nwant %s", i, g, w)
		}
	}
	return len(want)
}

// objects are those of nft's JSON, without what nft 1.0.6 gets wrong: a chain's
// device is left out and a table's flags are any text.
func (b *bed) objects(data []byte) []any {
	b.t.Helper()
	var doc struct{ Nftables []map[string]any }
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if err := d.Decode(&doc); err != nil {
		b.t.Fatalf("%v: %s", err, data)
	}
	var all []any
	for _, o := range doc.Nftables {
		if _, ok := o["metainfo"]; ok {
			continue
		}
		if c, ok := o["chain"].(map[string]any); ok {
			delete(c, "dev")
		}
		if t, ok := o["table"].(map[string]any); ok && t["flags"] != nil {
			t["flags"] = "some"
		}
		blur(o)
		all = append(all, o)
	}
	return all
}

// blur takes away how long elements still live.
func blur(v any) {
	switch v := v.(type) {
	case map[string]any:
		if v["expires"] != nil {
			v["expires"] = "soon"
		}
		for _, x := range v {
			blur(x)
		}
	case []any:
		for _, x := range v {
			blur(x)
		}
	}
}
