// Package inventory reads the objects of a cluster from which names come, into
// the words of package netstate: nodes, pods, services with their endpoints,
// network policies.
//
// What comes in: a client. What goes out: a netstate.Cluster. What may not be
// listed in the whole cluster is listed in one namespace, and noted as
// unreadable for the others. It changes nothing, and knows no packets.
package inventory
