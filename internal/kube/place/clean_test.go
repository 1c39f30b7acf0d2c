package place

import (
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"

	"github.com/pktrail/pktrail/internal/kube"
)

// placed is the Job of an agent, as Node makes it, of a given age.
func placed(namespace, id, user string, age time.Duration) *batchv1.Job {
	j := jobFor("node1", &Options{Namespace: namespace, ID: id, User: user, Targets: "shop/web", Lifetime: 10 * time.Minute})
	j.CreationTimestamp = metav1.NewTime(time.Now().Add(-age))
	return j
}

// All agents of a namespace are found, and nothing else; of each it is known
// whose it is and whether it should have gone.
func TestAgents(t *testing.T) {
	stranger := &batchv1.Job{ObjectMeta: metav1.ObjectMeta{Name: "backup", Namespace: DefaultNamespace}}
	ended := placed("", "4", "eve", time.Minute)
	ended.Status.CompletionTime = new(metav1.NewTime(time.Now().Add(-45 * time.Second)))
	leaving := placed("", "5", "eve", time.Minute)
	leaving.DeletionTimestamp = new(metav1.Now())
	client := fake.NewClientset(stranger, placed("", "1", "ann", time.Minute), placed("", "2", "eve", time.Hour),
		placed("", "3", "", 5*time.Minute), ended, leaving, placed("tools", "6", "ann", 3*time.Minute))
	c := &kube.Cluster{Client: client}
	type row struct {
		id           string
		own, expired bool
	}
	for _, tc := range []struct {
		name, namespace, user string
		want                  []row
	}{
		{"one's own", "", "ann", []row{{"2", false, true}, {"3", false, false}, {"1", true, false}, {"4", false, true}}},
		{"nobody's", "", "", []row{{"2", false, true}, {"3", false, false}, {"1", false, false}, {"4", false, true}}},
		{"another namespace", "tools", "ann", []row{{"6", true, false}}},
		{"all namespaces", AllNamespaces, "eve", []row{{"2", true, true}, {"3", false, false}, {"6", false, false}, {"1", false, false}, {"4", true, true}}},
		{"no such namespace", "none", "ann", nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			list, err := Agents(t.Context(), c, tc.namespace, tc.user)
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]Left{}
			for i, l := range list {
				got[l.Job[len("pktrail-"):len("pktrail-")+1]] = l
				if i > 0 && l.Started.Before(list[i-1].Started) {
					t.Errorf("%s is older than the one before it", l.Job)
				}
				if l.Targets != "shop/web" {
					t.Errorf("%s is for %q", l.Job, l.Targets)
				}
			}
			if len(list) != len(tc.want) {
				t.Errorf("%d agents, not %d: %+v", len(list), len(tc.want), list)
			}
			for _, w := range tc.want {
				if l, ok := got[w.id]; !ok || l.Own != w.own || l.Expired != w.expired {
					t.Errorf("agent %s: found %v, own %v, expired %v", w.id, ok, l.Own, l.Expired)
				}
			}
		})
	}
}

// A removed agent is gone, and one that is gone already is no error.
func TestRemoveAgent(t *testing.T) {
	c := &kube.Cluster{Client: fake.NewClientset(placed("", "1", "ann", time.Minute))}
	list, err := Agents(t.Context(), c, "", "ann")
	if err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	for range 2 {
		if err := list[0].Remove(t.Context(), c); err != nil {
			t.Error(err)
		}
	}
	if list, err := Agents(t.Context(), c, "", "ann"); err != nil || len(list) != 0 {
		t.Error(list, err)
	}
}
