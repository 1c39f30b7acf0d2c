package left

import (
	"context"
	"errors"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// mark is in the name of all that pktrail names.
const mark = "pktrail"

// ownNamespace is where agents on nodes are placed by default.
const ownNamespace = "pktrail"

// objects lists what there is of pktrail in the API, in any namespace. The
// namespace itself stays by design: it is made on first use.
func objects(ctx context.Context, client kubernetes.Interface) ([]string, error) {
	all := metav1.NamespaceAll
	var o metav1.ListOptions
	var list []string
	add := func(kind string, m metav1.ObjectMeta) {
		if ours(m) {
			list = append(list, fmt.Sprintf("API: %s %s/%s %s", kind, m.Namespace, m.Name, m.UID))
		}
	}
	pods, err1 := client.CoreV1().Pods(all).List(ctx, o)
	if err1 == nil {
		for i := range pods.Items {
			add("pod", pods.Items[i].ObjectMeta)
			list = append(list, ephemeral(&pods.Items[i])...)
		}
	}
	jobs, err2 := client.BatchV1().Jobs(all).List(ctx, o)
	if err2 == nil {
		for i := range jobs.Items {
			add("job", jobs.Items[i].ObjectMeta)
		}
	}
	maps, err3 := client.CoreV1().ConfigMaps(all).List(ctx, o)
	if err3 == nil {
		for i := range maps.Items {
			add("configmap", maps.Items[i].ObjectMeta)
		}
	}
	secrets, err4 := client.CoreV1().Secrets(all).List(ctx, o)
	if err4 == nil {
		for i := range secrets.Items {
			add("secret", secrets.Items[i].ObjectMeta)
		}
	}
	accounts, err5 := client.CoreV1().ServiceAccounts(all).List(ctx, o)
	if err5 == nil {
		for i := range accounts.Items {
			add("serviceaccount", accounts.Items[i].ObjectMeta)
		}
	}
	if err := errors.Join(err1, err2, err3, err4, err5); err != nil {
		return list, fmt.Errorf("list objects: %w", err)
	}
	return list, nil
}

// ours are objects with our name or label, and in our namespace all that
// Kubernetes does not put into every one.
func ours(m metav1.ObjectMeta) bool {
	if m.Namespace == ownNamespace {
		return m.Name != "default" && m.Name != "kube-root-ca.crt"
	}
	for key, value := range m.Labels {
		if strings.HasPrefix(key, mark) || strings.HasPrefix(key, "app.kubernetes.io/") && strings.HasPrefix(value, mark) {
			return true
		}
	}
	return strings.HasPrefix(m.Name, mark)
}

// ephemeral lists containers of ours in somebody's pod that still run. That
// there was one stays in the pod's record: Kubernetes has no way to remove it.
func ephemeral(p *corev1.Pod) []string {
	var list []string
	for _, s := range p.Status.EphemeralContainerStatuses {
		if strings.Contains(s.Name, mark) && s.State.Terminated == nil {
			list = append(list, fmt.Sprintf("API: ephemeral container %s in %s/%s %s", s.Name, p.Namespace, p.Name, p.UID))
		}
	}
	return list
}
