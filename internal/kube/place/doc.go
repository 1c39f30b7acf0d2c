// Package place brings pktrail-agent to where packets are, and takes it away
// again.
//
// What comes in: a pod or a node. What goes out: a Runner, which runs commands
// of the agent that is there now ("attach ID 0"), over the API server's exec.
// There are three ways: a Job on the node (Node), an upload into a running
// container (Exec), an ephemeral container (Ephemeral). What each will create
// can be said before (Plan); what cannot work is refused before anything is
// placed.
//
// Nothing has to be taken away for an agent to go: a node's agent ends with
// its last session and its Job is removed by the cluster 5 s later
// (ttlSecondsAfterFinished), an uploaded one unlinks itself at its start.
// Clean finds what is there all the same.
//
// It knows no packets and no stream: carry/ does the talking.
package place
