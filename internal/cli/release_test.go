package cli

import (
	"fmt"
	"maps"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"text/template"

	appsv1 "k8s.io/api/apps/v1"
	"sigs.k8s.io/yaml"
)

// krewPlugin is a manifest of krew-index
// (https://krew.sigs.k8s.io/docs/developer-guide/plugin-manifest/).
type krewPlugin struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Metadata   struct {
		Name string `json:"name"`
	} `json:"metadata"`
	Spec struct {
		Version          string         `json:"version"`
		Homepage         string         `json:"homepage"`
		ShortDescription string         `json:"shortDescription"`
		Description      string         `json:"description"`
		Caveats          string         `json:"caveats"`
		Platforms        []krewPlatform `json:"platforms"`
	} `json:"spec"`
}

type krewPlatform struct {
	Selector struct {
		MatchLabels map[string]string `json:"matchLabels"`
	} `json:"selector"`
	URI    string                      `json:"uri"`
	SHA256 string                      `json:"sha256"`
	Bin    string                      `json:"bin"`
	Files  []struct{ From, To string } `json:"files"`
}

// goreleaser is what the manifest has to agree with.
type goreleaser struct {
	Version int `json:"version"`
	Builds  []struct {
		ID, Main, Binary    string
		Goos, Goarch, Goarm []string
		Ldflags             []string
		Flags               []string
		ModTimestamp        string `json:"mod_timestamp"`
	} `json:"builds"`
	Archives []archive `json:"archives"`
}

type archive struct {
	ID              string
	IDs             []string `json:"ids"`
	NameTemplate    string   `json:"name_template"`
	Formats         []string
	FormatOverrides []struct {
		Goos    string
		Formats []string
	} `json:"format_overrides"`
	Files []any
}

const released = "v1.2.3"

