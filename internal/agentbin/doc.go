// Package agentbin has the agents that pktrail carries: programs for Linux,
// packed and embedded, so that a cluster needs no other source of them.
//
// `make agents` puts them into bin/ before pktrail is built. In a fresh clone
// there are none: then pktrail's own program serves as the agent of its own
// system and architecture, which it does when it is called pktrail-agent (see
// internal/cli/agent.go), if it is linked statically, as `make build` does it.
//
// It is bytes only: the package starts nothing and writes nothing.
package agentbin
