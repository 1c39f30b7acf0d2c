package action

import (
	"slices"

	"github.com/pktrail/pktrail/internal/trail"
)

// hiddenNode is a node that is not watched, with the addresses there.
type hiddenNode struct {
	trail.Place
	why string
}

// hide notes that a node is not watched.
func (g *gather) hide(p trail.Place, why string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.hidden = append(g.hidden, hiddenNode{p, why})
	g.session = trail.Join(g.parts)
	g.overlay(&g.session)
}

// hiddenBy says why a node is not watched, if it is not.
func (g *gather) hiddenBy(node string) (why string, ok bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	i := slices.IndexFunc(g.hidden, func(h hiddenNode) bool { return h.Node == node })
	if i < 0 {
		return "", false
	}
	return g.hidden[i].why, true
}
