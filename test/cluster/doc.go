// Command cluster makes a real Kubernetes of two nodes on this machine (package
// bed), for tests and for trying things.
//
//	go run ./test/cluster up [--cni flannel|ptp] [--proxy-mode iptables|nftables]
//	eval "$(go run ./test/cluster env)"; kubectl get nodes
//	go run ./test/cluster down
//
// `go run ./test/cluster help` lists the rest. It needs root and what
// `sh test/deps.sh cluster` installs.
package main
