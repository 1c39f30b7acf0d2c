package netns

import "encoding/json"

// sandboxInfo is what the verbose status of a sandbox says about its network
// namespace.
type sandboxInfo struct {
	// path of the namespace, as the runtime sees the file system.
	path string
	// pid of the sandbox's first process, in the machine's pid namespace.
	pid int
}

// parseInfo reads the entry "info" of PodSandboxStatusResponse.info as
// containerd and cri-o write it. It is made for debugging and no contract:
// whatever is missing or of another form is left out without a word.
func parseInfo(info map[string]string) sandboxInfo {
	var v struct {
		PID         any `json:"pid"`
		RuntimeSpec struct {
			Linux struct {
				Namespaces []struct {
					Type string `json:"type"`
					Path string `json:"path"`
				} `json:"namespaces"`
			} `json:"linux"`
		} `json:"runtimeSpec"`
	}
	// An error leaves what was read before it.
	_ = json.Unmarshal([]byte(info["info"]), &v)
	var out sandboxInfo
	if n, ok := v.PID.(float64); ok && n >= 1 && n <= maxPid {
		out.pid = int(n)
	}
	for _, ns := range v.RuntimeSpec.Linux.Namespaces {
		if ns.Type == "network" && len(ns.Path) > 0 && ns.Path[0] == '/' {
			out.path = ns.Path
		}
	}
	return out
}
