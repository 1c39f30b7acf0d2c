package find

import (
	"context"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"

	"github.com/pktrail/pktrail/internal/kube"
)

// source is a set of pods that a target stands for, now and later.
type source struct {
	// target is what was typed; empty for a selector.
	target string
	// what names it in a sentence: "deployment web in namespace shop".
	what string
	// namespace is where its pods are; empty is everywhere.
	namespace string
	// pod is the name of the one pod; empty for those that labels pick.
	pod    string
	labels string
	// owns picks among the pods that labels let through; nil is all.
	owns func(context.Context, *corev1.Pod) bool
	// empty says why there may be none, where the target itself knows: "it is
	// scaled to 0"; tip is what to do about it.
	empty, tip string
}

// options are the server's part of the choice.
func (s *source) options() metav1.ListOptions {
	o := metav1.ListOptions{LabelSelector: s.labels}
	if s.pod != "" {
		o.FieldSelector = fields.OneTermEqualSelector(metav1.ObjectNameField, s.pod).String()
	}
	return o
}

// page is how many objects are asked for at once, answer how long an answer
// may take.
const (
	page   = 500
	answer = 15 * time.Second
)

// pods calls each with all pods of a source, as the server has them now. One
// pod is asked for by its name, which needs no right to list.
func (f *finder) pods(ctx context.Context, s *source, each func(*corev1.Pod)) error {
	if s.pod != "" {
		ask, cancel := context.WithTimeout(ctx, answer)
		defer cancel()
		p, err := f.client.CoreV1().Pods(s.namespace).Get(ask, s.pod, metav1.GetOptions{})
		if err == nil {
			each(p)
		}
		return err
	}
	o := s.options()
	o.Limit = page
	for {
		list, err := f.podPage(ctx, s, o)
		if err != nil {
			return kube.Explain(err, "list the pods of "+s.what)
		}
		for i := range list.Items {
			if p := &list.Items[i]; s.owns == nil || s.owns(ctx, p) {
				each(p)
			}
		}
		if o.Continue = list.Continue; o.Continue == "" {
			return nil
		}
	}
}

func (f *finder) podPage(ctx context.Context, s *source, o metav1.ListOptions) (*corev1.PodList, error) {
	ctx, cancel := context.WithTimeout(ctx, answer)
	defer cancel()
	return f.client.CoreV1().Pods(s.namespace).List(ctx, o)
}
