package image

import (
	"fmt"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// platforms are what images can be made for. The order is that of the index:
// engines that know no index take the first.
var platforms = [...]v1.Platform{
	{OS: "linux", Architecture: "amd64"},
	{OS: "linux", Architecture: "arm64", Variant: "v8"},
	{OS: "linux", Architecture: "arm", Variant: "v7"},
}

// Platforms lists what images can be made for: "linux/amd64" and so on.
func Platforms() []string {
	var all []string
	for _, p := range platforms {
		all = append(all, p.OS+"/"+p.Architecture)
	}
	return all
}

// choose gives the platforms that were asked for, in our order. None asked for
// is all that there is an agent for.
func choose(wanted, have []string) ([]v1.Platform, error) {
	arches := make([]string, len(wanted))
	for i, w := range wanted {
		arches[i] = strings.TrimPrefix(w, "linux/")
		known := func(p v1.Platform) bool {
			return arches[i] == p.Architecture || p.Variant != "" && arches[i] == p.Architecture+"/"+p.Variant
		}
		j := slices.IndexFunc(platforms[:], known)
		if j < 0 {
			return nil, &PlatformError{w}
		}
		arches[i] = platforms[j].Architecture
	}
	if len(wanted) == 0 {
		arches = have
	}
	var out []v1.Platform
	for _, p := range platforms {
		if slices.Contains(arches, p.Architecture) {
			out = append(out, p)
		}
	}
	return out, nil
}

// PlatformError is a platform that no image is made for.
type PlatformError struct{ Platform string }

// Error implements error.
func (e *PlatformError) Error() string { return fmt.Sprintf("there is no agent for %q", e.Platform) }

// Hint lists those that there are.
func (e *PlatformError) Hint() string { return "platforms: " + strings.Join(Platforms(), ", ") }
