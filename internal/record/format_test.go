package record

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"
)

// TestSpecification: each example in docs/file-format.md stands in a golden
// stream, each kind of option has an example, and the version is ours.
func TestSpecification(t *testing.T) {
	doc, err := os.ReadFile("../../docs/file-format.md")
	if err != nil {
		t.Fatal(err)
	}
	var golden []byte
	for _, name := range []string{"testdata/small.pcapng", "testdata/trace.pcapng", "testdata/merged.pcapng", "testdata/state.pcapng"} {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		golden = append(golden, b...)
	}
	if title := fmt.Sprintf("# The stream of pktrail, version %d\n", Version); !bytes.HasPrefix(doc, []byte(title)) {
		t.Errorf("the specification does not start with %q", title)
	}
	seen := map[string]bool{}
	for line := range strings.Lines(string(doc)) {
		example, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "    pktrail/1 ")
		if !ok {
			continue
		}
		kind, _, _ := strings.Cut(example, " ")
		seen[kind] = true
		if !bytes.Contains(golden, []byte("pktrail/1 "+example)) {
			t.Errorf("not in the golden stream: %s", example)
		}
	}
	for _, kind := range []string{kindHeader, kindPoint, kindObservation, kindTotals, kindEnd, kindAside, kindSession, kindStream, kindSnapshot, kindCluster} {
		if !seen[kind] {
			t.Errorf("the specification has no example of %q", kind)
		}
	}
}
