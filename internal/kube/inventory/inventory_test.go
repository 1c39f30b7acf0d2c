package inventory

import (
	"errors"
	"net/netip"
	"reflect"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	discovery "k8s.io/api/discovery/v1"
	networking "k8s.io/api/networking/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/client-go/rest"
	clienttest "k8s.io/client-go/testing"

	"github.com/pktrail/pktrail/internal/kube"
	"github.com/pktrail/pktrail/internal/netstate"
)

func objects() []runtime.Object {
	meta := func(ns, name string, labels ...string) metav1.ObjectMeta {
		m := metav1.ObjectMeta{Namespace: ns, Name: name, UID: "u-1"}
		for i := 0; i+1 < len(labels); i += 2 {
			m.Labels = map[string]string{labels[i]: labels[i+1]}
		}
		return m
	}
	return []runtime.Object{
		&corev1.Node{
			ObjectMeta: meta("", "node1"), Spec: corev1.NodeSpec{PodCIDR: "10.244.1.0/24", PodCIDRs: []string{"10.244.1.0/24", "fd00:1::/64"}},
			Status: corev1.NodeStatus{
				Addresses:  []corev1.NodeAddress{{Type: corev1.NodeInternalIP, Address: "10.0.0.1"}, {Type: corev1.NodeHostName, Address: "10.9.9.9"}},
				Conditions: []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionTrue}},
				NodeInfo:   corev1.NodeSystemInfo{OperatingSystem: "linux", Architecture: "arm64", ContainerRuntimeVersion: "containerd://2.1.4", KernelVersion: "6.18.5"},
			},
		},
		&corev1.Pod{
			ObjectMeta: owned(meta("shop", "web", "pod-template-hash", "5f7d9"), "ReplicaSet", "web-5f7d9"),
			Spec: corev1.PodSpec{NodeName: "node1", Containers: []corev1.Container{{Name: "nginx", Ports: []corev1.ContainerPort{
				{ContainerPort: 8080}, {ContainerPort: 53, HostPort: 5353, Protocol: corev1.ProtocolUDP, HostIP: "127.0.0.1"},
			}}}},
			Status: corev1.PodStatus{Phase: corev1.PodRunning, PodIP: "10.244.1.3", PodIPs: []corev1.PodIP{{IP: "10.244.1.3"}, {IP: "fd00:1::3"}}},
		},
		&corev1.Pod{ObjectMeta: owned(meta("kube-system", "dns"), "Job", "dns-29000000"), Spec: corev1.PodSpec{NodeName: "node1"}},
		&corev1.Service{
			ObjectMeta: meta("shop", "web"),
			Spec: corev1.ServiceSpec{
				Type: corev1.ServiceTypeNodePort, ClusterIP: "10.96.0.5", ClusterIPs: []string{"10.96.0.5"}, ExternalIPs: []string{"192.0.2.1"},
				Ports:                 []corev1.ServicePort{{Name: "http", Port: 80, NodePort: 30080}},
				ExternalTrafficPolicy: corev1.ServiceExternalTrafficPolicyLocal,
			},
		},
		&corev1.Service{ObjectMeta: meta("kube-system", "headless"), Spec: corev1.ServiceSpec{ClusterIP: "None"}},
		&discovery.EndpointSlice{
			ObjectMeta: meta("shop", "web-abc", discovery.LabelServiceName, "web"),
			Ports:      []discovery.EndpointPort{{Name: new("http"), Port: new(int32(8080))}},
			Endpoints: []discovery.Endpoint{
				{Addresses: []string{"10.244.1.9"}, Conditions: discovery.EndpointConditions{Ready: new(false)}},
				{Addresses: []string{"10.244.1.3"}, NodeName: new("node1"), TargetRef: &corev1.ObjectReference{Kind: "Pod", Name: "web"}},
			},
		},
		&networking.NetworkPolicy{ObjectMeta: meta("shop", "deny"), Spec: networking.NetworkPolicySpec{PolicyTypes: []networking.PolicyType{"Ingress"}}},
	}
}

func owned(m metav1.ObjectMeta, kind, name string) metav1.ObjectMeta {
	m.OwnerReferences = []metav1.OwnerReference{{Kind: kind, Name: name}}
	return m
}

