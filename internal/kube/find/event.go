package find

// EventKind says what a watch tells.
type EventKind string

// What a watch tells.
const (
	Added   EventKind = "added"   // a pod that matches has a network namespace now
	Gone    EventKind = "gone"    // a pod, or its network namespace, is no more
	Skipped EventKind = "skipped" // a pod matches and is not taken; Text says why
	Cut     EventKind = "cut"     // the API server does not answer; nothing is known of pods until Resumed
	Resumed EventKind = "resumed"
)

// Event is one change of what a query stands for.
type Event struct {
	Kind EventKind
	// Pod is set for Added, Gone and Skipped; Node, where Added, is its node
	// (Known is false if it may not be read).
	Pod  Pod
	Node Node
	// Text says why: of a pod that is Gone what became of it ("has completed";
	// empty where that is not known), else a sentence ("more than 20 pods").
	Text string
}

// String is the event as people are told it: "web-1 is gone: it was deleted".
func (e Event) String() string {
	switch e.Kind {
	case Added:
		return e.Pod.Name + " has come, on " + e.Pod.Node
	case Gone:
		return gone(&e.Pod, e.Text)
	case Skipped:
		return colon(e.Pod.Name+" is left out", e.Text)
	case Cut:
		return "the API server does not answer (" + e.Text + "): pods that come now are seen later"
	case Resumed:
		return "the API server answers again"
	}
	return ""
}

// gone says that there is nothing to see at a pod any more, and what became of
// it.
func gone(p *Pod, what string) string {
	if what != "" {
		what = "it " + what
	}
	return colon(p.Name+" is gone", what)
}
