package find

import (
	"errors"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// shop is a cluster with one of each kind that a target may be.
func shop(t *testing.T) []runtime.Object {
	t.Helper()
	return []runtime.Object{
		deployment("web", 2),
		runs("web-5d4f-aaaaa", labelled("app=web", "pod-template-hash=5d4f"), owned("ReplicaSet/web-5d4f")),
		runs("web-77c9-bbbbb", labelled("app=web", "pod-template-hash=77c9"), owned("ReplicaSet/web-77c9"), on("node-b")),
		runs("web-load", labelled("app=web"), owned("Job/web-load")),
		object[appsv1.ReplicaSet](t, `{metadata: {namespace: shop, name: web-77c9}, spec: {selector: {matchLabels: {app: web}}}}`),
		object[appsv1.StatefulSet](t, `{metadata: {namespace: shop, name: db}, spec: {selector: {matchLabels: {app: db}}}}`),
		runs("db-1", labelled("app=db", "tier=data"), owned("StatefulSet/db"), on("node-b")),
		runs("db-0", labelled("app=db", "tier=data"), owned("StatefulSet/db")),
		object[appsv1.DaemonSet](t, `{metadata: {namespace: shop, name: logs}, spec: {selector: {matchLabels: {app: logs}}}}`),
		runs("logs-x", labelled("app=logs"), owned("DaemonSet/logs")),
		object[batchv1.Job](t, `{metadata: {namespace: shop, name: report-1, uid: uid-report-1, ownerReferences: [{apiVersion: batch/v1, kind: CronJob, name: report, uid: u, controller: true}]},
			spec: {selector: {matchLabels: {job-name: report-1}}, template: {spec: {containers: []}}}}`),
		object[batchv1.CronJob](t, `{metadata: {namespace: shop, name: report}, spec: {schedule: "0 3 * * *", jobTemplate: {spec: {template: {spec: {containers: []}}}}}}`),
		runs("report-1-x", labelled("job-name=report-1"), owned("Job/report-1")),
		runs("other-1-x", labelled("job-name=other-1"), owned("Job/other-1")),
		object[corev1.Service](t, `{metadata: {namespace: shop, name: front}, spec: {selector: {app: web}, clusterIPs: [10.96.0.9], ports: [{name: http, port: 80, targetPort: 8080, protocol: TCP, nodePort: 30080}]}}`),
		object[discoveryv1.EndpointSlice](t, `{metadata: {namespace: shop, name: front-x, labels: {kubernetes.io/service-name: front}}, addressType: IPv4,
			ports: [{name: http, port: 8080}],
			endpoints: [{addresses: [10.244.1.14], nodeName: node-a, targetRef: {kind: Pod, name: web-5d4f-aaaaa}}, {addresses: [10.244.2.14], conditions: {ready: false}}]}`),
		object[corev1.Service](t, `{metadata: {namespace: shop, name: legacy}, spec: {clusterIPs: [10.96.0.10]}}`),
		object[discoveryv1.EndpointSlice](t, `{metadata: {namespace: shop, name: legacy-x, labels: {kubernetes.io/service-name: legacy}}, addressType: IPv4,
			endpoints: [{addresses: [10.244.1.4], targetRef: {kind: Pod, name: db-0}}]}`),
	}
}

func TestTargets(t *testing.T) {
	client := cluster(shop(t)...)
	for _, c := range []struct {
		q     Query
		pods  string
		nodes string
	}{
		{Query{Targets: []string{"db-0"}}, "db-0", "node-a"},
		{Query{Targets: []string{"pod/db-0"}}, "db-0", "node-a"},
		{Query{Targets: []string{"pods/db-0", "po/db-0", "db-0"}}, "db-0", "node-a"},
		{Query{Targets: []string{"db-1", "db-0"}}, "db-1 db-0", "node-b node-a"},
		{Query{Targets: []string{"deploy/web"}}, "web-5d4f-aaaaa web-77c9-bbbbb", "node-a node-b"},
		{Query{Targets: []string{"deployments.apps/web", "Deployment/web"}}, "web-5d4f-aaaaa web-77c9-bbbbb", "node-a node-b"},
		{Query{Targets: []string{"rs/web-77c9"}}, "web-77c9-bbbbb", "node-b"},
		{Query{Targets: []string{"sts/db"}}, "db-0 db-1", "node-a node-b"},
		{Query{Targets: []string{"sts/db", "db-1"}}, "db-0 db-1", "node-a node-b"},
		{Query{Targets: []string{"ds/logs"}}, "logs-x", "node-a"},
		{Query{Targets: []string{"job/report-1"}}, "report-1-x", "node-a"},
		{Query{Targets: []string{"cronjob/report"}}, "report-1-x", "node-a"},
		{Query{Targets: []string{"svc/front"}}, "web-5d4f-aaaaa web-77c9-bbbbb web-load", "node-a node-b"},
		{Query{Targets: []string{"svc/legacy"}}, "db-0", "node-a"},
		{Query{Targets: []string{"node/node-b"}}, "", "node-b"},
		{Query{Targets: []string{"node/node-b", "db-1"}}, "db-1", "node-b"},
		{Query{Selector: "app=db"}, "db-0 db-1", "node-a node-b"},
		{Query{Selector: "app in (db,logs),tier!=data"}, "logs-x", "node-a"},
		{Query{Selector: "app=db", AllNamespaces: true, Namespace: "other"}, "db-0 db-1", "node-a node-b"},
		{Query{Targets: []string{"ns/shop"}, Namespace: "other"}, "db-0 db-1 logs-x other-1-x report-1-x web-5d4f-aaaaa web-77c9-bbbbb web-load", "node-a node-b"},
	} {
		if c.q.Namespace == "" {
			c.q.Namespace = "shop"
		}
		got, err := Targets(t.Context(), client, c.q)
		if err != nil {
			t.Errorf("%+v: %v", c.q, err)
			continue
		}
		var nodes []string
		for _, n := range got.Nodes {
			if !n.Known || n.Arch != "amd64" {
				t.Errorf("%+v: node %+v was not read", c.q, n)
			}
			nodes = append(nodes, n.Name)
		}
		if names(got.Pods) != c.pods || strings.Join(nodes, " ") != c.nodes {
			t.Errorf("%+v: pods %q on %q, want %q on %q", c.q, names(got.Pods), nodes, c.pods, c.nodes)
		}
		if len(got.Notes) > 0 {
			t.Errorf("%+v: notes %q", c.q, got.Notes)
		}
	}
}

func TestServices(t *testing.T) {
	got, err := Targets(t.Context(), cluster(shop(t)...), Query{Namespace: "shop", Targets: []string{"svc/front"}})
	if err != nil {
		t.Fatal(err)
	}
	s := got.Services[0]
	if s.Name != "front" || s.IPs[0].String() != "10.96.0.9" || s.Ports[0].Port != 80 || s.Ports[0].NodePort != 30080 || s.Ports[0].To != "8080" {
		t.Errorf("service %+v", s)
	}
	if !s.Asked || len(s.Endpoints) != 2 || s.Endpoints[0].Pod != "web-5d4f-aaaaa" || s.Endpoints[0].Node != "node-a" ||
		!s.Endpoints[0].Ready || s.Endpoints[0].Ports["http"] != 8080 || s.Endpoints[1].Ready {
		t.Errorf("endpoints %+v", s.Endpoints)
	}
}

// TestRefused checks each target that cannot be had: its reason, its words and
// what helps.
func TestRefused(t *testing.T) {
	objects := append(shop(t),
		deployment("idle", 0),
		runs("waits", unscheduled),
		runs("pulls", phase(corev1.PodPending, ""), func(p *corev1.Pod) {
			p.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: "main", State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "ImagePullBackOff", Message: "Back-off pulling image."}}}}
		}),
		runs("done", phase(corev1.PodSucceeded, "")),
		runs("evicted", phase(corev1.PodFailed, "Evicted: The node was low on memory.")),
		runs("nosandbox", phase(corev1.PodPending, "")),
		object[corev1.Event](t, `{metadata: {namespace: shop, name: e1}, involvedObject: {kind: Pod, name: nosandbox}, type: Warning, reason: FailedCreatePodSandBox, message: "plugin type=\"bridge\" failed: no IP addresses available"}`),
		runs("api", in("prod")),
		runs("agent", hostNetwork, func(p *corev1.Pod) {
			p.Spec.Containers[0].Ports = []corev1.ContainerPort{{ContainerPort: 9100}}
		}),
		object[corev1.Service](t, `{metadata: {namespace: shop, name: alias}, spec: {type: ExternalName, externalName: db.example.com}}`),
		object[corev1.Service](t, `{metadata: {namespace: shop, name: nowhere}, spec: {}}`),
		object[corev1.Service](t, `{metadata: {namespace: shop, name: lonely}, spec: {selector: {app: none}}}`),
		object[batchv1.CronJob](t, `{metadata: {namespace: shop, name: night}, spec: {schedule: "0 3 * * *", jobTemplate: {spec: {template: {spec: {containers: []}}}}}}`),
	)
	client := cluster(objects...)
	for _, c := range []struct {
		q         Query
		reason    Reason
		text, tip string
	}{
		{Query{}, BadTarget, "no target", "-l SELECTOR"},
		{Query{Targets: []string{"pod/"}}, BadTarget, "names no pod", "pod/NAME"},
		{Query{Targets: []string{"a/b/c"}}, BadTarget, "more than one /", ""},
		{Query{Targets: []string{"deplyo/web"}}, BadTarget, `no kind "deplyo"`, "did you mean deploy/web?"},
		{Query{Targets: []string{"prod/api"}}, BadTarget, `no kind "prod"`, "-n prod api"},
		{Query{Targets: []string{"pod/Web"}}, BadTarget, `"Web" cannot be the name`, "pod/web"},
		{Query{Targets: []string{"a"}, Selector: "b"}, BadTarget, "-l b beside a", ""},
		{Query{Targets: []string{"a"}, AllNamespaces: true}, BadTarget, "-A beside a", "-n"},
		{Query{Selector: "app in (web"}, BadTarget, "selector", "-l app=web"},
		{Query{Targets: []string{"web"}}, NotFound, "there is no pod web in namespace shop", "there is deploy/web; did you mean web-5d4f-aaaaa, web-77c9-bbbbb or web-load?"},
		{Query{Targets: []string{"db-2"}}, NotFound, "there is no pod db-2", "did you mean db-0 or db-1?"},
		{Query{Targets: []string{"api"}}, NotFound, "there is no pod api", "-n prod"},
		{Query{Targets: []string{"deploy/wbe"}}, NotFound, "there is no deployment wbe", "did you mean web?"},
		{Query{Targets: []string{"node/node-c"}}, NotFound, "there is no node node-c", "node-a or node-b"},
		{Query{Targets: []string{"web"}, Namespace: "shpo"}, NotFound, "there is no namespace shpo", "did you mean shop?"},
		{Query{Targets: []string{"ns/shpo"}}, NotFound, "there is no namespace shpo", "did you mean shop?"},
		{Query{Targets: []string{"zebra"}}, NotFound, "there is no pod zebra", "kubectl -n shop get pods"},
		{Query{Targets: []string{"waits"}}, NotRunning, "pod waits in namespace shop is Pending: not scheduled: 0/2 nodes are available: 2 Insufficient memory", "--follow"},
		{Query{Targets: []string{"pulls"}}, NotRunning, "is Pending: container main: ImagePullBackOff: Back-off pulling image", "--follow"},
		{Query{Targets: []string{"nosandbox"}}, NotRunning, "FailedCreatePodSandBox: plugin type=\"bridge\" failed: no IP addresses available", "--follow"},
		{Query{Targets: []string{"done"}}, NotRunning, "has completed", "gone with it"},
		{Query{Targets: []string{"evicted"}}, NotRunning, "has failed: Evicted: The node was low on memory", ""},
		{Query{Targets: []string{"deploy/idle"}}, NoPods, "it is scaled to 0", "scale deploy/idle"},
		{Query{Targets: []string{"cronjob/night"}}, NoPods, `its schedule is "0 3 * * *"`, "--follow"},
		{Query{Targets: []string{"svc/alias"}}, NoEndpoints, "only another name for db.example.com", "host db.example.com"},
		{Query{Targets: []string{"svc/nowhere"}}, NoEndpoints, "leads nowhere", ""},
		{Query{Targets: []string{"svc/lonely"}}, NoPods, "its selector is app=none", "--show-labels"},
		{Query{Selector: "app=none"}, NoPods, "selector app=none in namespace shop has no pods", ""},
		{Query{Targets: []string{"agent"}}, HostNetwork, "agent uses the network of its node", "-f 'port 9100'; or name the node: node/node-a"},
		{Query{Selector: "app=web", MaxPods: 2}, TooMany, "3 pods, more than 2", "--max-targets 3"},
		{Query{Selector: "app=web", MaxNodes: 1}, TooMany, "2 nodes, more than 1", "--max-targets"},
		{Query{Targets: []string{"db-0"}, Container: "mian"}, NoContainer, `no container "mian"`, "its containers: main"},
	} {
		if c.q.Namespace == "" {
			c.q.Namespace = "shop"
		}
		_, err := Targets(t.Context(), client, c.q)
		e, ok := errors.AsType[*Error](err)
		if !ok {
			t.Errorf("%+v: %v (%T)", c.q, err, err)
			continue
		}
		if e.Reason != c.reason || !strings.Contains(e.Text, c.text) || !strings.Contains(e.Tip, c.tip) {
			t.Errorf("%+v: %s: %s\n  hint: %s\nwant %s: %s\n  hint: %s", c.q, e.Reason, e.Text, e.Tip, c.reason, c.text, c.tip)
		}
	}
}
