package place

import (
	"context"
	"slices"
	"strings"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/pktrail/pktrail/internal/kube"
)

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
}

// Agents lists the Jobs of agents in a namespace, in all if it is empty.
func Agents(ctx context.Context, c *kube.Cluster, namespace, user string) ([]Left, error) {
	jobs, err := c.Client.BatchV1().Jobs(namespace).List(ctx, metav1.ListOptions{
		LabelSelector: labels.SelectorFromSet(labels.Set{labelName: agentName, labelManaged: manager}).String(),
	})
	if err != nil {
		return nil, kube.Explain(err, "list agents")
	}
	list := make([]Left, 0, len(jobs.Items))
	for i := range jobs.Items {
		j := &jobs.Items[i]
		list = append(list, Left{
			Namespace: j.Namespace, Job: j.Name, User: j.Annotations[noteUser], Targets: j.Annotations[noteTargets],
			Started: j.CreationTimestamp.Time, Own: user != "" && j.Annotations[noteUser] == user, Expired: expired(j, time.Now()),
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
