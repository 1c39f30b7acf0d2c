// Package image makes container images of one layer, as tarballs that `ctr
// images import`, `docker load` and `podman load` take.
//
// In: files. Out: bytes, the same for the same files. It must not know what the
// images are for, and needs neither a registry nor a daemon.
package image

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"path"
	"time"
)

// Image is what a tarball is made from.
type Image struct {
	// Ref is the full name with a tag, e.g. "example.test/web:1".
	Ref string
	// Architecture in the words of GOARCH.
	Architecture string
	Entrypoint   []string
	// User is a number, or empty for root.
	User  string
	Files []File
}

// File is one entry of the layer. Folders on the way to it are added.
type File struct {
	// Name is the path without a slash in front.
	Name string
	// Mode has the permissions, and fs.ModeDir for a folder.
	Mode fs.FileMode
	// Data is a plain file's content.
	Data []byte
	// Link makes it a symbolic link.
	Link string
}

// config is the part of an image's configuration that runtimes ask for
// (github.com/opencontainers/image-spec, config.md).
type config struct {
	Architecture string        `json:"architecture"`
	OS           string        `json:"os"`
	Config       runConfig     `json:"config"`
	RootFS       rootFS        `json:"rootfs"`
	History      []historyLine `json:"history"`
}

type runConfig struct {
	Entrypoint []string
	Env        []string
	User       string `json:",omitempty"`
}

type rootFS struct {
	Type    string   `json:"type"`
	DiffIDs []string `json:"diff_ids"`
}

type historyLine struct {
	CreatedBy string `json:"created_by"`
}

// manifest is one line of manifest.json in a tarball of `docker save`.
type manifest struct {
	Config   string
	RepoTags []string
	Layers   []string
}

// Write writes the tarball.
func (i Image) Write(w io.Writer) error {
	layer, err := i.layer()
	if err != nil {
		return fmt.Errorf("write image %s: %w", i.Ref, err)
	}
	sum := sha256.Sum256(layer)
	c, err := json.Marshal(config{
		Architecture: i.Architecture, OS: "linux",
		Config:  runConfig{Entrypoint: i.Entrypoint, Env: []string{"PATH=/bin:/usr/bin:/sbin:/usr/sbin"}, User: i.User},
		RootFS:  rootFS{Type: "layers", DiffIDs: []string{"sha256:" + hex.EncodeToString(sum[:])}},
		History: []historyLine{{CreatedBy: "test/cluster/image"}},
	})
	if err != nil {
		return fmt.Errorf("write image %s: %w", i.Ref, err)
	}
	m, err := json.Marshal([]manifest{{Config: "config.json", RepoTags: []string{i.Ref}, Layers: []string{"layer.tar"}}})
	if err != nil {
		return fmt.Errorf("write image %s: %w", i.Ref, err)
	}
	err = writeTar(w, []File{
		{Name: "manifest.json", Mode: 0o644, Data: m},
		{Name: "config.json", Mode: 0o644, Data: c},
		{Name: "layer.tar", Mode: 0o644, Data: layer},
	})
	if err != nil {
		return fmt.Errorf("write image %s: %w", i.Ref, err)
	}
	return nil
}

// layer is the only one: the files, and the folders above them.
func (i Image) layer() ([]byte, error) {
	var all []File
	seen := map[string]bool{".": true}
	for _, f := range i.Files {
		if f.Mode.IsDir() {
			seen[f.Name] = true
		}
	}
	for _, f := range i.Files {
		var above []File
		for dir := path.Dir(f.Name); !seen[dir]; dir = path.Dir(dir) {
			seen[dir] = true
			above = append([]File{{Name: dir, Mode: fs.ModeDir | 0o755}}, above...)
		}
		all = append(append(all, above...), f)
	}
	var b bytes.Buffer
	if err := writeTar(&b, all); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func writeTar(w io.Writer, files []File) error {
	t := tar.NewWriter(w)
	for _, f := range files {
		h := &tar.Header{
			Name: f.Name, Mode: int64(f.Mode.Perm()), Size: int64(len(f.Data)), Typeflag: tar.TypeReg,
			ModTime: time.Unix(0, 0), Format: tar.FormatPAX,
		}
		if f.Mode&fs.ModeSticky != 0 {
			h.Mode |= 0o1000
		}
		switch {
		case f.Mode.IsDir():
			h.Typeflag, h.Name = tar.TypeDir, f.Name+"/"
		case f.Link != "":
			h.Typeflag, h.Linkname = tar.TypeSymlink, f.Link
		}
		if err := t.WriteHeader(h); err != nil {
			return fmt.Errorf("write %s: %w", f.Name, err)
		}
		if _, err := t.Write(f.Data); err != nil {
			return fmt.Errorf("write %s: %w", f.Name, err)
		}
	}
	return t.Close()
}
