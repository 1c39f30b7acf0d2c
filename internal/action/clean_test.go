package action

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	authn "k8s.io/api/authentication/v1"
	batchv1 "k8s.io/api/batch/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/fake"
	kubetesting "k8s.io/client-go/testing"

	"github.com/pktrail/pktrail/internal/kube"
)

// agentJob is an agent's Job as the cluster has it.
func agentJob(namespace, name, user string, age time.Duration) *batchv1.Job {
	return &batchv1.Job{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: namespace, Name: name, CreationTimestamp: metav1.NewTime(time.Now().Add(-age)),
			Labels:      map[string]string{"app.kubernetes.io/name": "pktrail-agent", "app.kubernetes.io/managed-by": "pktrail"},
			Annotations: map[string]string{"pktrail.io/user": user},
		},
		Spec: batchv1.JobSpec{ActiveDeadlineSeconds: new(int64(600))},
	}
}

// knownAs lets the cluster say who asks.
func knownAs(client *fake.Clientset, user string) {
	client.PrependReactor("create", "selfsubjectreviews", func(kubetesting.Action) (bool, runtime.Object, error) {
		return true, &authn.SelfSubjectReview{Status: authn.SelfSubjectReviewStatus{UserInfo: authn.UserInfo{Username: user}}}, nil
	})
}

// What is one's own and what is past its end goes; what is of others stays,
// unless it is asked for; a dry run touches nothing.
func TestCleanCluster(t *testing.T) {
	for _, tc := range []struct {
		name, user  string
		o           CleanOptions
		cluster     ClusterOptions
		taken, rest []string // names of Jobs that are taken, and that are there afterwards
	}{
		{"own and expired", "ann", CleanOptions{}, ClusterOptions{}, []string{"ann", "old"}, []string{"ann2", "eve"}},
		{"dry run", "ann", CleanOptions{DryRun: true}, ClusterOptions{}, []string{"ann", "old"}, []string{"ann", "ann2", "eve", "old"}},
		{"all", "ann", CleanOptions{All: true}, ClusterOptions{}, []string{"ann", "eve", "old"}, []string{"ann2"}},
		{"another namespace", "ann", CleanOptions{}, ClusterOptions{Namespace: "tools"}, []string{"ann2"}, []string{"ann", "eve", "old"}},
		{"all namespaces", "ann", CleanOptions{}, ClusterOptions{AllNamespaces: true}, []string{"ann", "ann2", "old"}, []string{"eve"}},
		{"everything", "eve", CleanOptions{All: true}, ClusterOptions{AllNamespaces: true}, []string{"ann", "ann2", "eve", "old"}, nil},
		{"unknown user", "", CleanOptions{}, ClusterOptions{}, []string{"old"}, []string{"ann", "ann2", "eve"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			client := fake.NewClientset(agentJob("pktrail", "ann", "ann", time.Minute), agentJob("pktrail", "eve", "eve", time.Minute),
				agentJob("pktrail", "old", "eve", time.Hour), agentJob("tools", "ann2", "ann", time.Minute))
			knownAs(client, tc.user)
			tc.o.Cluster = &tc.cluster
			r, err := cleanCluster(t.Context(), &kube.Cluster{Client: client, Context: "here"}, &tc.o)
			if err != nil {
				t.Fatal(err)
			}
			var taken, rest []string
			for _, a := range r.Agents {
				if a.Taken {
					taken = append(taken, a.Job)
				}
				if a.Removed != (a.Taken && !tc.o.DryRun) {
					t.Errorf("%s: taken %v, removed %v", a.Job, a.Taken, a.Removed)
				}
			}
			jobs, err := client.BatchV1().Jobs("").List(t.Context(), metav1.ListOptions{})
			if err != nil {
				t.Fatal(err)
			}
			for i := range jobs.Items {
				rest = append(rest, jobs.Items[i].Name)
			}
			slices.Sort(taken)
			slices.Sort(rest)
			if !slices.Equal(taken, tc.taken) || !slices.Equal(rest, tc.rest) {
				t.Errorf("taken %v, there is still %v", taken, rest)
			}
			if r.Cluster != "here" || r.Anonymous != (tc.user == "") {
				t.Errorf("%+v", r)
			}
		})
	}
}

// One agent that may not be removed keeps nobody from removing the others, and
// the error names the verb.
func TestCleanRefused(t *testing.T) {
	client := fake.NewClientset(agentJob("pktrail", "one", "ann", time.Minute), agentJob("pktrail", "two", "ann", time.Minute))
	knownAs(client, "ann")
	client.PrependReactor("delete", "jobs", func(a kubetesting.Action) (bool, runtime.Object, error) {
		if name := a.(kubetesting.DeleteAction).GetName(); name == "one" {
			return true, nil, apierrors.NewForbidden(schema.GroupResource{Group: "batch", Resource: "jobs"}, name,
				fmt.Errorf(`User "ann" cannot delete resource "jobs" in API group "batch" in the namespace "pktrail"`))
		}
		return false, nil, nil
	})
	r, err := cleanCluster(t.Context(), &kube.Cluster{Client: client}, &CleanOptions{Cluster: &ClusterOptions{}})
	if err == nil || !strings.Contains(err.Error(), `remove agent pktrail/one: User "ann" cannot delete resource "jobs"`) {
		t.Errorf("the error is %v", err)
	}
	for _, a := range r.Agents {
		if a.Removed != (a.Job == "two") {
			t.Errorf("%s: removed %v", a.Job, a.Removed)
		}
	}
}
