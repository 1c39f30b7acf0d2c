package find

import (
	"cmp"
	"context"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
)

func byName(a, b Pod) int {
	return cmp.Or(strings.Compare(a.Namespace, b.Namespace), strings.Compare(a.Name, b.Name))
}

// nothing says why a source has no pod to look at; idle are those it has that
// do not run. While following, it is a note: they may come.
func (f *finder) nothing(ctx context.Context, s *source, idle []string, out *Found) error {
	tip := s.tip
	var err error
	switch {
	case len(idle) > 0 && s.pod != "":
		words := strings.TrimPrefix(idle[0], s.pod+" ")
		if why := f.events(ctx, s); why != "" && strings.Contains(words, "is Pending") {
			words += "; " + why
		}
		if strings.Contains(words, "is Pending") {
			tip = "--follow waits for it"
		} else {
			tip = "its network namespace is gone with it"
		}
		err = refuse(NotRunning, s.target, tip, "%s %s", s.what, words)
	case len(idle) > 0:
		err = refuse(NotRunning, s.target, "--follow waits for pods that run", "%s: no pod runs: %s", s.what, several(idle, "and"))
	case s.empty != "":
		err = refuse(NoPods, s.target, tip, "%s has no pods: %s", s.what, s.empty)
	default:
		if tip == "" {
			tip = "--follow waits for them"
		}
		err = refuse(NoPods, s.target, tip, "%s has no pods", s.what)
	}
	if f.q.Follow {
		out.note("%s; waiting for pods", err.Error())
		return nil
	}
	return err
}

// events gives the latest warning about a pod that does not start: a sandbox
// without a network is told nowhere else. Empty where there is none, or it
// may not be read.
func (f *finder) events(ctx context.Context, s *source) string {
	ctx, cancel := context.WithTimeout(ctx, answer)
	defer cancel()
	list, err := f.client.CoreV1().Events(s.namespace).List(ctx, metav1.ListOptions{
		FieldSelector: fields.Set{"involvedObject.kind": "Pod", "involvedObject.name": s.pod, "type": "Warning"}.String(), Limit: page,
	})
	if err != nil {
		return ""
	}
	var last corev1.Event
	for i := range list.Items {
		if e := &list.Items[i]; e.InvolvedObject.Name == s.pod && !e.LastTimestamp.Before(&last.LastTimestamp) {
			last = *e
		}
	}
	return colon(last.Reason, last.Message)
}
