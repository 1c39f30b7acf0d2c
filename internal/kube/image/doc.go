// Package image makes the agent's image out of the agents that pktrail carries:
// one program and nothing else, for every architecture that there is.
//
// What comes in: programs (package agentbin). What goes out: an archive that
// container engines load (Save), or an image in a registry (Push). The same
// agents give the same digest, on any machine and at any time.
//
// It talks to registries only, never to a cluster.
package image