// krewManifest fills the template in as krew-release-bot does.
func krewManifest(t *testing.T) krewPlugin {
	t.Helper()
	b, err := os.ReadFile("../../deploy/krew.yaml")
	if err != nil {
		t.Fatal(err)
	}
	data := map[string]string{"TagName": released}
	fill := func(text string) string {
		var out strings.Builder
		if err := template.Must(template.New("").Parse(text)).Execute(&out, data); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	manifest := template.Must(template.New("krew").Funcs(template.FuncMap{
		"addURIAndSha": func(uri, tag string) string {
			if tag != released {
				t.Errorf("%s for tag %q", uri, tag)
			}
			return "uri: " + fill(uri) + "\n    sha256: " + strings.Repeat("0a", 32)
		},
	}).Parse(string(b)))
	var out strings.Builder
	if err := manifest.Execute(&out, data); err != nil {
		t.Fatal(err)
	}
	var p krewPlugin
	if err := yaml.UnmarshalStrict([]byte(out.String()), &p); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	return p
}

// TestKrew holds the manifest to krew's rules: its own validator checks the
// same at the index.
func TestKrew(t *testing.T) {
	p := krewManifest(t)
	s := p.Spec
	matches := func(what, text, pattern string) {
		t.Helper()
		if !regexp.MustCompile(pattern).MatchString(text) {
			t.Errorf("%s %q is not as %s", what, text, pattern)
		}
	}
	matches("apiVersion", p.APIVersion, `^krew\.googlecontainertools\.github\.com/v1alpha2$`)
	matches("kind", p.Kind, `^Plugin$`)
	matches("name", p.Metadata.Name, `^[a-z0-9][a-z0-9-]*$`)
	matches("version", s.Version, `^v(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)$`)
	matches("homepage", s.Homepage, `^https://github\.com/`)
	matches("shortDescription", s.ShortDescription, `^[A-Z].{10,48}[^.]$`)
	matches("caveats", s.Caveats, released)
	if s.Description == "" || strings.Contains(p.Metadata.Name, "kubectl") {
		t.Error("no description, or kubectl in the name")
	}
	seen := map[string]bool{}
	for _, pl := range s.Platforms {
		l := pl.Selector.MatchLabels
		key := l["os"] + "/" + l["arch"]
		if len(l) != 2 || l["os"] == "" || l["arch"] == "" || seen[key] {
			t.Errorf("selector %v: one of each system, by os and arch", l)
		}
		seen[key] = true
		u, err := url.Parse(pl.URI)
		if err != nil || u.Scheme != "https" || !strings.HasPrefix(pl.URI, s.Homepage+"/releases/download/"+released+"/") {
			t.Errorf("%s: uri %q", key, pl.URI)
		}
		matches(key+": sha256", pl.SHA256, `^[0-9a-f]{64}$`)
		fromArchive := func(name string) bool {
			return slices.ContainsFunc(pl.Files, func(f struct{ From, To string }) bool { return f.From == name && f.To == "." })
		}
		if !fromArchive(pl.Bin) || !fromArchive("LICENSE") || strings.Contains(pl.Bin, "..") || strings.HasSuffix(pl.Bin, ".exe") != (l["os"] == "windows") {
			t.Errorf("%s: bin %q, files %v", key, pl.Bin, pl.Files)
		}
	}
}

// TestRelease: what krew fetches is what goreleaser makes, and what is in it.
func TestRelease(t *testing.T) {
	b, err := os.ReadFile("../../.goreleaser.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var g goreleaser
	if err := yaml.Unmarshal(b, &g); err != nil || g.Version != 2 {
		t.Fatal(g.Version, err)
	}
	made := map[string][]string{} // archive -> files in it
	for _, build := range g.Builds {
		if build.Main != "." {
			continue
		}
		i := slices.IndexFunc(g.Archives, func(a archive) bool { return slices.Contains(a.IDs, build.ID) })
		a := g.Archives[i]
		for _, goos := range build.Goos {
			for _, arch := range build.Goarch {
				name := strings.NewReplacer("{{ .Version }}", strings.TrimPrefix(released, "v"), "{{ .Os }}", goos, "{{ .Arch }}", arch).Replace(a.NameTemplate)
				format, exe := a.Formats[0], build.Binary
				for _, o := range a.FormatOverrides {
					if o.Goos == goos {
						format = o.Formats[0]
					}
				}
				if goos == "windows" {
					exe += ".exe"
				}
				made[name+"."+format] = append(archived(t, a.Files), exe)
			}
		}
	}
	platforms := krewManifest(t).Spec.Platforms
	if len(platforms) != len(made) {
		t.Errorf("%d platforms, %d archives", len(platforms), len(made))
	}
	for _, pl := range platforms {
		files := made[path.Base(pl.URI)]
		for _, f := range pl.Files {
			if !slices.Contains(files, f.From) {
				t.Errorf("%s holds %v, and no %s", path.Base(pl.URI), files, f.From)
			}
		}
	}
}

// archived are the names of an archive's files, all of which are there.
func archived(t *testing.T, files []any) (names []string) {
	t.Helper()
	for _, f := range files {
		name := fmt.Sprint(f)
		if m, ok := f.(map[string]any); ok {
			name = fmt.Sprint(m["src"])
		}
		if _, err := os.Stat(filepath.Join("../..", name)); err != nil {
			t.Error(err)
		}
		names = append(names, path.Base(name))
	}
	return names
}

// TestSidecarPage: the sidecar is a valid Deployment whose container pktrail
// takes for an agent, with the socket where pktrail attaches to it.
func TestSidecarPage(t *testing.T) {
	b, err := os.ReadFile("../../docs/sidecar.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var d appsv1.Deployment
	if err := yaml.UnmarshalStrict(b, &d); err != nil {
		t.Fatal(err)
	}
	spec := d.Spec.Template.Spec
	c := spec.InitContainers[0]
	if c.Name != "pktrail-agent" || !strings.Contains(c.Image, "/pktrail-agent:") || !slices.Equal(c.Args, []string{"serve", "--stay"}) || c.RestartPolicy == nil {
		t.Errorf("%+v", c)
	}
	if len(c.VolumeMounts) != 1 || c.VolumeMounts[0].MountPath != "/run/pktrail" || c.VolumeMounts[0].Name != spec.Volumes[0].Name {
		t.Errorf("%+v of %+v", c.VolumeMounts, spec.Volumes)
	}
	if !maps.Equal(d.Spec.Selector.MatchLabels, d.Spec.Template.Labels) {
		t.Error("the selector does not match the pods")
	}
}

// TestKsniffPage: each flag that the page says is ours is one.
func TestKsniffPage(t *testing.T) {
	b, err := os.ReadFile("../../docs/from-ksniff.md")
	if err != nil {
		t.Fatal(err)
	}
	f := newCapture(Streams{}).Flags()
	flags := regexp.MustCompile("`[^`]*`")
	word := regexp.MustCompile(`(^|[ '])(--?[a-z][a-z-]*)`)
	n := 0
	for line := range strings.Lines(string(b)) {
		cells := strings.Split(line, "|")
		if len(cells) != 5 {
			cells = []string{"", "", line, ""}
		}
		for _, span := range flags.FindAllString(cells[2], -1) {
			for _, m := range word.FindAllStringSubmatch(strings.Trim(span, "`"), -1) {
				name := strings.TrimLeft(m[2], "-")
				known := f.Lookup(name) != nil
				if !strings.HasPrefix(m[2], "--") {
					known = f.ShorthandLookup(name) != nil
				}
				if n++; !known && m[2] != "--" {
					t.Errorf("capture has no flag %s: %s", m[2], strings.TrimSpace(line))
				}
			}
		}
	}
	if n < 15 {
		t.Errorf("%d flags were found", n)
	}
}
