package text

import (
	"strings"
	"testing"

	"github.com/pktrail/pktrail/internal/trail"
)

func TestShort(t *testing.T) {
	for chain, want := range map[string]string{
		"KUBE-SVC-ZP4VABCDEF234567":            "KUBE-SVC-ZP4V..",
		"KUBE-SEP-OR6JABCDEFGHIJKL":            "KUBE-SEP-OR6J..",
		"KUBE-POD-FW-ABCDEFGHIJKLMNOP":         "KUBE-POD-FW-ABCD..",
		"CNI-DN-0123456789abcdef01234":         "CNI-DN-0123..",
		"cali-pi-_Zp4Vabcd-EFgh_12":            "cali-pi-_Zp4V..",
		"cali-tw-cali60337b1a8c1":              "cali-tw-cali60337b1a8c1",
		"cali-to-wl-dispatch":                  "cali-to-wl-dispatch",
		"KUBE-MARK-MASQ":                       "KUBE-MARK-MASQ",
		"KUBE-EXTERNAL-SERVICES":               "KUBE-EXTERNAL-SERVICES",
		"PREROUTING":                           "PREROUTING",
		"service-ULMVA6XW-ns1/svc1/tcp/p80":    "service-ULMVA6XW-ns1/svc1/tcp/p80",
		"CNI-HOSTPORT-DNAT":                    "CNI-HOSTPORT-DNAT",
		"KUBE-ROUTER-OUTPUT":                   "KUBE-ROUTER-OUTPUT",
		"KUBE-NWPLCY-DEFAULT":                  "KUBE-NWPLCY-DEFAULT",
		"KUBE-PROXY-FIREWALL":                  "KUBE-PROXY-FIREWALL",
		"KUBE-NODEPORTS":                       "KUBE-NODEPORTS",
		"DOCKER-ISOLATION-STAGE-1":             "DOCKER-ISOLATION-STAGE-1",
		"cali-from-host-endpoint":              "cali-from-host-endpoint",
		"cali-set-endpoint-mark":               "cali-set-endpoint-mark",
		"KUBE-IPVS-OUT-FILTER":                 "KUBE-IPVS-OUT-FILTER",
		"some-name-that-nobody-knows-00000000": "some-name-that-nobody-knows-00000000",
	} {
		if got := short(chain); got != want {
			t.Errorf("%s became %s, want %s", chain, got, want)
		}
	}
}

// What a rule did shows in its text where the trace calls it an acceptance.
func TestEffect(t *testing.T) {
	for _, c := range []struct{ verdict, text, want string }{
		{"accept", "ip protocol tcp dnat to 10.9.2.2:8080", "dnat"},
		{"accept", "oifname eth0 masquerade", "masquerade"},
		{"accept", "masquerade random", "masquerade"},
		{"accept", "ct state established accept", "accept"},
		{"accept", `comment "we snatch dnats" accept`, "accept"},
		{"", "-A X -j SNAT --to-source 10.0.0.1", "snat"},
		{"", "-A X -j REJECT --reject-with tcp-reset", "reject"},
		{"drop", "reject with icmp port-unreachable", "reject"},
		{"drop", "ip saddr 10.0.0.1 reject", "reject"},
		{"drop", "drop", "drop"},
		{"stolen", "queue to 5", "stolen"},
		{"ACCEPT", "", "accept"},
		{"jump", "jump dnat to", "jump"},
	} {
		if got := effect(&trail.Rule{Verdict: c.verdict, Text: c.text}); got != c.want {
			t.Errorf("%s of %q is %s, want %s", c.verdict, c.text, got, c.want)
		}
	}
}

func TestWrapLine(t *testing.T) {
	for _, c := range []struct {
		text        string
		first, rest int
		want        string
	}{
		{"a b c", 10, 10, "a b c"},
		{"one two three", 7, 7, "one two|three"},
		{"one two three", 3, 9, "one|two three"},
		{"  one two", 6, 6, "  one|two"},
		{"abcdefghij", 4, 4, "abcd|efgh|ij"},
		{"ab cdefghij", 4, 4, "ab c|defg|hij"},
		{"長い名前", 4, 4, "長い|名前"},
		{"長い", 1, 1, "長|い"},
		{"", 4, 4, ""},
	} {
		var got []string
		for _, l := range wrapLine(spans{{text: c.text}}, c.first, c.rest) {
			var b strings.Builder
			for _, s := range l {
				b.WriteString(s.text)
			}
			got = append(got, strings.TrimRight(b.String(), " "))
		}
		if s := strings.Join(got, "|"); s != c.want {
			t.Errorf("%q in %d, %d is %q, want %q", c.text, c.first, c.rest, s, c.want)
		}
	}
}

func TestSince(t *testing.T) {
	for ns, want := range map[int64]string{
		0: "0 us", 214_999: "214 us", 99_999_000: "99999 us", 100_000_000: "100 ms", 3_104_000_000: "3.1 s", -3000: "-3 us",
		-1 << 63: "-2562047h47m16",
	} {
		if got := since(ns); !strings.HasPrefix(got, want) {
			t.Errorf("%d is %q, want %q", ns, got, want)
		}
	}
}

func TestLine(t *testing.T) {
	var b strings.Builder
	if err := Line(&b, "note: "+strings.Repeat("word ", 14)+"end\x1b[2J", Style{Width: 60}); err != nil {
		t.Fatal(err)
	}
	if got, want := b.String(), "note: "+strings.Repeat("word ", 10)+"word\n  "+strings.Repeat("word ", 3)+"end?[2J\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// Everything that tries to steer the terminal is taken out, in colour too.
func TestClean(t *testing.T) {
	p := page{style: Style{Colour: true}}
	p.put(spans{{text: "a\x1b[2Jb\tc\u202ed\x00", tone: bad}}, 0)
	if got, want := p.b.String(), "\x1b[31ma?[2Jb c?d?\x1b[0m\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
