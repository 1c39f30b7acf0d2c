package access

import (
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"

	authn "k8s.io/api/authentication/v1"
	authv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	clienttest "k8s.io/client-go/testing"
	"sigs.k8s.io/yaml"

	"github.com/pktrail/pktrail/internal/kube"
)

// town is a cluster with something of everything that matters to a survey.
const town = `
{kind: Node, apiVersion: v1, metadata: {name: node-a}, status: {nodeInfo: {kernelVersion: 6.1.0-18-amd64, architecture: amd64, operatingSystem: linux, containerRuntimeVersion: containerd://1.6.20},
  conditions: [{type: Ready, status: "True"}, {type: NetworkUnavailable, status: "False", reason: FlannelIsUp}], images: [{names: ["docker.io/pktrail/agent:1"]}], capacity: {cpu: "2", intel.com/sriov_netdevice: "4"}}}
---
{kind: Node, apiVersion: v1, metadata: {name: node-b}, status: {nodeInfo: {kernelVersion: 5.4.0, architecture: arm64, operatingSystem: linux, containerRuntimeVersion: cri-o://1.34},
  conditions: [{type: Ready, status: "False", message: cni plugin not initialized}], capacity: {rdma/hca: "0"}}}
---
{kind: Node, apiVersion: v1, metadata: {name: node-w}, status: {nodeInfo: {architecture: amd64, operatingSystem: windows, kernelVersion: 10.0.20348}, conditions: [{type: Ready, status: "True"}]}}
---
{kind: Namespace, apiVersion: v1, metadata: {name: shop, labels: {pod-security.kubernetes.io/enforce: restricted}}}
---
{kind: Namespace, apiVersion: v1, metadata: {name: pktrail, labels: {pod-security.kubernetes.io/enforce: privileged}}}
---
{kind: RuntimeClass, apiVersion: node.k8s.io/v1, metadata: {name: safe}, handler: runsc}
---
{kind: Pod, apiVersion: v1, metadata: {namespace: shop, name: web}, spec: {runtimeClassName: safe, containers: [{name: c}]}, status: {phase: Running}}
---
{kind: Pod, apiVersion: v1, metadata: {namespace: shop, name: exporter}, spec: {hostNetwork: true, containers: [{name: c}]}, status: {phase: Running}}
---
{kind: Pod, apiVersion: v1, metadata: {namespace: shop, name: forwarder, annotations: {k8s.v1.cni.cncf.io/network-status: '[{"interface":"net1","device-info":{"type":"vhost-user"}}]'}}, spec: {containers: [{name: c}]}, status: {phase: Running}}
---
{kind: Pod, apiVersion: v1, metadata: {namespace: shop, name: done}, spec: {hostNetwork: true, containers: [{name: c}]}, status: {phase: Succeeded}}
---
{kind: DaemonSet, apiVersion: apps/v1, metadata: {namespace: kube-system, name: cilium, labels: {k8s-app: cilium}}, spec: {template: {spec: {containers: [{name: cilium-agent, args: [--config-dir=/tmp/x, --enable-bpf-masquerade=true]}]}}}}
---
{kind: ConfigMap, apiVersion: v1, metadata: {namespace: kube-system, name: cilium-config}, data: {kube-proxy-replacement: "true"}}
---
{kind: ConfigMap, apiVersion: v1, metadata: {namespace: kube-system, name: kube-proxy}, data: {config.conf: "mode: ipvs"}}
`

func townObjects(t *testing.T) []runtime.Object {
	t.Helper()
	var out []runtime.Object
	for doc := range strings.SplitSeq(town, "\n---\n") {
		text, err := yaml.YAMLToJSON([]byte(doc))
		if err != nil {
			t.Fatal(err)
		}
		o, _, err := scheme.Codecs.UniversalDeserializer().Decode(text, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, o)
	}
	return out
}

