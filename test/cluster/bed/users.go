package bed

import (
	"bytes"
	"crypto/x509/pkix"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"text/template"
)

// userName is a name that is good for a file, too.
var userName = regexp.MustCompile(`^[a-z0-9]([a-z0-9.-]{0,60}[a-z0-9])?$`)

// kubeconfig names no namespace, as one from a cloud does.
var kubeconfig = template.Must(template.New("kubeconfig").Parse(`apiVersion: v1
kind: Config
clusters:
- name: pktrail-test
  cluster:
    server: {{.Server}}
    certificate-authority-data: {{.CA}}
users:
- name: {{.User}}
  user:
    client-certificate-data: {{.Cert}}
    client-key-data: {{.Key}}
contexts:
- name: pktrail-test
  context:
    cluster: pktrail-test
    user: {{.User}}
current-context: pktrail-test
`))

// User makes a kubeconfig for a user with a client certificate and returns its
// path. A new user may do nothing that is not granted to the name or to one
// of the groups. Asked again, it makes a new certificate in place of the old.
func (c *Cluster) User(name string, groups ...string) (string, error) {
	if !userName.MatchString(name) {
		return "", fmt.Errorf("make user: %q is no name of small letters, digits, dots and hyphens", name)
	}
	a, err := loadAuthority(c.dirs)
	if err != nil {
		return "", err
	}
	return a.user(c.dirs, filepath.Join("users", name), pkix.Name{CommonName: name, Organization: groups})
}

// Kubeconfig is the path of the kubeconfig that may do everything.
func (c *Cluster) Kubeconfig() string { return c.dirs.kubeconfig("admin") }

// user issues a certificate and writes the kubeconfig that has it inside.
func (a *authority) user(d Dirs, name string, subject pkix.Name, hosts ...string) (string, error) {
	if err := a.issue(d.pki(name), subject, hosts...); err != nil {
		return "", err
	}
	fields := map[string]string{"Server": APIServer, "User": filepath.Base(name)}
	for field, file := range map[string]string{"CA": "ca.crt", "Cert": name + ".crt", "Key": name + ".key"} {
		b, err := os.ReadFile(d.pki(file))
		if err != nil {
			return "", fmt.Errorf("write kubeconfig: %w", err)
		}
		fields[field] = base64.StdEncoding.EncodeToString(b)
	}
	var b bytes.Buffer
	if err := kubeconfig.Execute(&b, fields); err != nil {
		return "", fmt.Errorf("write kubeconfig: %w", err)
	}
	path := d.kubeconfig(name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return "", fmt.Errorf("write kubeconfig: %w", err)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		return "", fmt.Errorf("write kubeconfig: %w", err)
	}
	return path, nil
}

// writeKeys makes everything that one cluster's parts know each other by.
func writeKeys(d Dirs, list []Node) error {
	a, err := newAuthority(d)
	if err != nil {
		return err
	}
	if err := writeServiceAccountKey(d); err != nil {
		return err
	}
	err = a.issue(d.pki("apiserver"), pkix.Name{CommonName: "kube-apiserver"},
		HostIP, "127.0.0.1", serviceIP, "localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc")
	if err != nil {
		return err
	}
	masters := []string{"system:masters"}
	if err := a.issue(d.pki("kubelet-client"), pkix.Name{CommonName: "kube-apiserver-kubelet-client", Organization: masters}); err != nil {
		return err
	}
	users := map[string]pkix.Name{
		"admin":              {CommonName: "admin", Organization: masters},
		"controller-manager": {CommonName: "system:kube-controller-manager"},
		"scheduler":          {CommonName: "system:kube-scheduler"},
		"proxy":              {CommonName: "system:kube-proxy"},
	}
	for name, subject := range users {
		if _, err := a.user(d, name, subject); err != nil {
			return err
		}
	}
	for _, n := range list {
		subject := pkix.Name{CommonName: "system:node:" + n.Name, Organization: []string{"system:nodes"}}
		if _, err := a.user(d, n.Name, subject, n.Name, n.IP.String()); err != nil {
			return err
		}
	}
	return nil
}
