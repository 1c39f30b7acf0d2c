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

// TestFlagsPage holds the flag tables of docs/flags.md against the flags. With
// -update it writes them.
func TestFlagsPage(t *testing.T) {
	clusters := &cobra.Command{Use: "clusters"}
	c := bindCluster(clusters)
	c.bindPods(clusters)
	c.bindWay(clusters)
	of := clusters.Flags()
	writeTable(t, "clusters", flagTable(of, nil))
	for _, cmd := range []*cobra.Command{newTrace(Streams{}), newCapture(Streams{}), newMap(Streams{}), newSnapshot(Streams{}), newSnapshotShow(Streams{})} {
		writeTable(t, cmd.Name(), flagTable(cmd.Flags(), of))
	}
}

// writeTable compares one table, or writes it.
func writeTable(t *testing.T, of, want string) {
	t.Helper()
	const name = "../../docs/flags.md"
	tableBegin := "<!-- flags of " + of + ": made by `make generate` -->\n"
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok1 := strings.Cut(string(b), tableBegin)
	table, tail, ok2 := strings.Cut(rest, tableEnd)
	if !ok1 || !ok2 {
		t.Fatalf("%s has no place for the flags: want lines %q and %q", name, tableBegin, tableEnd)
	}
	if *update {
		if err := os.WriteFile(name, []byte(head+tableBegin+want+tableEnd+tail), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if d := cmp.Diff(want, table); d != "" {
		t.Errorf("the table of %s is not up to date, `make generate` writes it (-want +got):\n%s", of, d)
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

// flagTable lists flags, without those that another table has.
func flagTable(of, without *pflag.FlagSet) string {
	var b bytes.Buffer
	b.WriteString("| flag | default | |\n|---|---|---|\n")
	of.VisitAll(func(f *pflag.Flag) {
		if f.Hidden || without != nil && without.Lookup(f.Name) != nil {
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
