package cilium

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Every recording of a real monitor, and those made by hand, give what is in
// testdata/want.
func TestGolden(t *testing.T) {
	files, err := os.ReadDir(filepath.Join("testdata", "in"))
	if err != nil || len(files) < 15 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, f := range files {
		t.Run(f.Name(), func(t *testing.T) {
			in := input(t, filepath.Join("in", f.Name()))
			if !Detect(in[:min(len(in), 4096)]) {
				t.Error("is not told for the monitor's")
			}
			name, _, _ := strings.Cut(f.Name(), ".")
			golden(t, f.Name(), text(t, in, Options{Node: name}))
		})
	}
}

// With the state of the node beside it, devices have names.
func TestGoldenWithState(t *testing.T) {
	eps, err := Endpoints(input(t, "state/c-node2.endpoints.json"))
	if err != nil {
		t.Fatal(err)
	}
	o := Options{Node: "c-node2", Endpoints: eps, Interfaces: map[int]string{5: "cilium_vxlan"}, Aggregation: Aggregation(eps)}
	golden(t, "d1-node2-state", text(t, input(t, "in/d1-node2.monitor.jsonl"), o))
}
