package cli

import (
	"slices"
	"strings"
	"testing"
)

func TestAsAgent(t *testing.T) {
	for in, want := range map[string]string{
		"pktrail capture x":             "capture x",
		"./pktrail":                     "",
		"/usr/bin/kubectl-pktrail read": "read",
		"/pktrail-agent serve":          "agent serve",
		"/tmp/.pktrail-0123abc own x":   "agent own x",
		"/proc/17/exe attach x 5":       "agent attach x 5",
		"/proc/self/exe capture x":      "capture x",
	} {
		if got := asAgent(strings.Fields(in)); !slices.Equal(got, strings.Fields(want)) {
			t.Errorf("%s: %q", in, got)
		}
	}
}
