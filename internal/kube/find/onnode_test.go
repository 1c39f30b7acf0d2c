package find

import (
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	kubetesting "k8s.io/client-go/testing"
)

func TestOnNode(t *testing.T) {
	client := fake.NewClientset(runs("web"), runs("other", in("bank")), runs("away", on("node-b")), runs("agent", hostNetwork), runs("done", phase(corev1.PodSucceeded, "")))
	pods, err := OnNode(t.Context(), client, "node-a")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for i := range pods {
		names = append(names, pods[i].Namespace+"/"+pods[i].Name)
	}
	slices.Sort(names)
	if want := []string{"bank/other", "shop/web"}; !slices.Equal(names, want) {
		t.Errorf("%v, want %v", names, want)
	}
}

func TestByNodePort(t *testing.T) {
	service := func(namespace, name string, protocol corev1.Protocol, port int32) *corev1.Service {
		return &corev1.Service{
			ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
			Spec:       corev1.ServiceSpec{Ports: []corev1.ServicePort{{Protocol: protocol, Port: 80, NodePort: port}}},
		}
	}
	client := fake.NewClientset(service("shop", "web", corev1.ProtocolTCP, 30080), service("shop", "dns", corev1.ProtocolUDP, 30080), service("bank", "inside", corev1.ProtocolTCP, 0))
	for _, c := range []struct {
		port     uint16
		protocol string
		want     string
	}{
		{30080, "TCP", "shop/web"}, {30080, "UDP", "shop/dns"}, {30081, "", "/"}, {80, "TCP", "/"},
	} {
		ns, name, err := ByNodePort(t.Context(), client, c.port, c.protocol)
		if err != nil || ns+"/"+name != c.want {
			t.Errorf("%d/%s: %s/%s, %v", c.port, c.protocol, ns, name, err)
		}
	}
	client.PrependReactor("list", "*", func(kubetesting.Action) (bool, runtime.Object, error) { return true, nil, errors.New("gone") })
	if _, _, err := ByNodePort(t.Context(), client, 1, ""); err == nil || !strings.Contains(err.Error(), "find the service of a node's port") {
		t.Errorf("%v", err)
	}
	if _, err := OnNode(t.Context(), client, "node-a"); err == nil || !strings.Contains(err.Error(), "list the pods on node-a") {
		t.Errorf("%v", err)
	}
}

// What a node sends to pods itself comes from addresses that their network gave
// to it.
func TestNodeInner(t *testing.T) {
	n := NodeFrom(&corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: "a", Annotations: map[string]string{"projectcalico.org/IPv4VXLANTunnelAddr": "192.168.9.0", "network.cilium.io/ipv4-cilium-host": "nonsense"}},
		Spec:       corev1.NodeSpec{PodCIDRs: []string{"10.244.1.0/24", "fd00:1::/64", "nonsense"}},
	})
	var want []netip.Addr
	for _, text := range []string{"10.244.1.0", "10.244.1.1", "fd00:1::", "fd00:1::1", "192.168.9.0"} {
		want = append(want, netip.MustParseAddr(text))
	}
	if !slices.Equal(n.Inner, want) {
		t.Errorf("%v, want %v", n.Inner, want)
	}
}
