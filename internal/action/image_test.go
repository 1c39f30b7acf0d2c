package action

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pktrail/pktrail/internal/agentbin"
)

// An archive appears when it is whole. Without agents, as in a fresh clone, the
// error says how to come by them.
func TestSaveImage(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "agent.tar")
	r, err := SaveImage(file, nil, ImageOptions{Version: "v1"})
	var e *Error
	switch have := agentbin.Arches(); {
	case len(have) == 0:
		if !errors.As(err, &e) || !strings.Contains(e.Hint, "make build") {
			t.Errorf("%v", err)
		}
		return
	case err != nil:
		t.Fatal(err)
	case len(r.Platforms) != len(have) || r.Name != "ghcr.io/pktrail/pktrail-agent:v1":
		t.Errorf("%+v, there are %v", r, have)
	}
	if st, err := os.Stat(file); err != nil || st.Size() < 1<<20 || st.Mode().Perm() != 0o644 {
		t.Errorf("%+v, %v", st, err)
	}
	if _, err := SaveImage(filepath.Join(dir, "none", "x.tar"), nil, ImageOptions{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v", err)
	}
	if _, err := SaveImage(file, nil, ImageOptions{Name: "No Name"}); !errors.As(err, &e) || e.Hint == "" {
		t.Errorf("%v", err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("%v, %v", left, err)
	}
}
