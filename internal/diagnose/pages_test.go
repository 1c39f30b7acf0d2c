package diagnose

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestPages: every finding has a page in docs/findings, and every page a
// finding.
func TestPages(t *testing.T) {
	ids := findingIDs(t)
	const dir = "../../docs/findings"
	pages, err := filepath.Glob(dir + "/*.md")
	if err != nil {
		t.Fatal(err)
	}
	var have []string
	for _, p := range pages {
		if name := strings.TrimSuffix(filepath.Base(p), ".md"); name != "README" {
			have = append(have, name)
			checkPage(t, p, name)
		}
	}
	slices.Sort(ids)
	if !slices.Equal(ids, have) {
		t.Errorf("findings %q\npages %q", ids, have)
	}
	index, err := os.ReadFile(dir + "/README.md")
	for _, id := range ids {
		if err != nil || !strings.Contains(string(index), "("+id+".md)") {
			t.Errorf("README.md does not lead to %s.md, %v", id, err)
		}
	}
}

func checkPage(t *testing.T, file, name string) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	text := string(b)
	if !strings.HasPrefix(text, "# "+name+"\n") {
		t.Errorf("%s does not begin with its name", file)
	}
	for _, part := range []string{"\n## How pktrail knows\n", "\n## By hand\n", "\n## Mend\n"} {
		if !strings.Contains(text, part) {
			t.Errorf("%s has no part %q", file, strings.TrimSpace(part))
		}
	}
	if n := strings.Count(text, "\n"); n > 60 {
		t.Errorf("%s has %d lines", file, n)
	}
}

// findingIDs reads the IDs from the source: the value of each field ID.
func findingIDs(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			kv, ok := n.(*ast.KeyValueExpr)
			if !ok {
				return true
			}
			key, _ := kv.Key.(*ast.Ident)
			value, _ := kv.Value.(*ast.BasicLit)
			if key == nil || key.Name != "ID" || value == nil {
				return true
			}
			id, err := strconv.Unquote(value.Value)
			if err != nil {
				t.Fatal(err)
			}
			if want := strings.ReplaceAll(id, "-", "_") + ".go"; name != want {
				t.Errorf("finding %s stands in %s, not in %s", id, name, want)
			}
			if !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
			return true
		})
	}
	return ids
}
