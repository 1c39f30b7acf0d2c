// Package access knows what a person may do on a cluster, and what will work
// there.
//
// What comes in: a client, a way in, the namespaces of targets. What goes out:
// the rights that each way needs as data (Rights), those that are missing in
// words (Check), and a Survey of the cluster: versions, rights, PodSecurity,
// nodes, and what no capture can see there, with the reasons. deploy/rbac.yaml
// is the same data as roles.
//
// It changes nothing, places nothing, and knows no flags and no screen.
package access
