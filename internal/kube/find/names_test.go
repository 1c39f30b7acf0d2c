package find

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	clienttest "k8s.io/client-go/testing"
)

func address(text string) func(*corev1.Pod) {
	return func(p *corev1.Pod) {
		p.Status.PodIP, p.Status.PodIPs = text, []corev1.PodIP{{IP: text}}
	}
}

func TestGather(t *testing.T) {
	objects := append(shop(t),
		runs("client", address("10.244.2.77"), in("other")),
		runs("exporter", hostNetwork, address("10.0.0.1")),
		runs("ended", address("10.244.2.78"), phase(corev1.PodSucceeded, "")),
		object[corev1.Service](t, `{metadata: {namespace: shop, name: public}, spec: {clusterIPs: [10.96.0.11, "fd00::b"], externalIPs: [203.0.113.5]}, status: {loadBalancer: {ingress: [{ip: 203.0.113.6}]}}}`),
		object[corev1.Service](t, `{metadata: {namespace: shop, name: headless}, spec: {clusterIPs: [None]}}`),
	)
	client := cluster(objects...)
	found, err := Targets(t.Context(), client, Query{Namespace: "shop", Targets: []string{"db-0"}})
	if err != nil {
		t.Fatal(err)
	}
	book, notes := Gather(t.Context(), client, found, []string{"shop"})
	if len(notes) > 0 {
		t.Errorf("notes %q", notes)
	}
	for addr, want := range map[string]string{
		"10.0.0.1":     "node-a", // and not the pod on its network
		"10.244.2.77":  "client.other",
		"10.96.0.9":    "front.shop.svc",
		"fd00::b":      "public.shop.svc",
		"203.0.113.5":  "public.shop.svc",
		"203.0.113.6":  "public.shop.svc",
		"10.244.1.14":  "web-5d4f-aaaaa.shop",
		"10.244.2.78":  "",
		"192.168.99.1": "",
	} {
		if got := strings.Join(book[netip.MustParseAddr(addr)], " "); addr == "10.244.1.14" && !strings.Contains(got, want) || addr != "10.244.1.14" && got != want {
			t.Errorf("%s: %q, want %q", addr, got, want)
		}
	}
}

// TestGatherSmallRole checks that what may not be listed everywhere is listed
// in the namespaces of the targets.
func TestGatherSmallRole(t *testing.T) {
	client := cluster(append(shop(t), runs("client", address("10.244.2.77"), in("other")))...)
	client.PrependReactor("list", "*", func(a clienttest.Action) (bool, runtime.Object, error) {
		if a.GetNamespace() == "shop" && a.GetResource().Resource != "endpointslices" {
			return false, nil, nil
		}
		return true, nil, apierrors.NewForbidden(schema.GroupResource{Resource: a.GetResource().Resource}, "", nil)
	})
	found := &Found{Nodes: []Node{NodeFrom(node("node-b"))}, Services: []Service{{Namespace: "other", Name: "api", IPs: []netip.Addr{netip.MustParseAddr("10.96.0.77")}}}}
	book, notes := Gather(t.Context(), client, found, []string{"shop"})
	if !slices.Equal(notes, []string{"names of endpointslices are missing: they may not be listed in shop"}) {
		t.Errorf("notes %q", notes)
	}
	if book[netip.MustParseAddr("10.96.0.9")] == nil || book[netip.MustParseAddr("10.244.2.77")] != nil || book[netip.MustParseAddr("10.0.0.2")][0] != "node-b" ||
		!slices.Equal(book[netip.MustParseAddr("10.96.0.77")], []string{"api.other.svc"}) {
		t.Errorf("book %v", book)
	}
}

func TestByAddress(t *testing.T) {
	client := cluster(runs("client", address("10.244.2.77"), in("other")), runs("exporter", hostNetwork, address("10.0.0.1")))
	// The server chooses by status.podIP; the fake one does not.
	client.PrependReactor("list", "pods", func(a clienttest.Action) (bool, runtime.Object, error) {
		all, err := client.Tracker().List(a.GetResource(), schema.GroupVersionKind{Version: "v1", Kind: "Pod"}, "")
		if err != nil {
			return true, nil, err
		}
		list := all.(*corev1.PodList)
		want := a.(clienttest.ListActionImpl).ListOptions.FieldSelector
		list.Items = slices.DeleteFunc(list.Items, func(p corev1.Pod) bool { return "status.podIP="+p.Status.PodIP != want })
		return true, list, nil
	})
	for addr, want := range map[string]string{"10.244.2.77": "client on node-a", "10.0.0.1": "", "10.9.9.9": ""} {
		p, n, err := ByAddress(t.Context(), client, netip.MustParseAddr(addr))
		got := ""
		if p != nil && n != nil {
			got = p.Name + " on " + n.Name
		}
		if err != nil || got != want {
			t.Errorf("%s: %q, %v; want %q", addr, got, err, want)
		}
	}
}
