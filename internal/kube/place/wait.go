package place

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/pktrail/pktrail/internal/kube"
)

// waiter waits until an agent's container runs, or until it is known that it
// will not.
type waiter struct {
	cluster   *kube.Cluster
	namespace string
	selector  string // of labels, for a Job's pod
	name      string // of the pod, where it is known already
	container string
	image     string

	owner    string // a Job whose events say why there is no pod
	ownerUID types.UID
	warnings []string
}

// How long it may take until a controller has made a pod before we ask why it
// has not, and how often we ask then.
const (
	podAfter   = 2 * time.Second
	whyEvery   = time.Second
	watchAgain = 200 * time.Millisecond
)

// running waits for the container.
func (w *waiter) running(ctx context.Context) (*corev1.Pod, error) {
	why := time.NewTimer(podAfter)
	defer why.Stop()
	for {
		pod, err := w.follow(ctx, why)
		switch {
		case pod != nil || err != nil:
			return pod, err
		case ctx.Err() != nil:
			return nil, w.late(ctx)
		}
		select { // the watch ended, as watches do: look again
		case <-ctx.Done():
		case <-time.After(watchAgain):
		}
	}
}

func (w *waiter) late(ctx context.Context) error {
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
		return &kube.Error{Err: cause, Tip: "kubectl -n " + w.namespace + " describe pods shows why"}
	}
	return ctx.Err()
}

// follow watches pods until one answers the question; nothing at all if the
// watch ended.
func (w *waiter) follow(ctx context.Context, why *time.Timer) (*corev1.Pod, error) {
	o := metav1.ListOptions{LabelSelector: w.selector}
	if w.name != "" {
		o.FieldSelector = fields.OneTermEqualSelector("metadata.name", w.name).String()
	}
	in, err := w.cluster.Client.CoreV1().Pods(w.namespace).Watch(ctx, o) // begins with what is there
	if err != nil {
		if kube.IsAway(err) && ctx.Err() == nil {
			return nil, nil //nolint:nilnil // neither: ask again
		}
		return nil, err
	}
	defer in.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil, w.late(ctx)
		case <-why.C:
			if err := w.noPod(ctx); err != nil {
				return nil, err
			}
			why.Reset(whyEvery)
		case ev, ok := <-in.ResultChan():
			if !ok || ev.Type == watch.Error {
				return nil, nil //nolint:nilnil // neither: watch again
			}
			pod, isPod := ev.Object.(*corev1.Pod)
			if !isPod {
				continue
			}
			why.Stop()
			if ev.Type == watch.Deleted {
				return nil, &kube.Error{Err: errors.New("somebody removed it"), Tip: "kubectl get events shows who or what"}
			}
			if done, err := w.judge(pod); err != nil {
				return nil, err
			} else if done {
				return pod, nil
			}
		}
	}
}

// judge says whether the container runs. It errs when it never will.
func (w *waiter) judge(pod *corev1.Pod) (bool, error) {
	all := slices.Concat(pod.Status.ContainerStatuses, pod.Status.EphemeralContainerStatuses)
	i := slices.IndexFunc(all, func(s corev1.ContainerStatus) bool { return s.Name == w.container })
	if i < 0 {
		if pod.Status.Phase == corev1.PodFailed {
			return false, &kube.Error{Err: fmt.Errorf("the node refused it: %s", firstOf(pod.Status.Message, pod.Status.Reason)), Tip: "another node, or --method exec"}
		}
		return false, nil
	}
	s := all[i].State
	switch {
	case s.Running != nil:
		return true, nil
	case s.Terminated != nil:
		return false, &kube.Error{Err: fmt.Errorf("%w: exit code %d %s", errEnded, s.Terminated.ExitCode, firstOf(s.Terminated.Message, s.Terminated.Reason)), Tip: "an image of another version? --image REF names the agent's"}
	case s.Waiting == nil:
		return false, nil
	}
	switch s.Waiting.Reason {
	case "ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "InvalidImageName", "ImageInspectError", "RegistryUnavailable":
		return false, &kube.Error{
			Err: fmt.Errorf("image %s cannot be had: %s", w.image, short(firstOf(s.Waiting.Message, s.Waiting.Reason))),
			Tip: "pktrail image push REF puts it into your registry, then --image REF (--image-pull-secret NAME); or --method exec needs none",
		}
	case "CreateContainerError", "CreateContainerConfigError", "RunContainerError", "CrashLoopBackOff":
		return false, &kube.Error{Err: fmt.Errorf("the node cannot start it: %s", short(firstOf(s.Waiting.Message, s.Waiting.Reason))), Tip: "--method exec goes another way"}
	}
	return false, nil
}

// noPod asks why a Job has no pod yet: its events say so. Without the right to
// read events what the server warned of has to do.
func (w *waiter) noPod(ctx context.Context) error {
	if w.owner == "" {
		return nil
	}
	events, err := w.cluster.Client.CoreV1().Events(w.namespace).List(ctx, metav1.ListOptions{
		FieldSelector: fields.Set{"involvedObject.name": w.owner, "involvedObject.uid": string(w.ownerUID)}.AsSelector().String(),
	})
	text := ""
	if err == nil {
		for i := range events.Items {
			if e := &events.Items[i]; e.Reason == "FailedCreate" {
				text = e.Message
			}
		}
	}
	if text == "" && len(w.warnings) > 0 {
		text = strings.Join(w.warnings, "; ")
	}
	if text == "" {
		return nil // a slow controller
	}
	tip := "deploy/rbac.yaml and docs say what an agent needs; --method exec needs less"
	if strings.Contains(text, "PodSecurity") {
		tip = "kubectl label namespace " + w.namespace + " --overwrite pod-security.kubernetes.io/enforce=privileged, or --agent-namespace NAME"
	}
	return &kube.Error{Err: fmt.Errorf("the cluster made no pod of it: %s", short(text)), Tip: tip}
}

func firstOf(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return "no reason given"
}

// short keeps a message of the kubelet to a line that can be read.
func short(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	if len(text) > 300 {
		text = text[:300] + "..."
	}
	return text
}
