package image

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io"
	"regexp"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// Program is where the agent is in its image.
const Program = "/pktrail-agent"

// repository is where released images are.
const repository = "ghcr.io/pktrail/pktrail-agent"

// Default is the name of the image of a version of pktrail.
func Default(version string) string {
	return repository + ":" + tag(version)
}

// tag makes a tag of a version: at most 128 of letters, digits, '_', '.', '-'
// (the distribution specification, "Pulling manifests").
func tag(version string) string {
	t := regexp.MustCompile(`[^A-Za-z0-9_.-]+`).ReplaceAllString(version, "-")
	if t == "" || t[0] == '.' || t[0] == '-' {
		t = "v" + t
	}
	return t[:min(len(t), 128)]
}

// Options say what an image is made of.
type Options struct {
	// Version of pktrail; it stands in a label.
	Version string
	// Platforms as "linux/arm64"; empty for all that there is an agent for.
	Platforms []string
	// Have are the architectures that there are agents for, and Open gives one
	// of them: agentbin.Arches and agentbin.Open.
	Have []string
	Open func(arch string) ([]byte, error)
}

// built is an image for several platforms.
type built struct {
	index v1.ImageIndex
	// images of the index, in its order.
	images []v1.Image
	names  []string
	tag    name.Tag // what it is called
}

// build makes the image. Its digest depends on the agents, the version and the
// platforms alone.
func build(o Options) (*built, error) {
	chosen, err := choose(o.Platforms, o.Have)
	if err != nil {
		return nil, err
	}
	if len(chosen) == 0 { // there is none at all: the error says what to do
		_, err := o.Open("amd64")
		return nil, err
	}
	b := &built{index: mutate.IndexMediaType(empty.Index, types.OCIImageIndex)}
	for _, p := range chosen {
		program, err := o.Open(p.Architecture)
		if err != nil {
			return nil, err
		}
		img, err := imageOf(program, p, o.Version)
		if err != nil {
			return nil, fmt.Errorf("make image for %s/%s: %w", p.OS, p.Architecture, err)
		}
		b.images = append(b.images, img)
		b.names = append(b.names, p.OS+"/"+p.Architecture)
		b.index = mutate.AppendManifests(b.index, mutate.IndexAddendum{
			Add: img, Descriptor: v1.Descriptor{MediaType: types.OCIManifestSchema1, Platform: &p},
		})
	}
	return b, nil
}

// imageOf makes the image for one platform.
func imageOf(program []byte, p v1.Platform, version string) (v1.Image, error) {
	content, err := layerOf(program)
	if err != nil {
		return nil, err
	}
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(content)), nil
	}, tarball.WithMediaType(types.OCILayer), tarball.WithCompressedCaching)
	if err != nil {
		return nil, err
	}
	img := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	img, err = mutate.ConfigFile(img, &v1.ConfigFile{
		OS: p.OS, Architecture: p.Architecture, Variant: p.Variant, Created: epoch(),
		RootFS: v1.RootFS{Type: "layers"},
		Config: v1.Config{
			Entrypoint: []string{Program}, Cmd: []string{"serve"}, WorkingDir: "/",
			// https://github.com/opencontainers/image-spec/blob/main/annotations.md
			Labels: map[string]string{
				"org.opencontainers.image.title":       "pktrail-agent",
				"org.opencontainers.image.description": "the node side of pktrail",
				"org.opencontainers.image.version":     version,
				"org.opencontainers.image.source":      "https://github.com/pktrail/pktrail",
				"org.opencontainers.image.licenses":    "Apache-2.0",
			},
		},
	})
	if err != nil {
		return nil, err
	}
	return mutate.Append(img, mutate.Addendum{
		Layer:   layer,
		History: v1.History{Created: epoch(), CreatedBy: "pktrail image", Comment: "one program"},
	})
}

// epoch is when images are made: always.
func epoch() v1.Time { return v1.Time{Time: time.Unix(0, 0).UTC()} }

// layerOf is the whole file system: the program, and the folder of the socket
// that it serves at, which a volume covers.
func layerOf(program []byte) ([]byte, error) {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, h := range []tar.Header{
		{Name: "pktrail-agent", Mode: 0o755, Size: int64(len(program)), Typeflag: tar.TypeReg},
		{Name: "run/", Mode: 0o755, Typeflag: tar.TypeDir},
		{Name: "run/pktrail/", Mode: 0o700, Typeflag: tar.TypeDir},
	} {
		h.ModTime = epoch().Time // the same bytes every time
		if err := w.WriteHeader(&h); err != nil {
			return nil, err
		}
		if h.Size == 0 {
			continue
		}
		if _, err := w.Write(program); err != nil {
			return nil, err
		}
	}
	return b.Bytes(), w.Close()
}
