package bed

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"
)

// api asks the API server as admin, and the nodes' health ports. The bed has no
// need for more than a few words of the API.
type api struct{ client *http.Client }

func (c *Cluster) api() (*api, error) {
	pair, err := tls.LoadX509KeyPair(c.dirs.pki("admin.crt"), c.dirs.pki("admin.key"))
	if err != nil {
		return nil, fmt.Errorf("ask API server: %w", err)
	}
	ca, err := os.ReadFile(c.dirs.pki("ca.crt"))
	if err != nil {
		return nil, fmt.Errorf("ask API server: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(ca) {
		return nil, errors.New("ask API server: no certificate in ca.crt")
	}
	return &api{client: &http.Client{
		Timeout: 5 * time.Second,
		Transport: &http.Transport{ // no proxy: the cluster is on this machine
			TLSClientConfig:   &tls.Config{RootCAs: roots, Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12},
			ForceAttemptHTTP2: true,
		},
	}}, nil
}

func (a *api) close() { a.client.CloseIdleConnections() }

// do sends a request and reads the answer into out, if there is one. Any status
// but 200 is an error.
func (a *api) do(ctx context.Context, method, url string, body []byte, out any) error {
	req, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("ask %s: %w", url, err)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/merge-patch+json")
	}
	resp, err := a.client.Do(req)
	if err != nil {
		return fmt.Errorf("ask: %w", err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return fmt.Errorf("ask %s: %w", url, err)
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("ask %s: %s: %s", url, resp.Status, tail(b, 300))
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(b, out); err != nil {
		return fmt.Errorf("ask %s: %w", url, err)
	}
	return nil
}

// readyNodes gives for each node that is ready when it last said so, to the
// second.
func (a *api) readyNodes(ctx context.Context) (map[string]time.Time, error) {
	var list struct {
		Items []struct {
			Metadata struct{ Name string }
			Status   struct {
				Conditions []struct {
					Type, Status      string
					LastHeartbeatTime time.Time
				}
			}
		}
	}
	if err := a.do(ctx, http.MethodGet, APIServer+"/api/v1/nodes", nil, &list); err != nil {
		return nil, err
	}
	ready := map[string]time.Time{}
	for _, n := range list.Items {
		for _, cond := range n.Status.Conditions {
			if cond.Type == "Ready" && cond.Status == "True" {
				ready[n.Metadata.Name] = cond.LastHeartbeatTime
			}
		}
	}
	return ready, nil
}
