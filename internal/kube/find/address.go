package find

import (
	"context"
	"net/netip"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/client-go/kubernetes"

	"github.com/pktrail/pktrail/internal/kube"
)

// ByAddress finds the pod that has an address, in any namespace, and its node;
// nil where none has it. The error may be that pods of all namespaces may not
// be listed.
func ByAddress(ctx context.Context, client kubernetes.Interface, a netip.Addr) (*Pod, *Node, error) {
	ctx, cancel := context.WithTimeout(ctx, answer)
	defer cancel()
	list, err := client.CoreV1().Pods(metav1.NamespaceAll).List(ctx, metav1.ListOptions{
		FieldSelector: fields.OneTermEqualSelector("status.podIP", a.String()).String(),
	})
	if err != nil {
		return nil, nil, kube.Explain(err, "find the pod with "+a.String())
	}
	for i := range list.Items {
		usable, _ := state(&list.Items[i])
		p := podFrom(&list.Items[i])
		if !usable || p.HostNetwork {
			continue
		}
		f := &finder{client: client}
		n, err := f.node(ctx, p.Node)
		if err != nil {
			return &p, nil, nil //nolint:nilerr // it is not needed
		}
		return &p, &n, nil
	}
	return nil, nil, nil
}
