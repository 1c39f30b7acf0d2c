package html

import (
	"bytes"
	"context"
	"image"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pktrail/pktrail/internal/lab/labtest"
)

// TestChromium renders pages in a real browser: something is drawn, the script
// runs under the page's own policy, and nothing is refused.
func TestChromium(t *testing.T) {
	chromium := labtest.RequireTool(t, "chromium")
	for name, m := range samples(t) {
		if name == "empty" || name == "calico" {
			continue // nothing that the others have not
		}
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			page := filepath.Join(dir, "map.html")
			if err := os.WriteFile(page, HTML(m), 0o644); err != nil {
				t.Fatal(err)
			}
			shot := filepath.Join(dir, "map.png")
			p := layout(m)
			_, said := browse(t, chromium, dir, "--screenshot="+shot, "--window-size="+strconv.Itoa(p.w+20)+","+strconv.Itoa(min(p.h+700, 8000)), page)
			for _, bad := range []string{"Content Security Policy", "Uncaught", "SyntaxError"} {
				if strings.Contains(said, bad) {
					t.Errorf("the browser says %s", said)
				}
			}
			b, err := os.ReadFile(shot)
			if err != nil {
				t.Fatalf("%v: %s", err, said)
			}
			img, err := png.Decode(bytes.NewReader(b))
			if err != nil {
				t.Fatal(err)
			}
			if keep := os.Getenv("PKTRAIL_KEEP_PICTURES"); keep != "" {
				if err := os.WriteFile(filepath.Join(keep, name+".png"), b, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if n := colours(img); n < 8 && len(m.Nodes) > 0 {
				t.Errorf("%d colours: nothing is drawn", n)
			}
			dom, _ := browse(t, chromium, dir, "--dump-dom", "file://"+page+"#find="+m.Pods[0].Name)
			if !strings.Contains(dom, `<label id="search">`) {
				t.Errorf("the script did not run: %.300s", dom)
			}
			want := 0
			for i := range m.Pods {
				if !strings.Contains(searchText(&m.Pods[i]), strings.ToLower(m.Pods[0].Name)) {
					want++
				}
			}
			if got := strings.Count(dom, `class="pod off"`) + strings.Count(dom, `class="pod warned off"`); got != want || want == 0 {
				t.Errorf("looking for %s hides %d pods, want %d", m.Pods[0].Name, got, want)
			}
		})
	}
}

func browse(t *testing.T, chromium, dir string, args ...string) (out, said string) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	cmd := exec.CommandContext(ctx, chromium, append([]string{
		"--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--enable-logging=stderr", "--user-data-dir=" + filepath.Join(dir, "profile"),
	}, args...)...)
	var o, e bytes.Buffer
	cmd.Stdout, cmd.Stderr = &o, &e
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v: %s", err, e.String())
	}
	return o.String(), e.String()
}

func colours(img image.Image) int {
	seen := map[[3]uint32]bool{}
	b := img.Bounds()
	for y := b.Min.Y; y < b.Max.Y; y += 2 {
		for x := b.Min.X; x < b.Max.X; x += 2 {
			r, g, bl, _ := img.At(x, y).RGBA()
			seen[[3]uint32{r, g, bl}] = true
		}
	}
	return len(seen)
}
