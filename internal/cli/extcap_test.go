package cli

import (
	"slices"
	"strings"
	"testing"

	"github.com/pktrail/pktrail/internal/action"
)

func TestAsExtcap(t *testing.T) {
	for in, want := range map[string]bool{
		"pktrail --extcap-interfaces":                                    true,
		"pktrail --capture --extcap-interface pktrail --fifo /tmp/x":     true,
		"/root/.local/lib/wireshark/extcap/pktrail-extcap --capture":     true,
		"/usr/lib/x86_64-linux-gnu/wireshark/extcap/pktrail":             true,
		`C:\Users\ann\AppData\Roaming\Wireshark\extcap\pktrail.exe -x`:   true,
		`C:\x\pktrail-extcap.exe`:                                        true,
		"./pktrail-extcap install":                                       true,
		"pktrail":                                                        false,
		"pktrail capture web":                                            false,
		"/opt/extcaps/pktrail capture":                                   false,
		"/usr/bin/kubectl-pktrail capture pod/extcap":                    false,
		"pktrail extcap --extcap-interfaces":                             false, // the command is there already
		"/root/.local/lib/wireshark/extcap/pktrail extcap --extcap-dlts": false,
	} {
		args := strings.Fields(in)
		words, is := asExtcap(args)
		if is != want || is && !slices.Equal(words, append([]string{"extcap"}, args[1:]...)) {
			t.Errorf("%s: %v, %q", in, is, words)
		}
	}
}

func TestBothFilters(t *testing.T) {
	for _, c := range [][3]string{
		{"", "", ""}, {"icmp", "", "icmp"}, {" ", "icmp ", "icmp"}, {"tcp or udp", "port 53", "(tcp or udp) and (port 53)"}, {"icmp", "icmp", "icmp"},
	} {
		if got := bothFilters(c[0], c[1]); got != c[2] {
			t.Errorf("%q and %q: %q", c[0], c[1], got)
		}
	}
}

// A choice comes back from Wireshark as it went there, also where its name
// comes from a cluster.
func TestChoiceValue(t *testing.T) {
	for _, c := range []action.Choice{{Target: "netns:web"}, {Target: "node/a"}, {Namespace: "shop", Target: "pod/web-x2k8l", About: "Running"}} {
		if ns, target := parseChoice(choiceValue(c)); ns != c.Namespace || target != c.Target {
			t.Errorf("%+v: %q, %q", c, ns, target)
		}
	}
	for _, value := range []string{"", "-", "  ", "a b", "-n shop"} {
		if ns, target := parseChoice(value); ns != "" || target != "" {
			t.Errorf("%q: %q, %q", value, ns, target)
		}
	}
	if got := sentence("value", "value", "a}{b=c\nd", "display", "ä"); got != "value {value=a  b=c d}{display=ä}\n" {
		t.Errorf("%q", got)
	}
}

// The numbers of the arguments with a button are where they stand.
func TestExtcapArguments(t *testing.T) {
	e := &extcapFlags{}
	text := e.arguments()
	for number, call := range map[int]string{argTarget: "--target", argContext: "--context"} {
		if want := sentence("arg", "number", string(rune('0'+number)), "call", call); !strings.Contains(text, strings.TrimSuffix(want, "\n")) {
			t.Errorf("%s is not number %d", call, number)
		}
	}
	cmd := newExtcap(Streams{})
	for line := range strings.Lines(text) {
		if _, call, ok := strings.Cut(line, "{call=--"); ok {
			name, _, _ := strings.Cut(call, "}")
			if cmd.Flags().Lookup(name) == nil {
				t.Errorf("there is no flag --%s", name)
			}
		}
	}
}
