package find

import (
	"slices"
)

// Way is how an agent gets to the packets, by the names of --method.
type Way string

// The ways in.
const (
	WayNode      Way = "node"      // an agent on the pod's node
	WayExec      Way = "exec"      // a program in the running container
	WayEphemeral Way = "ephemeral" // one more container in the pod
)

// Arches are those that there are agents for, as Go names them.
func Arches() []string { return []string{"amd64", "arm64", "arm"} }

// Refuse says why a way in cannot work for a pod, by what the cluster says of
// it and its node (nil if unknown), before anything is placed. A nil error
// promises nothing: that there is a shell is only known by trying.
func (p *Pod) Refuse(n *Node, w Way) error {
	if p.OS == "windows" {
		return refuse(Windows, p.Target, windowsTip, "pod %s is a Windows pod", p)
	}
	if n != nil {
		if err := n.refuse(w, p); err != nil {
			return err
		}
	}
	if p.Sandbox == SandboxGVisor && w != WayNode {
		return refuse(GVisor, p.Target, "--method node captures outside of the sandbox",
			"pod %s runs in gVisor, whose own kernel has neither the packet ring nor the socket filters that an agent needs", p)
	}
	if w == WayExec {
		return p.refuseExec()
	}
	return nil
}

// Refuse says why no agent can be placed on a node.
func (n *Node) Refuse() error { return n.refuse(WayNode, nil) }

const windowsTip = "agents are for Linux; on Windows: pktmon, or Wireshark with Npcap"

// refuse judges a node for a pod on it; nil is the node itself.
func (n *Node) refuse(w Way, p *Pod) error {
	what, target := "node "+n.Name, "node/"+n.Name
	if p != nil {
		what, target = "node "+n.Name+" of pod "+p.Name, p.Target
	}
	switch {
	case !n.Known:
		return nil
	case n.OS == "windows":
		return refuse(Windows, target, windowsTip, "%s runs Windows", what)
	case n.Virtual == "KWOK":
		return refuse(Serverless, target, "", "%s is only pretended (KWOK): nothing runs there", what)
	case n.Virtual != "" && p == nil:
		return refuse(Serverless, target, "name a pod, with --method exec", "%s is no machine but a serverless service (%s)", what, n.Virtual)
	case n.Virtual != "" && w == WayNode:
		return refuse(Serverless, target, "--method exec captures inside of the container, if it runs as root and has a shell",
			"%s is no machine but a serverless service (%s): no agent can be placed there", what, n.Virtual)
	case n.Virtual != "" && n.Virtual != "Fargate" && w == WayEphemeral:
		return refuse(Serverless, target, "--method exec", "%s is a serverless service (%s), which starts no ephemeral containers", what, n.Virtual)
	case n.Arch != "" && !slices.Contains(Arches(), n.Arch):
		return refuse(NoArch, target, "", "%s is of architecture %s; there are agents for %s", what, n.Arch, several(Arches(), "and"))
	case n.Away:
		return refuse(NodeAway, target, "nothing can be started there until the node is back; kubectl describe node "+n.Name,
			"%s does not answer: %s", what, n.State)
	}
	return nil
}

// refuseExec says why no program can be started in the container that is
// meant.
func (p *Pod) refuseExec() error {
	c := p.Main()
	const tip = "--method node needs nothing in the pod"
	switch {
	case p.Sidecar() != nil:
		return nil // an agent is there already
	case c == nil:
		return refuse(NoContainer, p.Target, "", "pod %s has no container %q", p, p.Container)
	case !c.Running:
		return refuse(NoContainer, p.Target, tip, "container %s of pod %s does not run: %s", c.Name, p, c.Why)
	case c.User != nil && *c.User != 0, c.User == nil && c.NonRoot:
		return refuse(NoRoot, p.Target, tip, "container %s of pod %s does not run as root, and packet sockets are root's", c.Name, p)
	case c.Holds("NET_RAW") == "no":
		return refuse(NoRaw, p.Target, tip, "container %s of pod %s has no capability NET_RAW, which packet sockets need", c.Name, p)
	case c.ReadOnly && len(c.Folders) == 0:
		return refuse(NoRoom, p.Target, tip, "container %s of pod %s has a read-only file system: nowhere to put the agent", c.Name, p)
	}
	return nil
}

// Remarks say what will not be seen of a pod that can be captured all the
// same.
func (p *Pod) Remarks(n *Node, w Way) []string {
	var out []string
	switch {
	case p.Sandbox == SandboxGVisor:
		out = append(out, p.Name+" runs in gVisor: packets are seen outside of the sandbox, at its eth0; its loopback, sockets and rules are not visible here")
	case p.Sandbox == SandboxKata && w == WayNode:
		out = append(out, p.Name+" runs in a virtual machine (Kata): packets are seen at its door; its loopback, sockets and rules are not visible here")
	case p.Sandbox == SandboxKata:
		out = append(out, p.Name+" runs in a virtual machine (Kata): what is seen is seen inside of it")
	}
	for _, d := range p.Devices {
		out = append(out, p.Name+" "+d+" may pass the kernel by: its packets are not visible here")
	}
	if n != nil && n.Known && !n.Ready && !n.Away {
		out = append(out, "node "+n.Name+" is not ready: "+n.State)
	}
	return out
}
