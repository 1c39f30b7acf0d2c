package find

import (
	"context"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/pktrail/pktrail/internal/kube"
)

// Departed says in words what became of a pod that was found, if it is no more
// or soon will be: "web is gone: it was deleted". It is empty while the pod runs.
func Departed(ctx context.Context, client kubernetes.Interface, p *Pod) (string, error) {
	now, err := client.CoreV1().Pods(p.Namespace).Get(ctx, p.Name, metav1.GetOptions{})
	switch {
	case apierrors.IsNotFound(err), err == nil && now.UID != p.UID: // a StatefulSet gives the name again
		return gone(p, "was deleted"), nil
	case err != nil:
		return "", kube.Explain(err, "look for pod "+p.Name)
	case now.DeletionTimestamp != nil:
		return gone(p, "is being deleted"), nil
	}
	if usable, words := state(now); !usable {
		return gone(p, words), nil
	}
	return "", nil
}
