package find

import (
	"k8s.io/apimachinery/pkg/labels"

	"github.com/pktrail/pktrail/internal/kube"
)

// notAgents leaves out pktrail's own pods and jobs: nobody means them.
const notAgents = kube.LabelName + "!=" + kube.AgentName

// withoutAgents adds that to a selector of pods, unless it asks for agents
// itself. They come and go with everybody's sessions, and are on the networks
// of their nodes: a namespace could not be captured while they are there.
func withoutAgents(selector string) string {
	if selector == "" {
		return notAgents
	}
	parsed, err := labels.Parse(selector)
	if err != nil {
		return selector // refused elsewhere
	}
	if wanted, ok := parsed.RequiresExactMatch(kube.LabelName); ok && wanted == kube.AgentName {
		return selector
	}
	return selector + "," + notAgents
}
