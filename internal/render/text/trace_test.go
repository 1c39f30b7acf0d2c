package text

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// traceCases are trails as they come in a cluster's life; testdata/trace has
// what they look like.
func traceCases() map[string]*TraceResult {
	return map[string]*TraceResult{
		"service-delivered": serviceDelivered(),
		"policy-dropped":    policyDropped(),
		"rp-filter":         rpFilter(),
		"same-node":         sameNode(),
		"masquerade":        masquerade(),
		"ipv6":              ipv6(),
		"udp-refused":       udpRefused(),
		"tcp-refused":       tcpRefused(),
		"rejected-rule":     rejectedByRule(),
		"arp-parked":        arpParked(),
		"arp-failed":        arpFailed(),
		"mtu":               tooBig(),
		"fragments":         fragments(),
		"flood":             flooded(),
		"lost":              lost(),
		"legacy":            legacy(),
		"nft":               nft(),
		"outcomes":          outcomes(),
		"nothing":           nothing(),
		"reply-lost":        replyLost(),
		"captures":          captures(),
		"brackets":          brackets(),
		"hostile":           hostile(),
		"long-names":        longNames(),
		"queue-full":        queueFull(),
		"many-ways":         manyWays(),
		"output-drop":       droppedAtOutput(),
		"over-a-router":     overARouter(),
		"tunnel-into-dark":  tunnelIntoDark(),
		"rates":             rates(),
		"routes-twice":      routesTwice(),
		"lost-fragments":    lostFragments(),
		"cilium-ping":       ciliumPing(),
		"cilium-denied":     ciliumDenied(),
	}
}

func TestTraceGolden(t *testing.T) {
	for name, r := range traceCases() {
		for suffix, o := range map[string]TraceOptions{
			"": {}, "-verbose": {Verbose: true}, "-colour": {Style: Style{Colour: true}},
		} {
			t.Run(name+suffix, func(t *testing.T) {
				var b bytes.Buffer
				if err := Trace(&b, r, o); err != nil {
					t.Fatal(err)
				}
				narrow(t, b.String())
				golden(t, filepath.Join("trace", name+suffix+".txt"), b.String())
			})
		}
	}
}

// On narrow terminals all cases keep to their columns.
func TestTraceNarrow(t *testing.T) {
	for _, columns := range []int{60, 80} {
		for name, r := range traceCases() {
			t.Run(fmt.Sprintf("%s-%d", name, columns), func(t *testing.T) {
				var b bytes.Buffer
				if err := Trace(&b, r, TraceOptions{Style: Style{Width: columns}}); err != nil {
					t.Fatal(err)
				}
				narrowTo(t, b.String(), columns)
				if slices.Contains([]string{"service-delivered", "policy-dropped", "output-drop"}, name) {
					golden(t, filepath.Join("narrow", fmt.Sprintf("%s-%d.txt", name, columns)), b.String())
				}
			})
		}
	}
}

func TestWidthBounds(t *testing.T) {
	for given, want := range map[int]int{0: 100, 1: 60, 60: 60, 80: 80, 100: 100, 101: 100, -3: 60} {
		if got := (Style{Width: given}).columns(); got != want {
			t.Errorf("Width %d is %d columns, want %d", given, got, want)
		}
	}
}

// golden compares with a file in testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("%s (-want +got):\n%s", path, d)
	}
}

// narrow checks that no line is wider than the screen, nor ends in blanks.
func narrow(t *testing.T, text string) {
	t.Helper()
	narrowTo(t, text, lineWidth)
}

func narrowTo(t *testing.T, text string, columns int) {
	t.Helper()
	for l := range strings.SplitSeq(bare(text), "\n") {
		if n := utf8.RuneCountInString(l); n > columns {
			t.Errorf("%d columns: %q", n, l)
		}
		if strings.TrimRight(l, " ") != l {
			t.Errorf("blanks at the end: %q", l)
		}
	}
}

// bare takes the colours out.
func bare(s string) string {
	var b strings.Builder
	for s != "" {
		head, rest, ok := strings.Cut(s, "\x1b[")
		b.WriteString(head)
		if !ok {
			break
		}
		_, s, _ = strings.Cut(rest, "m")
	}
	return b.String()
}
