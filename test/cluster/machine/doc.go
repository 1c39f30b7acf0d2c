// Package machine makes namespaces that look like a machine of their own, for
// programs that expect to have one to themselves: a kubelet, a container engine.
//
// In: a name, a folder and a network namespace. Out: a first process with its own
// /proc, /sys, /run, /tmp, /var, /etc and root of cgroups. What runs, is mounted
// or is written there is seen nowhere else, and ends with the first process; its
// cgroups and its folder are removed by whoever made it. The rest of the file
// system is the real machine's, and so is the kernel.
//
// It must not know what runs on the machine.
package machine
