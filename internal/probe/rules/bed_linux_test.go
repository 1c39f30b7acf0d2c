//go:build !pktrail_lite

package rules

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/pktrail/pktrail/internal/lab/labtest"
)

// bed is a namespace with rules in it.
type bed struct {
	t  testing.TB
	ns string
	s  *Source
}

func newBed(t *testing.T) *bed {
	t.Helper()
	b := &bed{t: t, ns: labtest.Namespace(t)}
	labtest.RequireTool(t, "ip")
	f, err := os.Open("/run/netns/" + b.ns)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if b.s, err = Open(f); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.s.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
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
	out, err := c.Output()
	if err != nil {
		return "", &toolError{err, stderr.String()}
	}
	return string(out), nil
}

type toolError struct {
	err    error
	stderr string
}

func (e *toolError) Error() string { return e.err.Error() + ": " + strings.TrimSpace(e.stderr) }

// corpus reads a file of testdata: one rule per line, # for remarks.
func corpus(t *testing.T, name string) []string {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for line := range strings.Lines(string(b)) {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, "#") {
			all = append(all, line)
		}
	}
	return all
}