func look(t *testing.T, client *fake.Clientset) *Survey {
	t.Helper()
	c := &kube.Cluster{Client: client, Config: &rest.Config{Host: "https://10.0.0.1:6443"}, Context: "prod", Namespace: "shop"}
	s, err := Look(t.Context(), c, Options{Where: Where{Targets: []string{"shop"}}, Image: "pktrail/agent:1"})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestLook(t *testing.T) {
	client := fake.NewClientset(townObjects(t)...)
	client.PrependReactor("create", "selfsubjectaccessreviews", func(a clienttest.Action) (bool, runtime.Object, error) {
		review := a.(clienttest.CreateAction).GetObject().(*authv1.SelfSubjectAccessReview)
		review.Status.Allowed = review.Spec.ResourceAttributes.Verb != "delete"
		return true, review, nil
	})
	client.PrependReactor("create", "selfsubjectreviews", func(clienttest.Action) (bool, runtime.Object, error) {
		return true, &authn.SelfSubjectReview{Status: authn.SelfSubjectReviewStatus{UserInfo: authn.UserInfo{Username: "jane", Groups: []string{"dev"}}}}, nil
	})
	s := look(t, client)
	if s.User != "jane" || s.Context != "prod" || s.Server != "https://10.0.0.1:6443" || s.Warning == "" || len(s.Unasked) > 0 {
		t.Errorf("survey %+v", s)
	}
	states := map[Method]State{}
	for _, m := range s.Methods {
		states[m.Method] = m.State
	}
	for m, want := range map[Method]State{MethodNode: No, MethodExec: Yes, MethodEphemeral: No, MethodClean: No, MethodDoctor: Yes, MethodNames: Yes} {
		if states[m] != want {
			t.Errorf("method %s: %s, want %s", m, states[m], want)
		}
	}
	if got := s.Methods[0]; !slices.Equal(got.Missing, []string{"delete jobs.batch in namespace pktrail"}) || got.Hint == "" {
		t.Errorf("node: %+v", got)
	}
	if got := s.Methods[2]; got.Why != "PodSecurity restricted of namespace shop refuses NET_RAW" || got.Hint == "" {
		t.Errorf("ephemeral: %+v", got)
	}
	checkNodes(t, s)
	checkBlind(t, s)
	text, err := json.Marshal(s)
	if err != nil || !strings.Contains(string(text), `"agent":"no","why":"runs Windows"`) {
		t.Errorf("%s, %v", text, err)
	}
}

func checkNodes(t *testing.T, s *Survey) {
	t.Helper()
	var got []string
	for _, n := range s.Nodes {
		got = append(got, strings.Join([]string{n.Name, n.Arch, string(n.Agent), n.Why, strings.Join(n.Lacks, "+"), strings.Join(n.Devices, " ")}, "|"))
	}
	want := []string{
		"node-a|amd64|ok||netfilter hooks by eBPF (Linux 6.4)|intel.com/sriov_netdevice",
		"node-b|arm64|unknown|not ready: cni plugin not initialized|trace by eBPF: drop reasons, routes, processes (Linux 5.8)+which rule a packet met: nft tables with an owner (Linux 5.12)+netfilter hooks by eBPF (Linux 6.4)|",
		"node-w|amd64|no|runs Windows||",
	}
	if !slices.Equal(got, want) {
		t.Errorf("nodes %q, want %q", got, want)
	}
	if s.Image.State != Unknown || !slices.Equal(s.Image.Nodes, []string{"node-a"}) || !strings.HasPrefix(s.Image.Text, "1 of 2 nodes have it") {
		t.Errorf("image %+v", s.Image)
	}
	if !slices.Equal(s.Networks, []string{"Cilium", "Flannel"}) {
		t.Errorf("networks %q", s.Networks)
	}
}

func checkBlind(t *testing.T, s *Survey) {
	t.Helper()
	var got []string
	for _, b := range s.Blind {
		got = append(got, b.What+"|"+b.Where)
		if b.Why == "" || !b.Sure {
			t.Errorf("%+v", b)
		}
	}
	want := []string{
		"Cilium host routing|all nodes of Cilium", "Cilium socket load balancing|all nodes of Cilium", "DPDK|namespace shop: forwarder",
		"IPVS|all nodes", "SR-IOV|pods with such devices on node-a", "gVisor|namespace shop: web", "hostNetwork|namespace shop: exporter",
	}
	if !slices.Equal(got, want) {
		t.Errorf("blind %q, want %q", got, want)
	}
}

// TestLookWithoutRights checks that a survey says what it could not ask, and
// does not claim that nothing is there.
func TestLookWithoutRights(t *testing.T) {
	client := fake.NewClientset(townObjects(t)...)
	client.PrependReactor("*", "*", func(a clienttest.Action) (bool, runtime.Object, error) {
		switch a.GetResource().Resource {
		case "selfsubjectaccessreviews":
			return true, a.(clienttest.CreateAction).GetObject(), nil
		case "", "selfsubjectreviews":
			return false, nil, nil
		}
		return true, nil, apierrors.NewForbidden(schema.GroupResource{Resource: a.GetResource().Resource}, "", errors.New("no rule"))
	})
	s := look(t, client)
	for _, want := range []string{"list nodes", "get namespace shop", "get namespace pktrail", "list pods of namespace shop", "list daemonsets", "get configmap cilium-config", "get configmap kube-proxy", "list runtimeclasses"} {
		if !slices.ContainsFunc(s.Unasked, func(u string) bool { return strings.HasPrefix(u, want) }) {
			t.Errorf("unasked %q lacks %q", s.Unasked, want)
		}
	}
	for _, n := range s.Namespaces {
		if n.Exists != Unknown {
			t.Errorf("%+v", n)
		}
	}
	if s.Image.State != Unknown || len(s.Blind) > 0 {
		t.Errorf("%+v %+v", s.Image, s.Blind)
	}
}

// TestLookCiliumHidden checks that a Cilium whose options may not be read is
// named as a maybe.
func TestLookCiliumHidden(t *testing.T) {
	client := fake.NewClientset(townObjects(t)...)
	client.PrependReactor("get", "configmaps", func(clienttest.Action) (bool, runtime.Object, error) {
		return true, nil, apierrors.NewForbidden(schema.GroupResource{Resource: "configmaps"}, "", errors.New("no rule"))
	})
	s := look(t, client)
	i := slices.IndexFunc(s.Blind, func(b Blind) bool { return b.What == "Cilium" })
	if i < 0 || s.Blind[i].Sure {
		t.Errorf("blind %+v", s.Blind)
	}
}

func TestNamespaceState(t *testing.T) {
	labelled := func(level string) *corev1.Namespace {
		return &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{enforceLabel: level}}}
	}
	gone := apierrors.NewNotFound(schema.GroupResource{Resource: "namespaces"}, "x")
	for name, c := range map[string]struct {
		agents bool
		ns     *corev1.Namespace
		err    error
		text   string
		refuse Method
	}{
		"privileged":        {ns: labelled("privileged"), text: "admits all"},
		"baseline":          {ns: labelled("baseline"), text: "refuses ephemeral", refuse: MethodEphemeral},
		"agents restricted": {agents: true, ns: labelled("restricted"), text: "refuses agents", refuse: MethodNode},
		"unset":             {ns: &corev1.Namespace{}, text: "cluster's default"},
		"target not there":  {err: gone, text: "no such namespace"},
		"hidden":            {err: errors.New("forbidden"), text: "not known"},
	} {
		got := namespaceState("x", c.agents, c.ns, c.err)
		if !strings.Contains(got.Text, c.text) {
			t.Errorf("%s: %+v", name, got)
		}
		for _, m := range Methods() {
			if why, hint := got.refuses(m); (why != "") != (m == c.refuse) || (why != "") != (hint != "") {
				t.Errorf("%s refuses %s: %q", name, m, why)
			}
		}
	}
}

