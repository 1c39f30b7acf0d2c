package bed

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"text/template"
)

// What the machines want that this was proven on: cgroup v1, and no
// CAP_SYS_RESOURCE even for root. Elsewhere it does no harm.
const (
	containerdConfig = `version = 2
root = "/var/lib/containerd"
state = "/run/containerd"
oom_score = 0
[grpc]
  address = "{{.Socket}}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{{.Pause}}"
  restrict_oom_score_adj = true
  disable_hugetlb_controller = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "/etc/cni/net.d"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
`
	kubeletConfig = `apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
authentication:
  anonymous: {enabled: false}
  webhook: {enabled: true}
  x509: {clientCAFile: {{.PKI}}/ca.crt}
authorization: {mode: Webhook}
tlsCertFile: {{.PKI}}/{{.Node.Name}}.crt
tlsPrivateKeyFile: {{.PKI}}/{{.Node.Name}}.key
containerRuntimeEndpoint: unix://{{.Socket}}
cgroupDriver: cgroupfs
failCgroupV1: false
failSwapOn: false
featureGates: {KubeletInUserNamespace: true}
enforceNodeAllocatable: []
evictionHard: {nodefs.available: "1%", imagefs.available: "1%", memory.available: "50Mi"}
imageGCHighThresholdPercent: 99
localStorageCapacityIsolation: false
volumePluginDir: /var/lib/kubelet/volumeplugins
resolvConf: /etc/resolv.conf
clusterDNS: []
maxPods: 60
`
	flannelConfig = `{"cniVersion": "0.3.1", "name": "cbr0", "plugins": [
  {"type": "bridge", "bridge": "cni0", "isDefaultGateway": true, "hairpinMode": true, "mtu": 1450, "ipMasq": false,
   "ipam": {"type": "host-local", "ranges": [[{"subnet": "{{.Node.Pods}}"}]], "routes": [{"dst": "{{.PodNet}}"}]}},
  {"type": "portmap", "capabilities": {"portMappings": true}}]}
`
	ptpConfig = `{"cniVersion": "0.3.1", "name": "ptp", "plugins": [
  {"type": "ptp", "mtu": 1500, "ipMasq": false,
   "ipam": {"type": "host-local", "ranges": [[{"subnet": "{{.Node.Pods}}"}]], "routes": [{"dst": "0.0.0.0/0"}]}},
  {"type": "portmap", "capabilities": {"portMappings": true}}]}
`
	// Nobody answers there, and says so at once.
	resolvConf = "nameserver " + gatewayIP + "\n"
	hosts      = "127.0.0.1 localhost\n{{.Node.IP}} {{.Node.Name}}\n"
)

// nodeFiles writes a node's configuration to the usual places; /etc and /var
// are the node's own here.
func (c *Cluster) nodeFiles(n Node) error {
	cni, name := flannelConfig, "10-flannel.conflist"
	if c.CNI == PTP {
		cni, name = ptpConfig, "10-ptp.conflist"
	}
	values := map[string]any{
		"Node": n, "Socket": criSocket, "Pause": PauseImage, "PKI": c.dirs.pki(""), "PodNet": podNet,
		"Machine": fmt.Sprintf("%032x", n.Index), // machine-id(5)
	}
	for path, text := range map[string]string{
		"/etc/containerd/config.toml":  containerdConfig,
		"/etc/kubernetes/kubelet.yaml": kubeletConfig,
		"/etc/cni/net.d/" + name:       cni,
		"/etc/resolv.conf":             resolvConf,
		"/etc/hosts":                   hosts,
		"/etc/hostname":                "{{.Node.Name}}\n",
		"/etc/machine-id":              "{{.Machine}}\n",
	} {
		t, err := template.New(path).Parse(text)
		if err != nil {
			return fmt.Errorf("write %s: %w", path, err)
		}
		var b bytes.Buffer
		if err := t.Execute(&b, values); err != nil {
			return fmt.Errorf("write %s: %w", path, err)
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return fmt.Errorf("write %s: %w", path, err)
		}
		if err := os.Remove(path); err != nil && !os.IsNotExist(err) { // it may be a link to somewhere else
			return fmt.Errorf("write %s: %w", path, err)
		}
		if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
			return fmt.Errorf("write %s: %w", path, err)
		}
	}
	return nil
}
