package chains

import (
	"os"
	"strings"
	"testing"
)

// file reads one of testdata.
func file(tb testing.TB, name string) string {
	tb.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		tb.Fatal(err)
	}
	return string(b)
}

// corpus reads rules, one per line, # for remarks.
func corpus(tb testing.TB, name string) []string {
	tb.Helper()
	var all []string
	for line := range strings.Lines(file(tb, name)) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			all = append(all, line)
		}
	}
	return all
}
