package bed

import (
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"net"
	"os"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// A server and a client with the authority's certificates know each other, and
// the client is who its kubeconfig says.
func TestKeys(t *testing.T) {
	d := Dirs{Cache: t.TempDir(), Run: t.TempDir()}
	if err := writeKeys(d, nodes()); err != nil {
		t.Fatal(err)
	}
	c := &Cluster{dirs: d}
	path, err := c.User("alice", "team-a", "team-b")
	if err != nil {
		t.Fatal(err)
	}
	client, ca := readKubeconfig(t, path)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(ca)
	server, err := tls.LoadX509KeyPair(d.pki("apiserver.crt"), d.pki("apiserver.key"))
	if err != nil {
		t.Fatal(err)
	}
	subject := handshake(t,
		&tls.Config{Certificates: []tls.Certificate{server}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: roots},
		&tls.Config{Certificates: []tls.Certificate{client}, RootCAs: roots, ServerName: HostIP})
	if subject.CommonName != "alice" || !slices.Equal(subject.Organization, []string{"team-a", "team-b"}) {
		t.Errorf("the client is %v", subject)
	}
	for _, name := range []string{"", "Alice", "../admin", "a/b", strings.Repeat("a", 80)} {
		if _, err := c.User(name); err == nil {
			t.Errorf("a user called %q", name)
		}
	}
}

func readKubeconfig(t *testing.T, path string) (client tls.Certificate, ca []byte) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var k struct {
		Clusters []struct{ Cluster map[string]string }
		Users    []struct{ User map[string]string }
	}
	if err := yaml.Unmarshal(b, &k); err != nil {
		t.Fatal(err)
	}
	var parts [3][]byte
	for i, s := range []string{
		k.Clusters[0].Cluster["certificate-authority-data"],
		k.Users[0].User["client-certificate-data"], k.Users[0].User["client-key-data"],
	} {
		if parts[i], err = base64.StdEncoding.DecodeString(s); err != nil {
			t.Fatal(err)
		}
	}
	client, err = tls.X509KeyPair(parts[1], parts[2])
	if err != nil {
		t.Fatal(err)
	}
	return client, parts[0]
}

// handshake returns whom the server takes the client for.
func handshake(t *testing.T, server, client *tls.Config) pkix.Name {
	t.Helper()
	a, b := net.Pipe()
	s, c := tls.Server(a, server), tls.Client(b, client)
	failed := make(chan error, 1)
	go func() { failed <- c.HandshakeContext(t.Context()) }()
	if err := s.HandshakeContext(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-failed; err != nil {
		t.Fatal(err)
	}
	return s.ConnectionState().PeerCertificates[0].Subject
}
