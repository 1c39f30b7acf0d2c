package find

import (
	"slices"
	"strings"
	"testing"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
)

func TestComplete(t *testing.T) {
	client := cluster(append(shop(t),
		runs("db-agent", labelled("app.kubernetes.io/name=pktrail-agent")),
		object[batchv1.Job](t, `{metadata: {namespace: shop, name: pktrail-1, labels: {app.kubernetes.io/name: pktrail-agent}}}`),
		object[batchv1.Job](t, `{metadata: {namespace: shop, name: pktrail-of-ours, labels: {app.kubernetes.io/name: backup}}}`),
	)...)
	for prefix, want := range map[string]string{
		"db":            "db-0 db-1",
		"de":            "deploy/",
		"deployment":    "deployment/",
		"s":             "svc/ sts/",
		"no":            "node/",
		"deploy/":       "deploy/web",
		"statefulset/d": "statefulset/db",
		"node/node-":    "node/node-a node/node-b",
		"svc/f":         "svc/front",
		"nope/":         "",
		"pod/logs":      "pod/logs-x",
		"pod/db-":       "pod/db-0 pod/db-1",
		"job/pktrail":   "job/pktrail-of-ours",
	} {
		var got []string
		for _, c := range Complete(t.Context(), client, prefix, "shop") {
			got = append(got, c.Target)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%q: %q, want %q", prefix, got, want)
		}
	}
	forbid(client)
	if got := Complete(t.Context(), client, "node/", "shop"); len(got) > 0 {
		t.Errorf("without rights: %v", got)
	}
}

func TestList(t *testing.T) {
	client := cluster(runs("b", in("other")), runs("a"), runs("agent", hostNetwork),
		runs("ours", in("pktrail"), hostNetwork, labelled("app.kubernetes.io/name=pktrail-agent")))
	got, err := List(t.Context(), client, "")
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, c := range got {
		lines = append(lines, c.Namespace+" "+c.Target+" ("+c.About+")")
	}
	want := []string{
		"other pod/b (Running, node-a)", "shop pod/a (Running, node-a)", "shop pod/agent (Running, network of its node, node-a)",
		" node/node-a (amd64)", " node/node-b (amd64)",
	}
	if !slices.Equal(lines, want) {
		t.Errorf("%q, want %q", lines, want)
	}
	forbid(client)
	if _, err := List(t.Context(), client, ""); err == nil {
		t.Error("no error without rights")
	}
}

func TestContainers(t *testing.T) {
	more := func(p *corev1.Pod) {
		p.Spec.Containers = append(p.Spec.Containers, corev1.Container{Name: "proxy", Image: "mesh/proxy"})
		p.Spec.InitContainers = []corev1.Container{{Name: "setup", Image: "shop/setup"}}
	}
	client := cluster(append(shop(t), runs("two", more, labelled("app=two")), runs("starts", more, unscheduled))...)
	for _, c := range []struct {
		q    Query
		want string
	}{
		{Query{Targets: []string{"db-0"}}, "main (shop/db-0)"},
		{Query{Targets: []string{"two"}}, "main (shop/two) proxy (mesh/proxy) setup (init, shop/setup)"},
		{Query{Targets: []string{"pod/starts"}}, "main (shop/starts) proxy (mesh/proxy) setup (init, shop/setup)"},
		{Query{Targets: []string{"deploy/web"}}, "main (shop/web-5d4f-aaaaa)"},
		{Query{Targets: []string{"nope", "db-0", "two"}}, "main (shop/db-0) proxy (mesh/proxy) setup (init, shop/setup)"},
		{Query{Selector: "app=two"}, "main (shop/two) proxy (mesh/proxy) setup (init, shop/setup)"},
		{Query{Targets: []string{"node/node-a"}}, ""},
		{Query{Targets: []string{"a/b/c"}}, ""},
		{Query{}, ""},
	} {
		c.q.Namespace = "shop"
		var got []string
		for _, one := range Containers(t.Context(), client, c.q) {
			got = append(got, one.Target+" ("+one.About+")")
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%+v: %q, want %q", c.q, got, c.want)
		}
	}
	forbid(client)
	if got := Containers(t.Context(), client, Query{Namespace: "shop", Targets: []string{"db-0"}}); len(got) > 0 {
		t.Errorf("without rights: %v", got)
	}
}
