//go:build e2e

package e2e

import (
	"bytes"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pktrail/pktrail/internal/lab/labtest"
	"github.com/pktrail/pktrail/test/e2e/engine"
	"github.com/pktrail/pktrail/test/e2e/stage"
)

// A container of every engine is captured by its id, or by the beginning of it
// that people are shown; nothing is left but the file.
func TestLocalEngines(t *testing.T) {
	for _, kind := range []engine.Kind{engine.Docker, engine.Podman, engine.Containerd, engine.CRIO} {
		t.Run(string(kind), func(t *testing.T) {
			e := engine.Start(t, kind)
			c := e.Run(t)
			capture(t, e, c, "container:"+c.ID)
			capture(t, e, c, "container:"+c.ID[:12])
		})
	}
}

// A pod of cri-o is found by the socket, whatever the socket tells.
func TestLocalCRIO(t *testing.T) {
	for told, name := range map[engine.Told]string{engine.TellPID: "pid", engine.TellPath: "path", engine.TellNothing: "nothing"} {
		t.Run(name, func(t *testing.T) {
			e := engine.Start(t, engine.CRIO)
			e.Told = told
			c := e.Run(t)
			capture(t, e, c, "cri:"+engine.CRIONamespace+"/"+engine.CRIOPod)
		})
	}
}

// armed is a packet socket that is bound: type 3, protocol ETH_P_ALL, any
// interface, running (packet(7), /proc/net/packet).
var armed = regexp.MustCompile(`packet socket [0-9a-f]+ \d+ 3 +0003 \d+ 1 `)

// capture has pktrail capture two pings on the engine's machine. tcpdump reads
// what it wrote.
func capture(t *testing.T, e *engine.Engine, c engine.Container, target string) {
	t.Helper()
	program, err := stage.Program()
	if err != nil {
		t.Fatal(err)
	}
	program = e.Install(t, program)
	file := filepath.Join("/var/tmp", labtest.Name()+".pcapng")
	cmd, err := e.Command(t.Context(), program, "capture", target, "-f", "icmp", "--count", "4", "--duration", "30s", "-o", file)
	if err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	labtest.Wait(t, 20*time.Second, "a packet socket", func() bool {
		select {
		case err := <-ended:
			t.Fatalf("pktrail capture %s: %v: %s", target, err, &said)
		default:
		}
		return slices.ContainsFunc(e.Left(t), armed.MatchString)
	})
	e.On(t, "ping", "-c", "2", "-i", "0.2", c.IP.String())
	if err := <-ended; err != nil {
		t.Fatalf("pktrail capture %s: %v: %s", target, err, &said)
	}
	got := echoes(strings.Split(e.On(t, "tcpdump", "-nr", file), "\n"))
	if want := []string{"request", "reply", "request", "reply"}; !slices.Equal(got, want) {
		t.Errorf("%s: %q, pktrail said\n%s", target, got, &said)
	}
	if left := e.Left(t); len(left) > 0 {
		t.Errorf("left:\n%s", strings.Join(left, "\n"))
	}
}
