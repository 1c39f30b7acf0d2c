package find

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"
)

func TestDeparted(t *testing.T) {
	p := Pod{Namespace: "shop", Name: "web", UID: "1"}
	at := func(edit func(*corev1.Pod)) *corev1.Pod {
		out := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web", UID: "1"}, Status: corev1.PodStatus{Phase: corev1.PodRunning}}
		edit(out)
		return out
	}
	for _, tc := range []struct {
		want string
		edit func(*corev1.Pod)
	}{
		{"", func(*corev1.Pod) {}},
		{"web is gone: it was deleted", func(now *corev1.Pod) { now.Name = "other" }},
		{"web is gone: it was deleted", func(now *corev1.Pod) { now.UID = "2" }},
		{"web is gone: it is being deleted", func(now *corev1.Pod) { now.DeletionTimestamp, now.Finalizers = new(metav1.Now()), []string{"x/y"} }},
		{"web is gone: it has completed", func(now *corev1.Pod) { now.Status.Phase = corev1.PodSucceeded }},
		{"web is gone: it has failed: Evicted: the node was low on memory", func(now *corev1.Pod) {
			now.Status = corev1.PodStatus{Phase: corev1.PodFailed, Reason: "Evicted", Message: "the node was low on memory"}
		}},
	} {
		got, err := Departed(t.Context(), fake.NewClientset(at(tc.edit)), &p)
		if got != tc.want || err != nil {
			t.Errorf("%q, %v, not %q", got, err, tc.want)
		}
	}
}
