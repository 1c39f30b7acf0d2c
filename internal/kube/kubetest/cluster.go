package kubetest

import (
	"context"
	"os"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// How much is asked of the API server at once: tests poll.
const (
	queries = 100
	burst   = 500
)

// Open gives the cluster that KUBECONFIG names, as the user it has.
func Open(tb testing.TB) (*rest.Config, kubernetes.Interface) {
	tb.Helper()
	config, err := clientcmd.BuildConfigFromFlags("", os.Getenv("KUBECONFIG"))
	if err != nil {
		tb.Fatal(err)
	}
	config.QPS, config.Burst = queries, burst
	return config, client(tb, config)
}

// As gives the same cluster as another user, who may do what was granted.
func As(tb testing.TB, config *rest.Config, user string) (*rest.Config, kubernetes.Interface) {
	tb.Helper()
	config = rest.CopyConfig(config)
	config.Impersonate = rest.ImpersonationConfig{UserName: user}
	return config, client(tb, config)
}

func client(tb testing.TB, config *rest.Config) kubernetes.Interface {
	tb.Helper()
	c, err := kubernetes.NewForConfig(config)
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

// Namespace makes a namespace whose name begins with prefix and that nobody else
// has, and gives the name.
func Namespace(tb testing.TB, client kubernetes.Interface, prefix string) string {
	tb.Helper()
	api := client.CoreV1().Namespaces()
	ns, err := api.Create(tb.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: prefix}}, metav1.CreateOptions{})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := api.Delete(context.WithoutCancel(tb.Context()), ns.Name, metav1.DeleteOptions{}); err != nil {
			tb.Error(err)
		}
	})
	return ns.Name
}