// TestAgentsNamespaceMissing checks that a namespace that is not there is in
// the way only of those who may not make it.
func TestAgentsNamespaceMissing(t *testing.T) {
	for _, may := range []bool{true, false} {
		client := fake.NewClientset()
		client.PrependReactor("create", "selfsubjectaccessreviews", func(a clienttest.Action) (bool, runtime.Object, error) {
			review := a.(clienttest.CreateAction).GetObject().(*authv1.SelfSubjectAccessReview)
			review.Status.Allowed = may || review.Spec.ResourceAttributes.Resource != "namespaces"
			return true, review, nil
		})
		s := look(t, client)
		i := slices.IndexFunc(s.Namespaces, func(n NamespaceState) bool { return n.Agents })
		want := map[bool]State{true: Yes, false: No}[may]
		if s.Namespaces[i].Exists != No || s.Namespaces[i].MayCreate != want || s.Methods[0].State != want {
			t.Errorf("may %v: %+v, %+v", may, s.Namespaces[i], s.Methods[0])
		}
	}
}

func TestLacks(t *testing.T) {
	for version, want := range map[string]int{"6.18.44-fc": 0, "6.4.0": 0, "6.3.9": 1, "5.14.0-503.el9.x86_64": 1, "5.11": 2, "5.4.0-1": 3, "4.18.0-553.el8": 3, "": 0, "odd": 0, "6": 0} {
		if got := lacks(version); len(got) != want {
			t.Errorf("%q lacks %q, want %d", version, got, want)
		}
	}
}

func FuzzKernelNumber(f *testing.F) {
	for _, s := range []string{"6.18.44-1-amd64", "5.14.0-503.el9.x86_64", "6.1-rc3", "", ".", "6", "-1.-2", "99999999999999999999.1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, version string) {
		major, minor, ok := kernelNumber(version)
		if major < 0 || minor < 0 || ok && !strings.HasPrefix(strings.TrimLeft(version, "0"), strings.TrimLeft(strconv.Itoa(major), "0")) {
			t.Errorf("%q: %d.%d, %v", version, major, minor, ok)
		}
	})
}
