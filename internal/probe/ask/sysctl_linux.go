//go:build !pktrail_lite

package ask

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/pktrail/pktrail/internal/trail"
)

// Settings reads sysctls as they are in the namespace, e.g.
// "net.ipv4.ip_forward"; ConfName makes the names of those that devices have.
// Names that this kernel or namespace does not have come back in missing: a
// module is not loaded, a device is gone, or the setting belongs to the first
// namespace alone.
func (a *Asker) Settings(names ...string) (set []trail.Setting, missing []string, err error) {
	paths := make([]string, len(names))
	for i, name := range names {
		if paths[i], err = sysctlPath(name); err != nil {
			return nil, nil, err
		}
	}
	err = a.Do(func() error {
		// /proc/sys/net shows the namespace of the thread that opens it.
		for i, path := range paths {
			b, err := os.ReadFile(filepath.Join(a.proc, "sys", path))
			switch {
			case errors.Is(err, fs.ErrNotExist):
				missing = append(missing, names[i])
			case err != nil:
				return fmt.Errorf("read setting %s: %w", names[i], err)
			default:
				value := strings.Join(strings.Fields(string(b)), " ")
				set = append(set, trail.Setting{Name: names[i], Value: value})
			}
		}
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	return set, missing, nil
}
