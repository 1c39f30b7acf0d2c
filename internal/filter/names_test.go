package filter

import (
	"os"
	"strconv"
	"strings"
	"testing"
)

// table reads /etc/services or /etc/protocols: names and aliases with the
// second word of their line.
func table(t *testing.T, path string, entry func(name, value string)) {
	t.Helper()
	text, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		t.Skipf("needs %s (Debian: netbase)", path)
	}
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		line, _, _ = strings.Cut(line, "#")
		words := strings.Fields(line)
		if len(words) < 2 {
			continue
		}
		entry(words[0], words[1])
		for _, alias := range words[2:] {
			entry(alias, words[1])
		}
	}
}

func TestServicesAreThoseOfTheMachine(t *testing.T) {
	tcp, udp := map[string]uint32{}, map[string]uint32{}
	table(t, "/etc/services", func(name, value string) {
		number, proto, _ := strings.Cut(value, "/")
		n, err := strconv.ParseUint(number, 10, 16)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		into := map[string]map[string]uint32{"tcp": tcp, "udp": udp}[proto]
		if _, known := into[name]; into != nil && !known {
			into[name] = uint32(n)
		}
	})
	check := func(name string) {
		port, isTCP := tcp[name]
		want := service{port, protoTCP}
		if other, isUDP := udp[name]; isUDP && !isTCP {
			want = service{other, protoUDP}
		} else if isUDP && other == port {
			want.proto = anyTransport
		}
		if got := services[name]; got != want {
			t.Errorf("service %s: %+v, the machine says %+v", name, got, want)
		}
	}
	for name := range tcp {
		check(name)
	}
	for name := range udp {
		check(name)
	}
	for name := range services {
		if _, ok := tcp[name]; !ok {
			if _, ok = udp[name]; !ok {
				t.Logf("the machine does not know the service %s", name)
			}
		}
	}
}

func TestProtocolsAreThoseOfTheMachine(t *testing.T) {
	table(t, "/etc/protocols", func(name, value string) {
		n, err := strconv.ParseUint(value, 10, 16)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got, ok := protocolNumbers[name]; !ok || got != uint32(n) {
			t.Errorf("protocol %s: %d, the machine says %d", name, got, n)
		}
	})
}
