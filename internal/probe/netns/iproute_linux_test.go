package netns

import (
	"encoding/json"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pktrail/pktrail/internal/lab"
	"github.com/pktrail/pktrail/internal/lab/labtest"
	"github.com/pktrail/pktrail/internal/packet"
)

// TestAgainstIproute compares what ip(8) says with what we say, for all
// namespaces of a lab.
func TestAgainstIproute(t *testing.T) {
	labtest.RequireRoot(t)
	ip := labtest.RequireTool(t, "ip")
	labtest.Lab(t, lab.Options{Flavour: lab.Flannel, Nodes: 2, Pods: 2})
	var names []string
	for line := range strings.Lines(run(t, ip, "netns", "list")) {
		names = append(names, strings.Fields(line)[0])
	}
	slices.Sort(names)
	if d := cmp.Diff(names, Names(Options{})); d != "" {
		t.Error(d)
	}
	for _, name := range names {
		var links []struct {
			Index   int    `json:"ifindex"`
			Name    string `json:"ifname"`
			MTU     int    `json:"mtu"`
			Type    string `json:"link_type"`
			Address string `json:"address"`
			Flags   []string
			Info    struct {
				Kind string `json:"info_kind"`
			} `json:"linkinfo"`
		}
		if err := json.Unmarshal([]byte(run(t, ip, "-n", name, "-j", "-d", "link")), &links); err != nil {
			t.Fatal(err)
		}
		devices, err := openTarget(t, "netns:"+name).Devices(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if len(devices) != len(links) {
			t.Fatalf("%s: %d devices, ip has %d", name, len(devices), len(links))
		}
		for i, l := range links {
			d := devices[i]
			same := d.Index == l.Index && d.Interface == l.Name && d.MTU == l.MTU && d.Kind == l.Info.Kind &&
				d.Up == slices.Contains(l.Flags, "UP")
			if l.Type == "ether" || l.Type == "loopback" {
				same = same && d.Link == packet.LinkEthernet && (d.MAC == l.Address || l.Type == "loopback")
			} else {
				same = same && d.Link == packet.LinkRaw && d.MAC == ""
			}
			if !same {
				t.Errorf("%s: %+v, ip has %+v", name, d, l)
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
