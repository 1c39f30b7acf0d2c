// Package kube is the way to a cluster: who we are there, and what its answers
// mean.
//
// What comes in: kubectl's own flags, as a clientcmd loader makes them
// (genericclioptions.ConfigFlags). What goes out: a Cluster with its client,
// and errors that say in one line what was refused and which permission would
// help. Below it: find/ turns targets into pods and nodes, access/ knows which
// rights each way needs, place/ brings an agent to where packets are, carry/
// brings its stream back, image/ makes the agent's image.
//
// The rooms know no packets, no file and no screen.
package kube
