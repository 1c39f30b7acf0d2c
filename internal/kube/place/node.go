package place

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/pktrail/pktrail/internal/kube"
)

// PlanNode says what Node will create, for people.
func PlanNode(nodes []string, o Options) string {
	nodes = slices.Sorted(slices.Values(nodes))
	where := strings.Join(nodes, ", ")
	if len(nodes) > 3 {
		where = fmt.Sprintf("%s and %d more nodes", strings.Join(nodes[:3], ", "), len(nodes)-3)
	}
	return fmt.Sprintf("an agent (%s) as a Job in namespace %s on %s", o.Image, o.namespace(), where)
}

// Node brings an agent to a node. Whatever it created is removed again when it
// fails, or when ctx ends before the agent runs.
func Node(ctx context.Context, c *kube.Cluster, node string, o Options) (*Runner, error) {
	doing := "place agent on " + node
	wanted := jobFor(node, &o)
	job, warnings, err := createJob(ctx, c, wanted)
	if err != nil {
		if ctx.Err() != nil { // the server may have got it all the same
			Remove(context.WithoutCancel(ctx), c, wanted.Namespace, wanted.Name)
		}
		return nil, kube.Explain(err, doing)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, o.wait(), fmt.Errorf("it did not run within %v", o.wait()))
	defer cancel()
	w := waiter{
		cluster: c, namespace: job.Namespace, owner: job.Name, ownerUID: job.UID, container: "agent", image: o.Image,
		selector: labels.SelectorFromSet(labels.Set{labelJob: job.Name}).String(), warnings: warnings,
	}
	pod, err := w.running(ctx)
	if err != nil {
		Remove(context.WithoutCancel(ctx), c, job.Namespace, job.Name)
		return nil, kube.Explain(err, doing)
	}
	return nodeRunner(c, pod), nil
}

func nodeRunner(c *kube.Cluster, pod *corev1.Pod) *Runner {
	return &Runner{cluster: c, Namespace: pod.Namespace, Pod: pod.Name, Container: "agent", program: []string{agentProgram}}
}

// removeWithin bounds a removal at the end, when the user waits for it.
const removeWithin = 10 * time.Second

// Remove removes the Job of an agent. It is the way for what never came to
// run; agents that had a session end by themselves.
func Remove(ctx context.Context, c *kube.Cluster, namespace, job string) {
	ctx, cancel := context.WithTimeout(ctx, removeWithin)
	defer cancel()
	// Where this fails the Job's own deadline removes it.
	_ = c.Client.BatchV1().Jobs(namespace).Delete(ctx, job, metav1.DeleteOptions{
		PropagationPolicy: new(metav1.DeletePropagationBackground), GracePeriodSeconds: new(int64),
	})
}

// spare is how much less than a new one's life an agent may have left to take
// one more session. It is less than what lives are longer than captures.
const spare = 4 * time.Minute

// Own finds agents of the same user and version that still have time, by their
// nodes. It is best effort: an agent that ends in this moment is found out by
// its first command, and one that may not be looked for is not needed.
func Own(ctx context.Context, c *kube.Cluster, o Options) map[string]*Runner {
	if o.User == "" {
		return nil
	}
	pods, err := c.Client.CoreV1().Pods(o.namespace()).List(ctx, metav1.ListOptions{
		LabelSelector: labels.SelectorFromSet(labels.Set{labelUser: hash(o.User), kube.LabelName: kube.AgentName}).String(),
	})
	if err != nil {
		return nil
	}
	out := map[string]*Runner{}
	for i := range pods.Items {
		p := &pods.Items[i]
		switch {
		case p.DeletionTimestamp != nil, p.Status.Phase != corev1.PodRunning, !ready(p),
			p.Annotations[noteUser] != o.User, p.Annotations[noteVersion] != o.Version, p.Spec.Containers[0].Image != o.Image:
			continue
		}
		if d := p.Spec.ActiveDeadlineSeconds; d != nil && time.Until(p.CreationTimestamp.Add(time.Duration(*d)*time.Second)) < o.Lifetime-spare {
			continue
		}
		out[p.Spec.NodeName] = nodeRunner(c, p)
	}
	return out
}

func ready(p *corev1.Pod) bool {
	for i := range p.Status.ContainerStatuses {
		if p.Status.ContainerStatuses[i].State.Running == nil {
			return false
		}
	}
	return len(p.Status.ContainerStatuses) > 0
}

// createJob creates the Job, and its namespace where there is none. What the
// server warns of (PodSecurity does) explains why no pod may come.
func createJob(ctx context.Context, c *kube.Cluster, job *batchv1.Job) (made *batchv1.Job, warned []string, err error) {
	heard := &warnings{}
	config := rest.CopyConfig(c.Config)
	config.WarningHandler = heard
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, nil, fmt.Errorf("prepare client: %w", err)
	}
	made, err = client.BatchV1().Jobs(job.Namespace).Create(ctx, job, metav1.CreateOptions{})
	if apierrors.IsNotFound(err) {
		if _, err := client.CoreV1().Namespaces().Create(ctx, namespaceFor(job.Namespace), metav1.CreateOptions{}); err != nil && !apierrors.IsAlreadyExists(err) {
			return nil, nil, err
		}
		made, err = client.BatchV1().Jobs(job.Namespace).Create(ctx, job, metav1.CreateOptions{})
	}
	if apierrors.IsForbidden(err) && strings.Contains(err.Error(), "being terminated") {
		err = &kube.Error{Err: fmt.Errorf("namespace %s is being removed", job.Namespace), Tip: "try again when it has gone, or --agent-namespace NAME"}
	}
	return made, heard.take(), err
}

// warnings gathers what the server says beside its answers.
type warnings struct {
	mu   sync.Mutex
	text []string
}

// HandleWarningHeader implements rest.WarningHandler.
func (w *warnings) HandleWarningHeader(_ int, _, text string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.text = append(w.text, text)
}

func (w *warnings) take() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text
}

var errEnded = errors.New("the agent ended at once")
