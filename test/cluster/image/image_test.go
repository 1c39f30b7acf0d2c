package image_test

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"slices"
	"testing"

	"github.com/pktrail/pktrail/test/cluster/image"
)

func example() image.Image {
	return image.Image{
		Ref: "example.test/web:1", Architecture: "arm64", Entrypoint: []string{"/usr/bin/web"}, User: "65534",
		Files: []image.File{
			{Name: "tmp", Mode: fs.ModeDir | fs.ModeSticky | 0o777},
			{Name: "usr/bin/web", Mode: 0o755, Data: []byte("a program")},
			{Name: "usr/bin/http", Link: "web"},
		},
	}
}

type entry struct {
	header tar.Header
	data   []byte
}

func untar(t *testing.T, b []byte) ([]string, map[string]entry) {
	t.Helper()
	var order []string
	all := map[string]entry{}
	for r := tar.NewReader(bytes.NewReader(b)); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return order, all
		}
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		order = append(order, h.Name)
		all[h.Name] = entry{*h, data}
	}
}

func TestWrite(t *testing.T) {
	var b, again bytes.Buffer
	if err := errors.Join(example().Write(&b), example().Write(&again)); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(b.Bytes(), again.Bytes()) {
		t.Error("the same files make another image")
	}
	_, outer := untar(t, b.Bytes())
	var m []struct {
		Config           string
		RepoTags, Layers []string
	}
	if err := json.Unmarshal(outer["manifest.json"].data, &m); err != nil {
		t.Fatal(err)
	}
	if len(m) != 1 || m[0].RepoTags[0] != "example.test/web:1" {
		t.Fatalf("%+v", m)
	}
	var c struct {
		Architecture, OS string
		Config           struct {
			Entrypoint []string
			User       string
		}
		RootFS struct {
			DiffIDs []string `json:"diff_ids"`
		}
	}
	if err := json.Unmarshal(outer[m[0].Config].data, &c); err != nil {
		t.Fatal(err)
	}
	layer := outer[m[0].Layers[0]].data
	sum := sha256.Sum256(layer)
	if c.Architecture != "arm64" || c.OS != "linux" || c.Config.User != "65534" || c.RootFS.DiffIDs[0] != "sha256:"+hex.EncodeToString(sum[:]) {
		t.Errorf("%+v", c)
	}
	order, files := untar(t, layer)
	if want := []string{"tmp/", "usr/", "usr/bin/", "usr/bin/web", "usr/bin/http"}; !slices.Equal(order, want) {
		t.Errorf("layer has %q, want %q", order, want)
	}
	if f := files["usr/bin/web"]; f.header.Mode != 0o755 || string(f.data) != "a program" || f.header.Uid != 0 {
		t.Errorf("%+v", f)
	}
	if f := files["usr/bin/http"]; f.header.Typeflag != tar.TypeSymlink || f.header.Linkname != "web" {
		t.Errorf("%+v", f)
	}
	if f := files["tmp/"]; f.header.Mode != 0o1777 {
		t.Errorf("%+v", f)
	}
}
