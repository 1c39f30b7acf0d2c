package find

import (
	"context"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/client-go/kubernetes"

	"github.com/pktrail/pktrail/internal/kube"
)

// OnNode lists the pods of all namespaces that have a network of their own on a
// node. The error may be that they may not be listed.
func OnNode(ctx context.Context, client kubernetes.Interface, node string) ([]Pod, error) {
	ctx, cancel := context.WithTimeout(ctx, answer)
	defer cancel()
	list, err := client.CoreV1().Pods(metav1.NamespaceAll).List(ctx, metav1.ListOptions{
		FieldSelector:   fields.OneTermEqualSelector("spec.nodeName", node).String(),
		ResourceVersion: "0", // names may be a moment old
	})
	if err != nil {
		return nil, kube.Explain(err, "list the pods on "+node)
	}
	var out []Pod
	for i := range list.Items {
		p := podFrom(&list.Items[i])
		if usable, _ := state(&list.Items[i]); usable && !p.HostNetwork && p.Node == node {
			out = append(out, p)
		}
	}
	return out, nil
}

// ByNodePort finds the service that has a port on every node, for a protocol
// ("TCP", "UDP"; empty for any); without a name if none has. The error may be
// that services of all namespaces may not be listed.
func ByNodePort(ctx context.Context, client kubernetes.Interface, port uint16, protocol string) (namespace, name string, err error) {
	ctx, cancel := context.WithTimeout(ctx, answer)
	defer cancel()
	list, err := client.CoreV1().Services(metav1.NamespaceAll).List(ctx, metav1.ListOptions{ResourceVersion: "0"})
	if err != nil {
		return "", "", kube.Explain(err, "find the service of a node's port")
	}
	for i := range list.Items {
		s := &list.Items[i]
		if slices.ContainsFunc(s.Spec.Ports, func(p corev1.ServicePort) bool {
			return p.NodePort == int32(port) && (protocol == "" || string(p.Protocol) == protocol)
		}) {
			return s.Namespace, s.Name, nil
		}
	}
	return "", "", nil
}
