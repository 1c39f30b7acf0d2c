package image

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/validate"
)

// program is what stands for the agent of an architecture.
func program(arch string) ([]byte, error) {
	if !slices.Contains([]string{"amd64", "arm64", "arm"}, arch) {
		return nil, errNoAgent
	}
	return []byte("#!" + strings.Repeat(arch+" ", 1000)), nil
}

var errNoAgent = errors.New("no such agent")

func options(platforms ...string) Options {
	return Options{Version: "v1.2.3", Platforms: platforms, Have: []string{"amd64", "arm", "arm64"}, Open: program}
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

// saved is an image's archive.
func saved(tb testing.TB, ref string, o Options) ([]byte, Result) {
	tb.Helper()
	var b bytes.Buffer
	r, err := Save(&b, ref, o)
	must(tb, err)
	return b.Bytes(), r
}

// checkImage looks into one platform's image.
func checkImage(tb testing.TB, img v1.Image, arch string) {
	tb.Helper()
	must(tb, validate.Image(img))
	c, err := img.ConfigFile()
	must(tb, err)
	if c.Architecture != arch || c.OS != "linux" || fmt.Sprint(c.Config.Entrypoint) != "[/pktrail-agent]" || c.Config.Labels["org.opencontainers.image.version"] != "v1.2.3" {
		tb.Errorf("%+v", c)
	}
	layers, err := img.Layers()
	must(tb, err)
	if len(layers) != 1 {
		tb.Fatalf("%d layers", len(layers))
	}
	r, err := layers[0].Uncompressed()
	must(tb, err)
	defer r.Close()
	files := map[string]string{}
	for in := tar.NewReader(r); ; {
		h, err := in.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		must(tb, err)
		b, err := io.ReadAll(in)
		must(tb, err)
		files[fmt.Sprintf("%s %o", h.Name, h.Mode)] = string(b)
	}
	want, _ := program(arch)
	if len(files) != 3 || files["pktrail-agent 755"] != string(want) {
		tb.Errorf("%v", files)
	}
}

// The archive is an OCI layout, and an archive of older engines as well.
func TestSave(t *testing.T) {
	b, r := saved(t, "registry.example.org/tools/agent:7", options())
	if r.Name != "registry.example.org/tools/agent:7" || fmt.Sprint(r.Platforms) != "[linux/amd64 linux/arm64 linux/arm]" {
		t.Errorf("%+v", r)
	}
	dir := t.TempDir()
	for in := tar.NewReader(bytes.NewReader(b)); ; {
		h, err := in.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		must(t, err)
		to := filepath.Join(dir, h.Name)
		must(t, os.MkdirAll(filepath.Dir(to), 0o755))
		content, err := io.ReadAll(in)
		must(t, err)
		must(t, os.WriteFile(to, content, 0o600))
	}
	index, err := layout.ImageIndexFromPath(dir)
	must(t, err)
	must(t, validate.Index(index))
	top, err := index.IndexManifest()
	must(t, err)
	if len(top.Manifests) != 1 || top.Manifests[0].Digest.String() != r.Digest || top.Manifests[0].Annotations["io.containerd.image.name"] != r.Name {
		t.Fatalf("%+v", top)
	}
	inner, err := index.ImageIndex(top.Manifests[0].Digest)
	must(t, err)
	manifest, err := inner.IndexManifest()
	must(t, err)
	for i, arch := range []string{"amd64", "arm64", "arm"} {
		d := manifest.Manifests[i]
		if d.Platform.Architecture != arch || (d.Platform.Variant != "") != (arch != "amd64") {
			t.Errorf("%+v", d.Platform)
		}
		img, err := inner.Image(d.Digest)
		must(t, err)
		checkImage(t, img, arch)
	}
	old := filepath.Join(dir, "old.tar")
	must(t, os.WriteFile(old, b, 0o600))
	tagged, err := name.NewTag(r.Name)
	must(t, err)
	img, err := tarball.ImageFromPath(old, &tagged)
	must(t, err)
	checkImage(t, img, "amd64")
}

// The same agents are the same bytes, whenever and wherever.
func TestReproducible(t *testing.T) {
	a, ra := saved(t, "a.test/x:1", options())
	b, rb := saved(t, "a.test/x:1", options("arm", "linux/arm64", "amd64"))
	if !bytes.Equal(a, b) || ra.Digest != rb.Digest {
		t.Error("two archives of the same agents differ")
	}
	o := options()
	o.Version = "v1.2.4"
	if _, rc := saved(t, "a.test/x:1", o); rc.Digest == ra.Digest {
		t.Error("another version has the same digest")
	}
}

func TestPlatforms(t *testing.T) {
	for _, c := range []struct{ wanted, want string }{
		{"linux/arm64", "[linux/arm64]"},
		{"linux/arm/v7", "[linux/arm]"},
		{"linux/arm64/v8 amd64", "[linux/amd64 linux/arm64]"},
	} {
		if _, r := saved(t, "a.test/x:1", options(strings.Fields(c.wanted)...)); fmt.Sprint(r.Platforms) != c.want {
			t.Errorf("%s: %v", c.wanted, r.Platforms)
		}
	}
	for _, wrong := range []string{"windows/amd64", "linux/s390x", "linux", "linux/arm/v5"} {
		_, err := Save(io.Discard, "a.test/x:1", options(wrong))
		var e *PlatformError
		if !errors.As(err, &e) || !strings.Contains(e.Hint(), "linux/arm64") {
			t.Errorf("%s: %v", wrong, err)
		}
	}
	// Without any agent the error is that of the agents.
	_, err := Save(io.Discard, "a.test/x:1", Options{Open: func(string) ([]byte, error) { return nil, errNoAgent }})
	if !errors.Is(err, errNoAgent) {
		t.Error(err)
	}
	if _, err := Save(io.Discard, "a.test/X:1", options()); err == nil {
		t.Error("a name in upper case was taken")
	}
	if _, err := Save(failing{}, "a.test/x:1", options()); !errors.Is(err, io.ErrShortWrite) {
		t.Error(err)
	}
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, io.ErrShortWrite }

func TestDefault(t *testing.T) {
	for version, want := range map[string]string{
		"v0.3.1": "v0.3.1", "0.3.1-5-gabc-dirty": "0.3.1-5-gabc-dirty", "1.0+meta": "1.0-meta", "": "v", "-x": "v-x",
		strings.Repeat("9", 200): strings.Repeat("9", 128),
	} {
		if got := Default(version); got != "ghcr.io/pktrail/pktrail-agent:"+want {
			t.Errorf("%q: %s", version, got)
		}
		if _, err := name.NewTag(Default(version)); err != nil {
			t.Error(err)
		}
	}
}

// keychain keeps the user's own credentials out of a test, and gives it some.
func keychain(t *testing.T, config string) {
	t.Helper()
	dir := t.TempDir()
	must(t, os.WriteFile(filepath.Join(dir, "config.json"), []byte(config), 0o600))
	t.Setenv("DOCKER_CONFIG", dir)
	t.Setenv("HOME", dir)
}

func TestPush(t *testing.T) {
	keychain(t, "{}")
	s := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	defer s.Close()
	ref := strings.TrimPrefix(s.URL, "http://") + "/tools/agent:7"
	var last, total int64
	r, err := Push(t.Context(), ref, options(), PushOptions{Progress: func(d, of int64) { last, total = d, of }})
	must(t, err)
	if last == 0 || last != total {
		t.Errorf("%d of %d bytes", last, total)
	}
	_, as := saved(t, ref, options())
	if r.Digest != as.Digest {
		t.Errorf("pushed %s, saved %s", r.Digest, as.Digest)
	}
	parsed, err := name.ParseReference(ref)
	must(t, err)
	for _, arch := range []string{"amd64", "arm64", "arm"} {
		p := v1.Platform{OS: "linux", Architecture: arch}
		img, err := remote.Image(parsed, remote.WithPlatform(p))
		must(t, err)
		checkImage(t, img, arch)
	}
	// What is there already is not sent again.
	last = 0
	_, err = Push(t.Context(), ref, options(), PushOptions{})
	must(t, err)
}

// A registry that asks for a name and a password gets them from where docker
// and podman keep them.
func TestPushCredentials(t *testing.T) {
	open := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, password, _ := r.BasicAuth(); user != "me" || password != "secret" {
			w.Header().Set("WWW-Authenticate", `Basic realm="test"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		open.ServeHTTP(w, r)
	}))
	defer s.Close()
	host := strings.TrimPrefix(s.URL, "http://")
	keychain(t, "{}")
	_, err := Push(t.Context(), host+"/agent:1", options(), PushOptions{})
	var e *PushError
	if !errors.As(err, &e) || !strings.Contains(e.Hint(), "login "+host) {
		t.Errorf("%v", err)
	}
	config, err := json.Marshal(map[string]any{"auths": map[string]any{host: map[string]string{"username": "me", "password": "secret"}}})
	must(t, err)
	keychain(t, string(config))
	_, err = Push(t.Context(), host+"/agent:1", options(), PushOptions{})
	must(t, err)
}

func TestPushFails(t *testing.T) {
	keychain(t, "{}")
	s := httptest.NewServer(http.NotFoundHandler())
	defer s.Close()
	host := strings.TrimPrefix(s.URL, "http://")
	var e *PushError
	if _, err := Push(t.Context(), host+"/agent:1", options(), PushOptions{}); !errors.As(err, &e) || e.Hint() == "" {
		t.Errorf("%v", err)
	}
	s.Close()
	if _, err := Push(t.Context(), host+"/agent:1", options(), PushOptions{PlainHTTP: true}); !errors.As(err, &e) || !strings.Contains(e.Hint(), "image save") {
		t.Errorf("%v", err)
	}
	var n *NameError
	if _, err := Push(t.Context(), "no name", options(), PushOptions{}); !errors.As(err, &n) || n.Hint() == "" {
		t.Errorf("%v", err)
	}
}
