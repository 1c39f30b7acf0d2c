//go:build e2e

package e2e

import (
	"testing"

	"github.com/pktrail/pktrail/test/e2e/engine"
	"github.com/pktrail/pktrail/test/e2e/stage"
)

func TestLocalEngines(t *testing.T) {
	program, err := stage.Program()
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range []engine.Kind{engine.Docker, engine.Podman, engine.Containerd} {
		t.Run(string(kind), func(t *testing.T) {
			e := engine.Start(t, kind)
			c := e.Run(t)
			t.Log(e.On(t, "sh", "-c", program+" capture container:"+c.ID+" -f icmp --count 4 -o /var/x.pcapng & sleep 1; ping -c2 "+c.IP.String()+"; wait; tcpdump -nr /var/x.pcapng;"+program+" capture container:"+c.ID[:12]+" -f icmp --count 4 --points path --duration 2s& sleep 1; ping -c2 "+c.IP.String()+"; wait"))
		})
	}
}
