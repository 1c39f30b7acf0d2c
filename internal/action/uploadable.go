package action

import (
	"fmt"

	"github.com/pktrail/pktrail/internal/agentbin"
)

// uploadable is the agent for an architecture, as it is put into a container:
// the small one, since it goes over the network each time.
func uploadable(arch string) ([]byte, error) {
	b, err := agentbin.OpenLite(arch)
	if err != nil {
		return nil, fmt.Errorf("take agent for %s: %w", arch, err)
	}
	return b, nil
}
