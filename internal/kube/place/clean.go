package place

import (
	"context"
	"slices"
	"strings"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"

	"github.com/pktrail/pktrail/internal/kube"
)

// AllNamespaces asks Agents for those of every namespace.
const AllNamespaces = "*"

// Left is an agent's Job that Clean has found.
type Left struct {
	Namespace string    `json:"namespace"`
	Job       string    `json:"job"`
	User      string    `json:"user,omitempty"`
	Targets   string    `json:"targets,omitempty"`
	Started   time.Time `json:"started"`
	// Own is true if the user is who asks, Expired if it is past its end.
	Own     bool `json:"own"`
	Expired bool `json:"expired"`

	uid types.UID
}

// Remove removes the Job, and its pod with it, whatever that does. That it has
// gone meanwhile is no error.
func (l *Left) Remove(ctx context.Context, c *kube.Cluster) error {
	ctx, cancel := context.WithTimeout(ctx, removeWithin)
	defer cancel()
	err := c.Client.BatchV1().Jobs(l.Namespace).Delete(ctx, l.Job, metav1.DeleteOptions{
		PropagationPolicy: new(metav1.DeletePropagationBackground), Preconditions: &metav1.Preconditions{UID: &l.uid},
	})
	if apierrors.IsNotFound(err) {
		return nil
	}
	return kube.Explain(err, "remove agent "+l.Namespace+"/"+l.Job)
}

// Agents lists the Jobs of agents in a namespace, oldest first; in all
// namespaces if it is AllNamespaces, in the default one if it is empty.
func Agents(ctx context.Context, c *kube.Cluster, namespace, user string) ([]Left, error) {
	switch namespace {
	case "":
		namespace = DefaultNamespace
	case AllNamespaces:
		namespace = metav1.NamespaceAll
	}
	ctx, cancel := context.WithTimeout(ctx, removeWithin)
	defer cancel()
	jobs, err := c.Client.BatchV1().Jobs(namespace).List(ctx, metav1.ListOptions{
		LabelSelector: labels.SelectorFromSet(labels.Set{kube.LabelName: kube.AgentName, labelManaged: manager}).String(),
	})
	if err != nil {
		return nil, kube.Explain(err, "list agents")
	}
	list := make([]Left, 0, len(jobs.Items))
	for i := range jobs.Items {
		j := &jobs.Items[i]
		if j.DeletionTimestamp != nil {
			continue // somebody removes it already
		}
		list = append(list, Left{
			Namespace: j.Namespace, Job: j.Name, User: j.Annotations[noteUser], Targets: j.Annotations[noteTargets],
			Started: j.CreationTimestamp.Time, Own: user != "" && j.Annotations[noteUser] == user, Expired: expired(j, time.Now()),
			uid: j.UID,
		})
	}
	slices.SortFunc(list, func(a, b Left) int { return a.Started.Compare(b.Started) })
	return list, nil
}

// grace is how long after its deadline a Job may take to go by itself.
const grace = 30 * time.Second

// expired reports whether a Job should have gone by itself.
func expired(j *batchv1.Job, now time.Time) bool {
	if t := j.Status.CompletionTime; t != nil && now.Sub(t.Time) > grace {
		return true
	}
	d := j.Spec.ActiveDeadlineSeconds
	return d != nil && now.Sub(j.CreationTimestamp.Time) > time.Duration(*d)*time.Second+grace
}

func mentionsPodSecurity(err error) bool { return strings.Contains(err.Error(), "PodSecurity") }
