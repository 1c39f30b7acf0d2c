package ipset_test

import (
	"bytes"
	"encoding/hex"
	"flag"
	"os"
	"os/exec"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/pktrail/pktrail/internal/lab/labtest"
	"github.com/pktrail/pktrail/internal/netstate/nlattr"
	"github.com/pktrail/pktrail/internal/probe/nlsock"
	"github.com/pktrail/pktrail/internal/probe/within"
)

var update = flag.Bool("update", false, "write testdata/kernel.txt and testdata/save.txt by ipset(8), which PATH or PKTRAIL_IPSET names")

// TestUpdate makes the sets of testdata/sets.txt and keeps what the kernel says
// of them and what the tool prints. ipset(8) is not on every machine that tests:
// the others judge by what is kept.
func TestUpdate(t *testing.T) {
	if !*update {
		t.Skip("only with -update")
	}
	tool := os.Getenv("PKTRAIL_IPSET")
	if tool == "" {
		tool = labtest.RequireTool(t, "ipset")
	}
	ns := labtest.Namespace(t)
	sets, err := os.ReadFile("testdata/sets.txt")
	if err != nil {
		t.Fatal(err)
	}
	run := func(argv ...string) string {
		c := exec.CommandContext(t.Context(), "ip", append([]string{"netns", "exec", ns, tool}, argv...)...)
		c.Stdin = bytes.NewReader(sets)
		out, err := c.CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %v: %s", argv, err, out)
		}
		return string(out)
	}
	run("restore")
	f, err := os.Open("/run/netns/" + ns)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var kept strings.Builder
	err = within.Do(f, func() error {
		c, err := nlsock.Dial(unix.NETLINK_NETFILTER)
		if err != nil {
			return err
		}
		defer c.Close()
		body := nlattr.Append([]byte{unix.AF_INET, 0, 0, 0}, 1, 7) // IPSET_ATTR_PROTOCOL
		return c.Dump(unix.NFNL_SUBSYS_IPSET<<8|7, body, func(m nlsock.Message) error {
			kept.WriteString(hex.EncodeToString(m.Body) + "\n")
			return nil
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"kernel": kept.String(), "save": run("save")} {
		if err := os.WriteFile("testdata/"+name+".txt", []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
