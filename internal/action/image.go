package action

import (
	"context"
	"errors"
	"io"

	"github.com/pktrail/pktrail/internal/agentbin"
	"github.com/pktrail/pktrail/internal/kube/image"
)

// ImageOptions say which image of the agent is made.
type ImageOptions struct {
	// Version of this program.
	Version string
	// Name is the image's, for Save; empty is the one that agents are started
	// from unless --image says otherwise.
	Name string
	// Platforms as "linux/arm64"; empty for all that there is an agent for.
	Platforms []string
	// PlainHTTP speaks to a registry without TLS.
	PlainHTTP bool
}

// ImageResult is what was made.
type ImageResult = image.Result

// ImagePlatforms are what images can be made for.
func ImagePlatforms() []string { return image.Platforms() }

func (o *ImageOptions) parts() image.Options {
	return image.Options{Version: o.Version, Platforms: o.Platforms, Have: agentbin.Arches(), Open: agentbin.Open}
}

// SaveImage writes the agent's image into a file, or to stdout if that is "-".
// A file appears when it is whole.
func SaveImage(file string, stdout io.Writer, o ImageOptions) (r ImageResult, err error) {
	name := o.Name
	if name == "" {
		name = image.Default(o.Version)
	}
	f, err := newReplacement(file, 0o644, stdout)
	if err != nil {
		return r, explain(err)
	}
	if r, err = image.Save(f, name, o.parts()); err != nil {
		_ = f.Discard() // the first error says more
		return r, explainImage(err)
	}
	_, err = f.Keep()
	return r, explain(err)
}

// explainImage tells a name or a platform that was typed wrong from the rest.
func explainImage(err error) error {
	if e, ok := errors.AsType[*image.NameError](err); ok {
		return Usage(e.Hint(), err)
	}
	if e, ok := errors.AsType[*image.PlatformError](err); ok {
		return Usage(e.Hint(), err)
	}
	return explain(err)
}

// PushImage puts the agent's image into a registry under a name. progress hears
// of bytes sent and to be sent; it may be nil.
func PushImage(ctx context.Context, name string, o ImageOptions, progress func(done, total int64)) (ImageResult, error) {
	r, err := image.Push(ctx, name, o.parts(), image.PushOptions{PlainHTTP: o.PlainHTTP, Progress: progress})
	return r, explainImage(err)
}
