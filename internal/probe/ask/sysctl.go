package ask

import (
	"fmt"
	"path/filepath"
	"strings"
)

// ConfName is the name of a device's setting as sysctl(8) writes it:
// "net.ipv4.conf.eth0.rp_filter". Dots in a device's name become slashes, as
// sysctl has it: "net.ipv4.conf.eth0/100.rp_filter". Device may be "all" or
// "default".
func ConfName(family, device, key string) string {
	return "net." + family + ".conf." + swap.Replace(device) + "." + key
}

// swap exchanges dots and slashes, as sysctl does between names and paths.
var swap = strings.NewReplacer(".", "/", "/", ".")

// sysctlPath is where a setting stands below /proc/sys. Only settings of the
// network belong to a namespace, and only those are read.
func sysctlPath(name string) (string, error) {
	p := swap.Replace(name)
	if !strings.HasPrefix(p, "net/") || filepath.ToSlash(filepath.Clean(p)) != p {
		return "", fmt.Errorf("read setting %q: not the name of a setting of the network", name)
	}
	return p, nil
}