func TestRead(t *testing.T) {
	addr := netip.MustParseAddr
	got, err := Read(t.Context(), &kube.Cluster{Client: fake.NewClientset(objects()...), Config: &rest.Config{Host: "https://h"}, Context: "c"}, "shop")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(got.Version, "v") {
		t.Errorf("version %q", got.Version)
	}
	got.Version = ""
	want := &netstate.Cluster{
		Context: "c", Server: "https://h",
		Nodes: []netstate.ClusterNode{{
			Name: "node1", Addresses: []netip.Addr{addr("10.0.0.1")}, OS: "linux", Arch: "arm64", Runtime: "containerd://2.1.4", Kernel: "6.18.5", Ready: true,
			PodCIDRs: []netip.Prefix{netip.MustParsePrefix("10.244.1.0/24"), netip.MustParsePrefix("fd00:1::/64")},
		}},
		Pods: []netstate.Pod{
			{Namespace: "kube-system", Name: "dns", UID: "u-1", Node: "node1", Owners: []string{"job/dns-29000000", "cronjob/dns"}},
			{
				Namespace: "shop", Name: "web", UID: "u-1", Node: "node1", Phase: "Running", Labels: map[string]string{"pod-template-hash": "5f7d9"}, Owners: []string{"rs/web-5f7d9", "deploy/web"},
				Addresses: []netip.Addr{addr("10.244.1.3"), addr("fd00:1::3")}, Containers: []string{"nginx"},
				HostPorts: []netstate.HostPort{{Proto: "UDP", HostIP: addr("127.0.0.1"), HostPort: 5353, ContainerPort: 53}},
			},
		},
		Services: []netstate.Service{
			{Namespace: "kube-system", Name: "headless"},
			{
				Namespace: "shop", Name: "web", Type: "NodePort", ClusterIPs: []netip.Addr{addr("10.96.0.5")}, Outside: []netip.Addr{addr("192.0.2.1")}, Local: true,
				Ports: []netstate.ServicePort{{Name: "http", Proto: "TCP", Port: 80, NodePort: 30080}},
				Endpoints: []netstate.Endpoint{
					{Addr: addr("10.244.1.3"), PortName: "http", Proto: "TCP", Port: 8080, Ready: true, Pod: "shop/web", Node: "node1"},
					{Addr: addr("10.244.1.9"), PortName: "http", Proto: "TCP", Port: 8080},
				},
			},
		},
		Policies: []netstate.Policy{{Namespace: "shop", Name: "deny", Spec: `{"podSelector":{},"policyTypes":["Ingress"]}`}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

// refuse makes a client to whom lists are forbidden: all of a kind, or those of
// the whole cluster.
func refuse(all bool, kinds ...string) *fake.Clientset {
	c := fake.NewClientset(objects()...)
	for _, k := range kinds {
		c.PrependReactor("list", k, func(a clienttest.Action) (bool, runtime.Object, error) {
			if !all && a.GetNamespace() != "" {
				return false, nil, nil
			}
			return true, nil, apierrors.NewForbidden(schema.GroupResource{Resource: k}, "", errors.New("no"))
		})
	}
	return c
}

func TestReadWithLess(t *testing.T) {
	got, err := Read(t.Context(), &kube.Cluster{Client: refuse(false, "pods", "nodes"), Config: &rest.Config{}}, "shop")
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Pods) != 1 || got.Pods[0].Name != "web" || len(got.Services) != 2 || len(got.Nodes) != 0 {
		t.Errorf("%+v", got)
	}
	if len(got.Unreadable) != 2 || got.Unreadable[0].What != "nodes" || got.Unreadable[1].What != "pods" || !strings.Contains(got.Unreadable[1].Why, "namespace shop") {
		t.Errorf("%+v", got.Unreadable)
	}
	kinds := []string{"pods", "nodes", "services", "endpointslices", "networkpolicies"}
	if got, err := Read(t.Context(), &kube.Cluster{Client: refuse(true, kinds...), Config: &rest.Config{}}, "shop"); err == nil {
		t.Errorf("nothing may be read, and there is %+v", got)
	}
}
