//go:build e2e

package e2e

import (
	"os/exec"
	"strings"
	"testing"
)

// tcpdump is the judge of what a capture has written: a line for each packet.
func tcpdump(t *testing.T, file string) []string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "tcpdump", "-nr", file).Output()
	if err != nil {
		t.Fatalf("tcpdump -nr %s: %v", file, err)
	}
	return strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
}

// echoes are the ICMP echo packets among tcpdump's lines: "request", "reply".
func echoes(lines []string) []string {
	var list []string
	for _, line := range lines {
		if _, packet, ok := strings.Cut(line, "ICMP echo "); ok {
			list = append(list, strings.Split(packet, ",")[0])
		}
	}
	return list
}
