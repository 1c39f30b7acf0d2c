//go:build pktrail_lite

package netns

import (
	"context"
	"errors"
	"fmt"
)

// openCRI is left out of the small build, which is uploaded into containers:
// no runtime is to be asked from in there.
func (e env) openCRI(_ context.Context, pod string) (*Namespace, error) {
	return nil, fmt.Errorf("open cri:%s: this small build cannot speak to a container runtime: %w", pod, errors.ErrUnsupported)
}

// askKube is left out as well: the cgroups tell.
func (e env) askKube(context.Context, Pod) (*Namespace, error) { return nil, errors.ErrUnsupported }

// CRISockets is empty in the small build.
func CRISockets() []string { return nil }

// CRIVersion is left out of the small build.
func CRIVersion(context.Context, string) (string, error) { return "", errors.ErrUnsupported }
