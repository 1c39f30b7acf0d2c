package cli_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/rogpeppe/go-internal/testscript"
	"sigs.k8s.io/yaml"
)

// apiServer answers as an API server does, for the rest of the script, with the
// files below a folder (api/v1/nodes.yaml), and writes its address into a
// kubeconfig in the place of SERVER: apiserver FOLDER KUBECONFIG. What is asked,
// and as whom, is in the file asked.
func apiServer(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: apiserver FOLDER KUBECONFIG")
	}
	folder, config, asked := ts.MkAbs(args[0]), ts.MkAbs(args[1]), ts.MkAbs("asked")
	var mu sync.Mutex
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		f, err := os.OpenFile(asked, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
		if err == nil {
			fmt.Fprintln(f, r.Method, r.URL.Path, r.Header.Get("Impersonate-User"))
			err = f.Close()
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		text, err := os.ReadFile(filepath.Join(folder, filepath.FromSlash(r.URL.Path)) + ".yaml")
		if err != nil {
			http.NotFound(w, r)
			return
		}
		answer, err := yaml.YAMLToJSON(text)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(answer)
	}))
	ts.Defer(server.Close)
	text := strings.ReplaceAll(ts.ReadFile(args[1]), "SERVER", server.URL)
	ts.Check(os.WriteFile(config, []byte(text), 0o600))
}
