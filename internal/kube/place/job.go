package place

import (
	"fmt"
	"math/rand/v2"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/pktrail/pktrail/internal/kube"
)

// keepFinished is how long the cluster keeps a Job that has ended: enough for
// its pod's exit to be read.
const keepFinished = 5 // seconds

// agentProgram is where the agent is in its image, runFolder where it keeps
// the socket that its sessions are attached by.
const (
	agentProgram = "/pktrail-agent"
	runFolder    = "/run/pktrail"
)

// capabilities are what an agent needs on a node, and nothing beyond: entering
// namespaces (SYS_ADMIN, SYS_PTRACE), packet sockets and nft tables (NET_RAW,
// NET_ADMIN), tracing programs (BPF, PERFMON), the kernel's symbols and log
// (SYSLOG). It is not privileged.
var capabilities = [...]corev1.Capability{"SYS_ADMIN", "NET_ADMIN", "NET_RAW", "SYS_PTRACE", "BPF", "PERFMON", "SYSLOG"}

// jobFor is the agent's Job on a node. A Job and no bare pod: a pod past its
// deadline stays as a failed object, a Job goes by itself.
//
// Its name is its own even among those of one invocation: an agent that has
// ended keeps its name for a while.
func jobFor(node string, o *Options) *batchv1.Job {
	name := fmt.Sprintf("pktrail-%s-%08x", o.ID, rand.Uint32())
	labels := map[string]string{
		kube.LabelName: kube.AgentName, labelManaged: manager, labelJob: name,
		labelID: o.ID, labelUser: hash(o.User), labelNode: hash(node),
	}
	notes := map[string]string{noteUser: o.User, noteTargets: o.Targets, noteFilter: o.Filter, noteVersion: o.Version}
	return &batchv1.Job{
		ObjectMeta: metav1.ObjectMeta{
			Name: name, Namespace: o.namespace(), Labels: labels, Annotations: notes,
		},
		Spec: batchv1.JobSpec{
			BackoffLimit:            new(int32), // an agent that fails is not started again
			TTLSecondsAfterFinished: new(int32(keepFinished)),
			ActiveDeadlineSeconds:   o.deadline(),
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels, Annotations: notes},
				Spec:       podSpec(node, o),
			},
		},
	}
}

// deadline is the agent's life in seconds.
func (o *Options) deadline() *int64 {
	return new(int64(max(o.Lifetime, time.Minute).Round(time.Second) / time.Second))
}

func podSpec(node string, o *Options) corev1.PodSpec {
	spec := corev1.PodSpec{
		// Named here and not left to the scheduler: it is this node or none.
		NodeName:      node,
		Tolerations:   []corev1.Toleration{{Operator: corev1.TolerationOpExists}},
		HostPID:       true,
		HostNetwork:   true,
		DNSPolicy:     corev1.DNSDefault,
		RestartPolicy: corev1.RestartPolicyNever,
		// The node itself ends it, also while nobody reaches the API server.
		ActiveDeadlineSeconds: o.deadline(),

		AutomountServiceAccountToken:  new(bool), // it asks the API server nothing
		EnableServiceLinks:            new(bool),
		TerminationGracePeriodSeconds: new(int64(2)),
		Volumes: []corev1.Volume{{Name: "run", VolumeSource: corev1.VolumeSource{
			EmptyDir: &corev1.EmptyDirVolumeSource{Medium: corev1.StorageMediumMemory, SizeLimit: new(resource.MustParse("1Mi"))},
		}}},
		Containers: []corev1.Container{{
			Name: "agent", Image: o.Image, ImagePullPolicy: o.pullPolicy(),
			Command:      []string{agentProgram},
			Args:         []string{"serve"},
			VolumeMounts: []corev1.VolumeMount{{Name: "run", MountPath: runFolder}},
			// No limit of CPU: a throttled agent misses packets. Memory: some
			// 30 MiB and what BPF maps are charged.
			Resources: corev1.ResourceRequirements{
				Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("10m"), corev1.ResourceMemory: resource.MustParse("32Mi")},
				Limits:   corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("512Mi")},
			},
			SecurityContext: &corev1.SecurityContext{
				RunAsUser:              new(int64), // root: the runtime's socket is root's
				RunAsNonRoot:           new(bool),
				Privileged:             new(bool),
				ReadOnlyRootFilesystem: new(true),
				Capabilities:           &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}, Add: capabilities[:]},
				SeccompProfile:         &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
				// AppArmor's default profile refuses reading /proc of other
				// processes; SELinux's container type refuses the runtime's socket.
				AppArmorProfile: &corev1.AppArmorProfile{Type: corev1.AppArmorProfileTypeUnconfined},
				SELinuxOptions:  &corev1.SELinuxOptions{Type: "spc_t"},
			},
		}},
	}
	if o.PullSecret != "" {
		spec.ImagePullSecrets = []corev1.LocalObjectReference{{Name: o.PullSecret}}
	}
	return spec
}

// labels that make a namespace admit the agent: PodSecurity refuses hostPID
// otherwise (https://kubernetes.io/docs/concepts/security/pod-security-standards/).
func namespaceFor(name string) *corev1.Namespace {
	return &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{
		labelManaged:                         manager,
		"pod-security.kubernetes.io/enforce": "privileged",
		"pod-security.kubernetes.io/warn":    "privileged",
		"pod-security.kubernetes.io/audit":   "privileged",
	}}}
}
