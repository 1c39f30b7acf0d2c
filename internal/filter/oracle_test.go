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
func corpus(t testing.TB) []string {
	t.Helper()
	text, err := os.ReadFile("testdata/corpus.txt")
	if err != nil {
		t.Fatal(err)
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

func newOracle(t testing.TB) *oracle {
	t.Helper()
	return &oracle{tcpdump: labtest.RequireTool(t, "tcpdump"), asked: map[string]answer{}}
}

// program is tcpdump's for the expression; plain without its optimiser.
func (o *oracle) program(t testing.TB, expr string, args ...string) answer {
	t.Helper()
	args = append(append([]string{"-ddd"}, args...), "--", expr)
	key := strings.Join(args, "\x00")
	if a, ok := o.asked[key]; ok {
		return a
	}
	var out, complaint bytes.Buffer
	cmd := exec.CommandContext(t.Context(), o.tcpdump, args...)
	cmd.Stdout, cmd.Stderr = &out, &complaint
	var a answer
	if err := cmd.Run(); err != nil {
		a.refusal = strings.TrimSpace(complaint.String())
		if a.refusal == "" {
			t.Fatalf("run tcpdump %q: %v", args, err)
		}
	} else {
		a.program = parseDecimal(t, out.String())
	}
	o.asked[key] = a
	return a
}

func (o *oracle) forLink(t testing.TB, expr string, link Link) answer {
	t.Helper()
	return o.program(t, expr, "-y", link.String())
}

func (o *oracle) plain(t testing.TB, expr string, link Link) answer {
	t.Helper()
	return o.program(t, expr, "-O", "-y", link.String())
}

func parseDecimal(t testing.TB, text string) Program {
	t.Helper()
	scanner := bufio.NewScanner(strings.NewReader(text))
	scanner.Scan()
	var p Program
	for scanner.Scan() {
		var i bpf.RawInstruction
		if _, err := fmt.Sscan(scanner.Text(), &i.Op, &i.Jt, &i.Jf, &i.K); err != nil {
			t.Fatalf("read tcpdump's program: %v in %q", err, scanner.Text())
		}
		p = append(p, i)
	}
	return p
}
