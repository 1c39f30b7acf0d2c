package filter

import (
	"bufio"
	"bytes"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"golang.org/x/net/bpf"

	"github.com/pktrail/pktrail/internal/lab/labtest"
)

var long = flag.Bool("long", os.Getenv("PKTRAIL_LONG") == "1", "run many more random expressions and packets")

// corpus reads the expressions of testdata/corpus.txt.
func corpus(tb testing.TB) []string {
	tb.Helper()
	text, err := os.ReadFile("testdata/corpus.txt")
	if err != nil {
		tb.Fatal(err)
	}
	var list []string
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			list = append(list, line)
		}
	}
	return list
}

// oracle asks tcpdump for its programs, once for each.
type oracle struct {
	tcpdump string
	asked   map[string]answer
}

type answer struct {
	program Program
	refusal string
}

func newOracle(tb testing.TB) *oracle {
	tb.Helper()
	return &oracle{tcpdump: labtest.RequireTool(tb, "tcpdump"), asked: map[string]answer{}}
}

// program is tcpdump's for the expression; plain without its optimiser.
func (o *oracle) program(tb testing.TB, expr string, args ...string) answer {
	tb.Helper()
	args = append(append([]string{"-ddd"}, args...), "--", expr)
	key := strings.Join(args, "\x00")
	if a, ok := o.asked[key]; ok {
		return a
	}
	var out, complaint bytes.Buffer
	cmd := exec.CommandContext(tb.Context(), o.tcpdump, args...)
	cmd.Stdout, cmd.Stderr = &out, &complaint
	var a answer
	if err := cmd.Run(); err != nil {
		a.refusal = strings.TrimSpace(complaint.String())
		if a.refusal == "" {
			tb.Fatalf("run tcpdump %q: %v", args, err)
		}
	} else {
		a.program = parseDecimal(tb, out.String())
	}
	o.asked[key] = a
	return a
}

func (o *oracle) forLink(tb testing.TB, expr string, link Link) answer {
	tb.Helper()
	return o.program(tb, expr, "-y", link.String())
}

func (o *oracle) plain(tb testing.TB, expr string, link Link) answer {
	tb.Helper()
	return o.program(tb, expr, "-O", "-y", link.String())
}

func parseDecimal(tb testing.TB, text string) Program {
	tb.Helper()
	scanner := bufio.NewScanner(strings.NewReader(text))
	scanner.Scan()
	var p Program
	for scanner.Scan() {
		var i bpf.RawInstruction
		if _, err := fmt.Sscan(scanner.Text(), &i.Op, &i.Jt, &i.Jf, &i.K); err != nil {
			tb.Fatalf("read tcpdump's program: %v in %q", err, scanner.Text())
		}
		p = append(p, i)
	}
	return p
}
