// Package bed is a real Kubernetes of two nodes on one machine, built without
// a registry and without downloads of binaries.
//
// In: a CNI layout and a mode of kube-proxy. Out: a Cluster with kubeconfigs,
// which outlives the process that made it, and which Down removes without a
// trace. etcd and the control plane run on the machine itself; a node is a set
// of namespaces (network, mount, UTS, PID) with its own containerd, kubelet and
// kube-proxy, so that /proc, /run, /tmp, /etc, /var and the network look as
// they do on a real one, and killing its first process removes it.
//
// Kubernetes is compiled from the module k8s.io/kubernetes (../k8s) into a cache
// outside of the tree; etcd, containerd, runc and the CNI plugins are those of
// the distribution. The machine's own settings, rules and routes are left alone:
// the switch that joins the nodes is in a network namespace too, and the
// machine is one more port of it.
//
// It must not know pktrail: what is tested is not part of the bed.
package bed
