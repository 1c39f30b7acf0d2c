package pcap

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pktrail/pktrail/internal/lab/labtest"
)

// TestCapinfos lets Wireshark's and tcpdump's readers look at our files.
func TestCapinfos(t *testing.T) {
	capinfos, tcpdump := labtest.RequireTool(t, "capinfos"), labtest.RequireTool(t, "tcpdump")
	for _, h := range []Header{{LinkType: 1, Nano: true}, {LinkType: 1, SnapLen: 65535}} {
		file := write(t, h, packets()[1:])
		for _, in := range [][]byte{file, bigEndian(file)} {
			path := filepath.Join(t.TempDir(), "x.pcap")
			if err := os.WriteFile(path, in, 0o600); err != nil {
				t.Fatal(err)
			}
			out := run(t, capinfos, "-Mcte", path)
			want := "nsecpcap\n"
			if !h.Nano {
				want = "  pcap\n"
			}
			if !strings.Contains(out, want) || !strings.Contains(out, "Number of packets:   3") {
				t.Errorf("capinfos says\n%s", out)
			}
			out = run(t, tcpdump, "--nano", "-tt", "-nr", path)
			want = "1700000000.123456789 "
			if !h.Nano {
				want = "1700000000.123456000 "
			}
			if !strings.HasPrefix(out, want) {
				t.Errorf("tcpdump says\n%s", out)
			}
		}
	}
}

func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), name, args...).Output()
	if err != nil {
		t.Fatalf("%s %v: %v", name, args, err)
	}
	return string(out)
}
