package image

import (
	"archive/tar"
	"encoding/json"
	"fmt"
	"io"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// Result is what was made.
type Result struct {
	// Name is the image's, Digest that of its index.
	Name   string `json:"name"`
	Digest string `json:"digest"`
	// Platforms that it has, as "linux/amd64".
	Platforms []string `json:"platforms"`
}

// Save writes the image called ref as an archive in the OCI image layout, which
// `ctr images import` and podman read, with the file manifest.json of older
// engines beside it: they take the first platform.
func Save(w io.Writer, ref string, o Options) (Result, error) {
	b, r, err := named(ref, o)
	if err != nil {
		return r, err
	}
	a := archive{w: tar.NewWriter(w), seen: map[string]bool{}}
	if err := a.write(b); err != nil {
		return r, fmt.Errorf("save image: %w", err)
	}
	if err := a.w.Close(); err != nil {
		return r, fmt.Errorf("save image: %w", err)
	}
	return r, nil
}

// named builds the image that is to be called ref. How says how strictly its
// name is read.
func named(ref string, o Options, how ...name.Option) (*built, Result, error) {
	called, err := name.NewTag(ref, how...)
	if err != nil {
		return nil, Result{}, &NameError{ref, err}
	}
	b, err := build(o)
	if err != nil {
		return nil, Result{}, err
	}
	b.tag = called
	d, err := b.index.Digest()
	return b, Result{Name: called.Name(), Digest: d.String(), Platforms: b.names}, err
}

// archive is an archive being written.
type archive struct {
	w    *tar.Writer
	seen map[string]bool
}

func (a *archive) write(b *built) error {
	if err := a.file("oci-layout", []byte(`{"imageLayoutVersion":"1.0.0"}`)); err != nil {
		return err
	}
	for _, img := range b.images {
		if err := a.image(img); err != nil {
			return err
		}
	}
	index, err := b.index.RawManifest()
	if err != nil {
		return err
	}
	d, err := b.index.Digest()
	if err != nil {
		return err
	}
	if err := a.blob(d, index); err != nil {
		return err
	}
	// containerd names the image by the first annotation, podman by the second.
	top, err := json.Marshal(v1.IndexManifest{
		SchemaVersion: 2, MediaType: types.OCIImageIndex,
		Manifests: []v1.Descriptor{{
			MediaType: types.OCIImageIndex, Digest: d, Size: int64(len(index)),
			Annotations: map[string]string{
				"io.containerd.image.name":          b.tag.Name(),
				"org.opencontainers.image.ref.name": b.tag.Name(),
			},
		}},
	})
	if err != nil {
		return err
	}
	if err := a.file("index.json", top); err != nil {
		return err
	}
	return a.dockerManifest(b.images[0], b.tag)
}

// image writes a manifest and what it refers to.
func (a *archive) image(img v1.Image) error {
	layers, err := img.Layers()
	if err != nil {
		return err
	}
	for _, l := range layers {
		if err := a.layer(l); err != nil {
			return err
		}
	}
	config, err := img.RawConfigFile()
	if err != nil {
		return err
	}
	configName, err := img.ConfigName()
	if err != nil {
		return err
	}
	manifest, err := img.RawManifest()
	if err != nil {
		return err
	}
	d, err := img.Digest()
	if err != nil {
		return err
	}
	if err := a.blob(configName, config); err != nil {
		return err
	}
	return a.blob(d, manifest)
}

func (a *archive) layer(l v1.Layer) error {
	d, err := l.Digest()
	if err != nil {
		return err
	}
	r, err := l.Compressed()
	if err != nil {
		return err
	}
	b, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if err := r.Close(); err != nil {
		return err
	}
	return a.blob(d, b)
}

// dockerManifest is what `docker load` reads where it does not know the OCI
// layout: one image, for one platform.
func (a *archive) dockerManifest(img v1.Image, tagged name.Tag) error {
	config, err := img.ConfigName()
	if err != nil {
		return err
	}
	layers, err := img.Layers()
	if err != nil {
		return err
	}
	entry := struct {
		Config   string
		RepoTags []string
		Layers   []string
	}{blobPath(config), []string{tagged.Name()}, nil}
	for _, l := range layers {
		d, err := l.Digest()
		if err != nil {
			return err
		}
		entry.Layers = append(entry.Layers, blobPath(d))
	}
	b, err := json.Marshal([]any{entry})
	if err != nil {
		return err
	}
	return a.file("manifest.json", b)
}

func blobPath(h v1.Hash) string { return "blobs/" + h.Algorithm + "/" + h.Hex }

// blob writes what is called by its digest, once.
func (a *archive) blob(h v1.Hash, b []byte) error {
	if a.seen[h.String()] {
		return nil
	}
	a.seen[h.String()] = true
	return a.file(blobPath(h), b)
}

func (a *archive) file(path string, b []byte) error {
	h := &tar.Header{Name: path, Mode: 0o644, Size: int64(len(b)), Typeflag: tar.TypeReg, ModTime: epoch().Time}
	if err := a.w.WriteHeader(h); err != nil {
		return err
	}
	_, err := a.w.Write(b)
	return err
}
