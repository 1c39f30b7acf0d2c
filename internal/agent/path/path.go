package path

import (
	"errors"

	"github.com/pktrail/pktrail/internal/probe/netns"
	"github.com/pktrail/pktrail/internal/trail"
)

// Path is the way from a target's interfaces to the node's uplinks.
type Path struct {
	// Points in the order in which a packet meets them that leaves the target.
	Points []Point
	// Notes say in plain words what could not be found or followed, and why.
	Notes []string

	opened []*netns.Namespace
}

// Point is a point and the namespace in which it can be opened.
type Point struct {
	trail.Point
	// In is the target's own, or belongs to the Path and is valid until Close.
	In *netns.Namespace
}

// Close closes the namespaces that were opened to find the path.
func (p *Path) Close() error {
	var errs []error
	for _, n := range p.opened {
		errs = append(errs, n.Close())
	}
	p.opened = nil
	return errors.Join(errs...)
}
