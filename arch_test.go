package main

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/pktrail/pktrail/"

// room is one folder of the floor plan in docs/architecture.md.
type room struct {
	// rooms are the rooms below internal/ that it may import.
	rooms string
	// outside are the modules beyond the standard library that it may import.
	outside string
	// why explains the fence to somebody who has just run into it.
	why string
}

// The floor plan. A room may import what stands below `rooms` and everything
// below it (probe: probe/afpacket too). A better plan is welcome: change it
// here and in docs/architecture.md in the same commit, and say why.
var plan = map[string]room{
	"packet":   {why: "a noun, pure: bytes and values only"},
	"netstate": {why: "a noun, pure: bytes and values only"},
	"pcapng":   {why: "a file format, pure: blocks in, blocks out"},
	"pcap":     {why: "a file format, pure: records in, records out"},
	"filter":   {outside: "golang.org/x/net/bpf", why: "a compiler, pure: an expression in, a program out"},
	"trail":    {rooms: "packet", why: "the nouns that all others speak in"},
	"record":   {rooms: "packet trail netstate pcapng pcap", outside: "github.com/klauspost/compress/zstd", why: "the stream knows the nouns and the format, not where they come from"},

	"probe": {rooms: "packet trail netstate filter", outside: "golang.org/x/sys golang.org/x/net/bpf golang.org/x/net/http2/hpack github.com/cilium/ebpf github.com/vishvananda github.com/google/nftables github.com/mdlayher/netlink", why: "a probe turns the kernel into nouns; it knows no file, no cluster, no screen"},
	"parse": {rooms: "packet trail netstate pcapng pcap record", why: "a parser turns text of other tools into nouns, on any OS"},

	"correlate": {rooms: "packet trail netstate", why: "thinking is pure: values in, values out"},
	"simulate":  {rooms: "packet trail netstate", why: "thinking is pure: values in, values out"},
	"diagnose":  {rooms: "packet trail netstate", why: "thinking is pure: values in, values out"},
	"compare":   {rooms: "packet trail", why: "thinking is pure: two trails in, their differences out"},
	"topology":  {rooms: "packet trail netstate", why: "thinking is pure: snapshots in, where every pod hangs out"},

	"wire":     {outside: "github.com/klauspost/compress/zstd", why: "frames between an agent and its client; it knows nothing of what they carry"},
	"agent":    {rooms: "probe record wire trail netstate topology packet filter", outside: "golang.org/x/sys", why: "the node side: it must stay small and free of client-go and cobra"},
	"agentbin": {outside: "github.com/klauspost/compress/zstd", why: "bytes only"},
	"kube":     {rooms: "trail netstate agentbin wire", outside: "k8s.io github.com/go-logr/logr github.com/google/go-containerregistry golang.org/x/sync", why: "the only room that speaks to the API server"},
	"lab":      {rooms: "packet netstate", outside: "github.com/vishvananda golang.org/x/sys golang.org/x/sync", why: "a lab is built by netlink alone"},

	"action": {rooms: "kube agentbin agent lab record parse correlate simulate diagnose compare topology filter packet pcapng pcap trail netstate", outside: "golang.org/x/sync golang.org/x/sys", why: "a verb: options in, data or a stream out; it never prints"},
	"render": {rooms: "packet trail netstate compare topology", outside: "charm.land", why: "how things look, pure: values in, text out"},
	"cli":    {rooms: "action render pcapng trail filter", outside: "github.com/spf13 golang.org/x/sys/unix golang.org/x/term k8s.io/cli-runtime/pkg/genericclioptions", why: "how people come in: flags to options, results to renderers, errors to hints"},
}

// doors are the main packages: they call one room and nothing else.
var doors = map[string]string{
	".":                 "cli",
	"cmd/pktrail-agent": "agent",
}

// TestFloorPlan reads every Go file with go/parser, so that build tags hide
// nothing, and fails on an import that the plan does not have.
func TestFloorPlan(t *testing.T) {
	seen := map[string]bool{}
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if name := d.Name(); path != "." && (strings.HasPrefix(name, ".") || name == "testdata") {
				return filepath.SkipDir
			}
			return nil
		}
		if filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
			return nil // tests may import anything
		}
		checkFile(t, filepath.ToSlash(path), seen)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"packet", "filter", "probe", "agent", "action", "cli"} {
		if !seen[want] {
			t.Errorf("no file of room %s was read: the test looks at the wrong place", want)
		}
	}
}

func checkFile(t *testing.T, path string, seen map[string]bool) {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
	if err != nil {
		t.Errorf("%s: %v", path, err)
		return
	}
	dir := filepath.ToSlash(filepath.Dir(path))
	name, isRoom := roomOf(dir)
	if isRoom {
		seen[name] = true
		if _, ok := plan[name]; !ok {
			t.Errorf("%s: room %q is not in the plan of arch_test.go", path, name)
			return
		}
	}
	for _, spec := range f.Imports {
		imp, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		switch why := refused(dir, name, isRoom, imp); why {
		case "":
		default:
			t.Errorf("%s imports %s: %s", path, imp, why)
		}
	}
}

// roomOf gives the room below internal/ that a folder belongs to.
func roomOf(dir string) (string, bool) {
	rest, ok := strings.CutPrefix(dir, "internal/")
	if !ok {
		return "", false
	}
	name, _, _ := strings.Cut(rest, "/")
	return name, true
}

// refused says why an import is against the plan, or "" if it is not.
func refused(dir, name string, isRoom bool, imp string) string {
	inside, isOurs := strings.CutPrefix(imp, module)
	switch {
	case !isOurs && !strings.Contains(strings.SplitN(imp, "/", 2)[0], "."):
		return "" // the standard library
	case strings.HasPrefix(dir, "test/"), strings.HasSuffix(dir, "test") && strings.HasPrefix(dir, "internal/"):
		return "" // test beds may import anything
	case !isRoom:
		if want, ok := doors[dir]; ok && inside == "internal/"+want {
			return ""
		}
		return "a main package calls one room and nothing else"
	case isOurs:
		other, _ := roomOf(inside)
		if other == name || slices.Contains(strings.Fields(plan[name].rooms), other) {
			return ""
		}
		return plan[name].why
	}
	for prefix := range strings.FieldsSeq(plan[name].outside) {
		if imp == prefix || strings.HasPrefix(imp, prefix+"/") {
			return ""
		}
	}
	return plan[name].why
}
