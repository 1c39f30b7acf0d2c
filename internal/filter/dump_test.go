package filter

import (
	"os/exec"
	"strings"
	"testing"
)

// TestDumpPrintsAsTcpdump prints tcpdump's own programs and compares the text.
func TestDumpPrintsAsTcpdump(t *testing.T) {
	o := newOracle(t)
	for _, expr := range []string{
		"tcp port 80 or 443", "vlan 5 and ip", "geneve 5 and tcp port 80", "ip[ip[0] & 0xf] = tcp[2]", "inbound and ifindex 3",
		"ip[8] % 10 = 3 or ip[8] ^ 5 = 1 or ip[8] | 1 = 3 or -ip[8] = 5 or ip[8] * 3 = 6", "ip[2:2] / ip[8] > len",
		"ip[8] << ip[9] = 1 or ip[8] >> 2 = ip[9] or ip[8] - ip[9] = 1 or ip[8] * ip[9] > 1", "len - 5 >= ip[2:2]",
	} {
		p := o.forLink(t, expr, Ethernet).program
		for flag, got := range map[string]string{"-d": p.Dump(), "-dd": p.DumpC(), "-ddd": p.DumpDecimal()} {
			out, err := exec.CommandContext(t.Context(), o.tcpdump, flag, "-y", "EN10MB", "--", expr).Output()
			if err != nil {
				t.Fatalf("tcpdump %s %q: %v", flag, expr, err)
			}
			// tcpdump pads what has no operand.
			trim := func(s string) string {
				lines := strings.Split(s, "\n")
				for i := range lines {
					lines[i] = strings.TrimRight(lines[i], " ")
				}
				return strings.Join(lines, "\n")
			}
			if trim(got) != trim(string(out)) {
				t.Errorf("%s %q:\n%stcpdump:\n%s", flag, expr, got, out)
			}
		}
	}
}
