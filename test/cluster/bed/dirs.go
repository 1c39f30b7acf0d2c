package bed

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// Dirs are the places outside of the tree where a cluster lives.
type Dirs struct {
	// Cache keeps what is built; it survives Down.
	Cache string
	// Run has one cluster's keys, data and logs; Down removes it.
	Run string
}

// cacheVariable names the cache where it is not the user's.
const cacheVariable = "PKTRAIL_CLUSTER_DIR"

// DefaultDirs are below $PKTRAIL_CLUSTER_DIR, else below pktrail-cluster in the
// user's cache.
func DefaultDirs() (Dirs, error) {
	base := os.Getenv(cacheVariable)
	if base == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return Dirs{}, fmt.Errorf("find cache: %w", err)
		}
		base = filepath.Join(cache, "pktrail-cluster")
	}
	base, err := filepath.Abs(base)
	if err != nil {
		return Dirs{}, fmt.Errorf("find cache: %w", err)
	}
	for _, hidden := range []string{"/tmp/", "/run/", "/var/", "/etc/"} {
		if strings.HasPrefix(base, hidden) {
			return Dirs{}, fmt.Errorf("use %s: nodes have a %s of their own; set %s to another place", base, hidden, cacheVariable)
		}
	}
	return Dirs{Cache: base, Run: filepath.Join(base, "run")}, nil
}

// Bin has the binaries of Kubernetes.
func (d Dirs) Bin() string {
	name := "k8s-" + KubernetesVersion
	if runtime.GOARCH != "amd64" {
		name += "-" + runtime.GOARCH
	}
	return filepath.Join(d.Cache, name)
}

// Logs has a file for each process.
func (d Dirs) Logs() string { return filepath.Join(d.Run, "log") }

func (d Dirs) images() string          { return filepath.Join(d.Cache, "images") }
func (d Dirs) pki(name string) string  { return filepath.Join(d.Run, "pki", name) }
func (d Dirs) node(name string) string { return filepath.Join(d.Run, name) }
func (d Dirs) state() string           { return filepath.Join(d.Run, "cluster.json") }
func (d Dirs) log(name string) string  { return filepath.Join(d.Logs(), name+".log") }
func (d Dirs) kubeconfig(name string) string {
	return filepath.Join(d.Run, name+".kubeconfig")
}
