package place

import (
	"context"
	"encoding/json"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/pktrail/pktrail/internal/kube"
)

// PlanEphemeral says what Ephemeral will create, and its price.
func PlanEphemeral(t Target, o Options) string {
	return fmt.Sprintf("an ephemeral container (%s) in pod %s; Kubernetes keeps its record in the pod until the pod goes", o.Image, t)
}

// Ephemeral brings an agent into a pod as an ephemeral container, which
// shares the pod's network. It ends with its session; the record of it stays in
// the pod, since Kubernetes has no way to remove one.
func Ephemeral(ctx context.Context, c *kube.Cluster, t Target, o Options) (*Runner, error) {
	doing := "place agent into " + t.String()
	name := "pktrail-" + o.ID
	ec := corev1.EphemeralContainer{EphemeralContainerCommon: corev1.EphemeralContainerCommon{
		Name: name, Image: o.Image, ImagePullPolicy: o.pullPolicy(),
		Command: []string{agentProgram}, Args: []string{"serve"},
		TerminationMessagePolicy: corev1.TerminationMessageReadFile,
		SecurityContext: &corev1.SecurityContext{
			RunAsUser: new(int64), RunAsNonRoot: new(bool),
			AllowPrivilegeEscalation: new(bool),
			Capabilities:             &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}, Add: []corev1.Capability{"NET_RAW", "NET_ADMIN"}},
			SeccompProfile:           &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
		},
	}}
	// A strategic merge patch adds to the list by name, and overwrites nobody
	// else's entry in a race.
	patch, err := json.Marshal(map[string]any{"spec": map[string]any{"ephemeralContainers": []corev1.EphemeralContainer{ec}}})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", doing, err)
	}
	_, err = c.Client.CoreV1().Pods(t.Namespace).Patch(ctx, t.Pod, types.StrategicMergePatchType, patch, metav1.PatchOptions{}, "ephemeralcontainers")
	switch {
	case apierrors.IsForbidden(err) && mentionsPodSecurity(err):
		return nil, &kube.Error{Err: fmt.Errorf("%s: %s", doing, short(err.Error())), Tip: "the namespace's PodSecurity refuses root and NET_RAW in its pods: --method node places nothing there"}
	case err != nil:
		return nil, kube.Explain(err, doing)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, o.wait(), fmt.Errorf("it did not run within %v", o.wait()))
	defer cancel()
	w := waiter{cluster: c, namespace: t.Namespace, name: t.Pod, container: name, image: o.Image}
	if _, err := w.running(ctx); err != nil {
		return nil, kube.Explain(err, doing)
	}
	return &Runner{cluster: c, Namespace: t.Namespace, Pod: t.Pod, Container: name, program: []string{agentProgram}}, nil
}
