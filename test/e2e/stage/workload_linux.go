package stage

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/pktrail/pktrail/internal/lab/labtest"
)

// Deployment starts web servers, as evenly on the nodes as the number allows,
// and returns their pods by node and name.
func (s *Stage) Deployment(tb testing.TB, namespace, name string, replicas int32) []Pod {
	tb.Helper()
	labels := map[string]string{"app": name}
	template := pod(namespace, name, "", web("main"))
	template.Spec.TopologySpreadConstraints = []corev1.TopologySpreadConstraint{{
		MaxSkew: 1, TopologyKey: corev1.LabelHostname, WhenUnsatisfiable: corev1.DoNotSchedule,
		LabelSelector: &metav1.LabelSelector{MatchLabels: labels},
	}}
	d := &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec: appsv1.DeploymentSpec{
			Replicas: &replicas,
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: template.Spec},
		},
	}
	if _, err := s.Client.AppsV1().Deployments(namespace).Create(tb.Context(), d, metav1.CreateOptions{}); err != nil {
		tb.Fatal(err)
	}
	return s.PodsOf(tb, namespace, name, int(replicas))
}

// PodsOf waits until exactly so many pods with the label app=NAME are ready and
// serve, and returns them by node and name.
func (s *Stage) PodsOf(tb testing.TB, namespace, name string, count int) []Pod {
	tb.Helper()
	var pods []Pod
	labtest.Wait(tb, time.Minute, "the pods of "+name, func() bool {
		list, err := s.Client.CoreV1().Pods(namespace).List(tb.Context(), metav1.ListOptions{LabelSelector: "app=" + name})
		if err != nil || len(list.Items) != count {
			return false
		}
		pods = pods[:0]
		for i := range list.Items {
			p, err := running(&list.Items[i])
			if err != nil || !ready(&list.Items[i]) {
				return false
			}
			pods = append(pods, p)
		}
		return true
	})
	for _, p := range pods {
		s.serving(tb, p)
	}
	slices.SortFunc(pods, func(a, b Pod) int { return strings.Compare(a.Node+" "+a.Name, b.Node+" "+b.Name) })
	return pods
}

// Delete deletes a pod at once and does not wait.
func (s *Stage) Delete(tb testing.TB, p Pod) {
	tb.Helper()
	err := s.Client.CoreV1().Pods(p.Namespace).Delete(tb.Context(), p.Name, metav1.DeleteOptions{GracePeriodSeconds: new(int64(0))})
	if err != nil {
		tb.Fatal(err)
	}
}

// Service is one of type NodePort.
type Service struct {
	Namespace, Name string
	// Cluster is the virtual address with the port, 80.
	Cluster netip.AddrPort
	// NodePort is the port on every node.
	NodePort uint16
}

// Service makes a service for the pods with the label app=NAME, on port 80 for
// TCP and UDP, and waits until the pods are known as its endpoints.
func (s *Stage) Service(tb testing.TB, namespace, name string) Service {
	tb.Helper()
	spec := &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec: corev1.ServiceSpec{
			Type:     corev1.ServiceTypeNodePort,
			Selector: map[string]string{"app": name},
			Ports: []corev1.ServicePort{
				{Name: "http", Protocol: corev1.ProtocolTCP, Port: 80, TargetPort: intstr.FromInt32(WebPort)},
				{Name: "echo", Protocol: corev1.ProtocolUDP, Port: 80, TargetPort: intstr.FromInt32(WebPort)},
			},
		},
	}
	made, err := s.Client.CoreV1().Services(namespace).Create(tb.Context(), spec, metav1.CreateOptions{})
	if err != nil {
		tb.Fatal(err)
	}
	ip, err := netip.ParseAddr(made.Spec.ClusterIP)
	if err != nil {
		tb.Fatal(err)
	}
	s.endpoints(tb, namespace, name)
	return Service{Namespace: namespace, Name: name, Cluster: netip.AddrPortFrom(ip, 80), NodePort: uint16(made.Spec.Ports[0].NodePort)}
}

// endpoints waits until a service has as many endpoints as it has pods.
func (s *Stage) endpoints(tb testing.TB, namespace, name string) {
	tb.Helper()
	labtest.Wait(tb, 30*time.Second, "the endpoints of "+name, func() bool {
		pods, err := s.Client.CoreV1().Pods(namespace).List(tb.Context(), metav1.ListOptions{LabelSelector: "app=" + name})
		if err != nil {
			return false
		}
		slices, err := s.Client.DiscoveryV1().EndpointSlices(namespace).List(tb.Context(), metav1.ListOptions{LabelSelector: discoveryv1.LabelServiceName + "=" + name})
		if err != nil {
			return false
		}
		known := 0
		for _, slice := range slices.Items {
			known += len(slice.Endpoints)
		}
		return known == len(pods.Items)
	})
}
