package image

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

// NameError is a text that names no image.
type NameError struct {
	Ref string
	Err error
}

// Error implements error.
func (e *NameError) Error() string { return fmt.Sprintf("image %q: %v", e.Ref, e.Err) }

// Unwrap gives what is wrong with it.
func (e *NameError) Unwrap() error { return e.Err }

// Hint shows one.
func (e *NameError) Hint() string {
	return "an image is named REGISTRY/PATH:TAG, e.g. registry.example.org/tools/pktrail-agent:1"
}

// PushError is a registry that did not take the image.
type PushError struct {
	Ref string
	Err error
	tip string
}

// Error implements error.
func (e *PushError) Error() string { return "push image " + e.Ref + ": " + e.Err.Error() }

// Unwrap gives the cause.
func (e *PushError) Unwrap() error { return e.Err }

// Hint says what may help.
func (e *PushError) Hint() string { return e.tip }

// PushOptions say how to reach a registry.
type PushOptions struct {
	// PlainHTTP speaks HTTP without TLS; on loopback that is tried anyway.
	PlainHTTP bool
	// Progress hears how many of total bytes are there; may be nil. It is
	// called from one goroutine, after which Push returns.
	Progress func(done, total int64)
}

// Push puts the image into a registry under the name ref, for all platforms at
// once. Credentials are those of docker and podman: ~/.docker/config.json,
// REGISTRY_AUTH_FILE and their helpers.
func Push(ctx context.Context, ref string, o Options, p PushOptions) (Result, error) {
	var how []name.Option
	if p.PlainHTTP {
		how = append(how, name.Insecure)
	}
	b, r, err := named(ref, o, how...)
	if err != nil {
		return r, err
	}
	options := []remote.Option{
		remote.WithContext(ctx), remote.WithAuthFromKeychain(authn.DefaultKeychain), remote.WithUserAgent("pktrail"),
	}
	heard := func() {}
	if p.Progress != nil {
		updates, done := make(chan v1.Update, 16), make(chan struct{})
		go func() {
			defer close(done)
			for u := range updates {
				if u.Error == nil {
					p.Progress(u.Complete, u.Total)
				}
			}
		}()
		options = append(options, remote.WithProgress(updates))
		heard = func() { <-done }
	}
	err = remote.WriteIndex(b.tag, b.index, options...)
	heard()
	if err != nil {
		return r, &PushError{ref, err, pushHint(err, b.tag.RegistryStr())}
	}
	return r, nil
}

func pushHint(err error, registry string) string {
	answer, ok := errors.AsType[*transport.Error](err)
	switch {
	case ok && (answer.StatusCode == http.StatusUnauthorized || answer.StatusCode == http.StatusForbidden):
		return "docker login " + registry + " (or podman login) keeps credentials where pktrail finds them"
	case ok && answer.StatusCode == http.StatusNotFound:
		return "the registry may want the repository to be made first"
	case errors.Is(err, http.ErrSchemeMismatch):
		return "the registry speaks HTTP without TLS: --plain-http"
	}
	return "pktrail image save FILE writes it into a file, for `ctr -n k8s.io images import FILE` on the nodes"
}
