package cli

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

var update = flag.Bool("update", false, "rewrite generated files")

const tableEnd = "<!-- end of flags -->\n"

// TestReadmeFlags holds the README's flag tables against the flags. With
// -update it writes the tables.
func TestReadmeFlags(t *testing.T) {
	const name = "../../README.md"
	for _, cmd := range []*cobra.Command{newTrace(Streams{}), newCapture(Streams{})} {
		tableBegin := "<!-- flags of " + cmd.Name() + ": made by `make generate` -->\n"
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		head, rest, ok1 := strings.Cut(string(b), tableBegin)
		table, tail, ok2 := strings.Cut(rest, tableEnd)
		if !ok1 || !ok2 {
			t.Fatalf("%s has no place for the flags: want lines %q and %q", name, tableBegin, tableEnd)
		}
		want := flagTable(cmd)
		if *update {
			if err := os.WriteFile(name, []byte(head+tableBegin+want+tableEnd+tail), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if d := cmp.Diff(want, table); d != "" {
			t.Errorf("the table of %s is not up to date, `make generate` writes it (-want +got):\n%s", cmd.Name(), d)
		}
	}
}

// TestReadmeLength keeps the README to what one reads.
func TestReadmeLength(t *testing.T) {
	b, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	if n := bytes.Count(b, []byte("\n")); n > 150 {
		t.Errorf("%d lines", n)
	}
}

func flagTable(cmd *cobra.Command) string {
	var b bytes.Buffer
	b.WriteString("| flag | default | |\n|---|---|---|\n")
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if f.Hidden {
			return
		}
		name := "`--" + f.Name + "`"
		if f.Shorthand != "" {
			name = "`-" + f.Shorthand + "` " + name
		}
		def := f.DefValue
		if def == "[]" || def == "0" || def == "false" {
			def = ""
		}
		fmt.Fprintf(&b, "| %s | %s | %s |\n", name, def, strings.ReplaceAll(f.Usage, "|", "\\|"))
	})
	return b.String()
}
