package find

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// TestAgents checks that agents, which other sessions have placed, are in
// nobody's way: they are taken where they are named, and not otherwise.
func TestAgents(t *testing.T) {
	ours := []func(*corev1.Pod){hostNetwork, labelled("app.kubernetes.io/name=pktrail-agent", "app=db"), owned("Job/pktrail-1")}
	client := cluster(append(shop(t),
		runs("pktrail-1-x", ours...), runs("pktrail-2-x", append(ours, in("pktrail"))...),
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "pktrail"}},
	)...)
	const all = "db-0 db-1 logs-x other-1-x report-1-x web-5d4f-aaaaa web-77c9-bbbbb web-load"
	for _, c := range []struct {
		q    Query
		pods string
	}{
		{Query{AllNamespaces: true}, all},
		{Query{Targets: []string{"ns/shop"}}, all},
		{Query{Selector: "app=db"}, "db-0 db-1"},
		{Query{Selector: "app in (db,logs)", AllNamespaces: true}, "db-0 db-1 logs-x"},
		{Query{Selector: "app.kubernetes.io/name=pktrail-agent", AllNamespaces: true, HasFilter: true}, "pktrail-2-x pktrail-1-x"},
		{Query{Selector: "app.kubernetes.io/name in (pktrail-agent)", HasFilter: true}, "pktrail-1-x"},
		{Query{Targets: []string{"pktrail-1-x"}, HasFilter: true}, "pktrail-1-x"},
	} {
		c.q.Namespace = "shop"
		got, err := Targets(t.Context(), client, c.q)
		if err != nil {
			t.Errorf("%+v: %v", c.q, err)
			continue
		}
		if names(got.Pods) != c.pods || len(got.Notes) > 0 {
			t.Errorf("%+v: pods %q, notes %q, want %q", c.q, names(got.Pods), got.Notes, c.pods)
		}
	}
	for _, q := range []Query{{Targets: []string{"pktrail-1-x"}, Namespace: "shop"}, {Targets: []string{"ns/pktrail"}}} {
		if _, err := Targets(t.Context(), client, q); err == nil {
			t.Errorf("%+v: no error", q)
		}
	}
}

// TestWatchWithoutAgents checks that agents of later sessions are not followed.
func TestWatchWithoutAgents(t *testing.T) {
	s := newServer(web(1))
	q := Query{Namespace: "shop", Selector: "app=web", Follow: true}
	found, err := Targets(t.Context(), s, q)
	if err != nil {
		t.Fatal(err)
	}
	watching(t, s, q, *found)
	<-s.watches
	if got := s.asked[0].LabelSelector; got != "app=web,app.kubernetes.io/name!=pktrail-agent" {
		t.Errorf("watched by %q", got)
	}
}
