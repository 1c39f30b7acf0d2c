package action

import (
	"fmt"
	"sync"

	"github.com/pktrail/pktrail/internal/agentbin"
)

// unpacked are agents by their architecture, each unpacked once.
type unpacked struct{ sync.Map } // of string to func() ([]byte, error)

// uploadable is the agent for an architecture, as it is put into a container:
// the small one, since it goes over the network each time.
func (u *unpacked) uploadable(arch string) ([]byte, error) {
	take, _ := u.LoadOrStore(arch, sync.OnceValues(func() ([]byte, error) {
		b, err := agentbin.OpenLite(arch)
		if err != nil {
			return nil, fmt.Errorf("take agent for %s: %w", arch, err)
		}
		return b, nil
	}))
	return take.(func() ([]byte, error))() //nolint:forcetypeassert // nothing else is stored
}
