package cli_test

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/pktrail/pktrail/internal/cli"
	"github.com/pktrail/pktrail/internal/lab"
	"github.com/pktrail/pktrail/internal/lab/labtest"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"pktrail":        func() { os.Exit(cli.Main()) },
		"pktrail-extcap": func() { os.Exit(cli.Main()) },
		"wireshark":      standIn,
		// As a plugin of kubectl.
		"kubectl-pktrail": func() { os.Exit(cli.Main()) },
	})
}

// TestScript runs the program as a person would: testdata/script/*.txtar hold
// commands, files, and what must come out. $LAB is the name of a lab that is
// the script's own and is gone after it.
func TestScript(t *testing.T) {
	labtest.RequireRoot(t)
	for _, tool := range []string{"tshark", "tcpdump", "ip"} {
		labtest.RequireTool(t, tool)
	}
	deploy, err := filepath.Abs("../../deploy")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			name := labtest.Name()
			env.Setenv("LAB", name)
			env.Setenv("DEPLOY", deploy)
			env.Setenv("PATH", env.Getenv("PATH")+":/usr/sbin:/sbin")
			env.Defer(func() {
				if _, err := lab.Down(name); err != nil && !isGone(err) {
					t.Errorf("remove lab %s: %v", name, err)
				}
			})
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"waitfor":   waitFor,
			"listen":    listen,
			"apiserver": apiServer,
		},
		RequireUniqueNames: true,
	})
}

func isGone(err error) bool {
	_, ok := err.(*lab.NotFoundError) //nolint:errorlint // Down returns it bare
	return ok
}

// waitFor waits until a file holds a text: waitfor FILE TEXT.
func waitFor(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: waitfor FILE TEXT")
	}
	deadline := time.Now().Add(20 * time.Second)
	for {
		b, err := os.ReadFile(ts.MkAbs(args[0]))
		if err == nil && strings.Contains(string(b), strings.ReplaceAll(args[1], `\n`, "\n")) {
			return
		}
		if time.Now().After(deadline) {
			ts.Fatalf("%s does not hold %q after 20 s; it holds %q", args[0], args[1], b)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// listen opens a TCP listener in a namespace for the rest of the script:
// listen NAMESPACE ADDRESS.
func listen(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: listen NAMESPACE ADDRESS")
	}
	var l net.Listener
	err := lab.Do(args[0], func() (err error) {
		l, err = net.Listen("tcp4", args[1]) //nolint:noctx // on this thread, which is in the namespace
		return err
	})
	ts.Check(err)
	ts.Defer(func() { _ = l.Close() })
}
