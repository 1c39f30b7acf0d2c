package access

// Rights are what a method needs, as data; deploy/rbac.yaml is made of it.
func Rights(m Method) []Right {
	switch m {
	case MethodNode:
		return join(targets(), follow(true), onNodes(), nodes())
	case MethodExec:
		return join(targets(), follow(true), execInto(InTargets, "runs the agent in the container, by SPDY and by WebSocket"), nodes())
	case MethodEphemeral:
		return join(targets(), follow(false), []Right{
			{Verb: "patch", Resource: "pods", Subresource: "ephemeralcontainers", Scope: InTargets, Why: "adds the agent's container to the pod"},
		}, execInto(InTargets, "reads the agent's stream, by SPDY and by WebSocket"), nodes())
	case MethodClean:
		return []Right{
			{Verb: "list", Group: "batch", Resource: "jobs", Scope: InAgents, Why: "finds agents"},
			{Verb: "delete", Group: "batch", Resource: "jobs", Scope: InAgents, Why: "removes agents, those of others too"},
		}
	case MethodDoctor:
		return doctor()
	case MethodNames:
		return names()
	}
	return nil
}

func join(lists ...[]Right) []Right {
	var out []Right
	for _, l := range lists {
		out = append(out, l...)
	}
	return out
}

// targets find what a person names. For a pod by its name, get is enough.
func targets() []Right {
	get := func(group, resource, why string) Right {
		return Right{Verb: "get", Group: group, Resource: resource, Scope: InTargets, Optional: true, Why: why}
	}
	return []Right{
		{Verb: "get", Resource: "pods", Scope: InTargets, Why: "finds a pod by its name, and its node"},
		{Verb: "list", Resource: "pods", Scope: InTargets, Optional: true, Why: "finds the pods of workloads, services and labels, and names like one that does not exist"},
		get("apps", "deployments", "targets deploy/NAME"),
		get("apps", "replicasets", "targets rs/NAME"),
		get("apps", "statefulsets", "targets sts/NAME"),
		get("apps", "daemonsets", "targets ds/NAME"),
		get("batch", "jobs", "targets job/NAME and cronjob/NAME"),
		get("batch", "cronjobs", "targets cronjob/NAME"),
		get("", "services", "targets svc/NAME"),
		{Verb: "list", Group: "discovery.k8s.io", Resource: "endpointslices", Scope: InTargets, Optional: true, Why: "services without a selector, and whether a service leads anywhere"},
	}
}

// follow watches the target's pods; an ephemeral container is waited for by
// it, too.
func follow(optional bool) []Right {
	r := Right{Verb: "watch", Resource: "pods", Scope: InTargets, Optional: optional, Why: "--follow"}
	if !optional {
		r.Why = "waits for the agent's container; --follow"
	}
	return []Right{r}
}

// nodes tell what cannot work before anything is placed.
func nodes() []Right {
	return []Right{
		{Verb: "get", Resource: "nodes", Scope: InCluster, Optional: true, Why: "targets node/NAME; architecture, Windows and serverless nodes before anything is placed"},
		{Verb: "get", Group: "node.k8s.io", Resource: "runtimeclasses", Scope: InCluster, Optional: true, Why: "gVisor and Kata under any name"},
	}
}

// onNodes place agents, in a namespace of their own.
func onNodes() []Right {
	return join([]Right{
		{Verb: "create", Group: "batch", Resource: "jobs", Scope: InAgents, Why: "places an agent on a node"},
		{Verb: "delete", Group: "batch", Resource: "jobs", Scope: InAgents, Why: "removes an agent that never came to run"},
		{Verb: "list", Resource: "pods", Scope: InAgents, Why: "finds an agent of one's own that is there already"},
		{Verb: "watch", Resource: "pods", Scope: InAgents, Why: "waits for the agent, and sees why it does not come"},
		{Verb: "list", Resource: "events", Scope: InAgents, Optional: true, Why: "says why a Job has no pod"},
	}, execInto(InAgents, "reads the agent's stream, by SPDY and by WebSocket: whoever may, reads every pod on the agent's node"))
}

// execInto is create for SPDY (a POST) and get for WebSocket (a GET).
func execInto(s Scope, why string) []Right {
	return []Right{
		{Verb: "create", Resource: "pods", Subresource: "exec", Scope: s, Why: why},
		{Verb: "get", Resource: "pods", Subresource: "exec", Scope: s, Why: why},
	}
}

// doctor reads what says whether things will work. Each is optional: it says
// what it could not ask.
func doctor() []Right {
	ask := func(scope Scope, verb, group, resource, why string, names ...string) Right {
		return Right{Verb: verb, Group: group, Resource: resource, Names: names, Scope: scope, Optional: true, Why: why}
	}
	return []Right{
		ask(InCluster, "list", "", "nodes", "kernels, architectures, runtimes, devices"),
		ask(InCluster, "list", "node.k8s.io", "runtimeclasses", "gVisor and Kata"),
		ask(InTargets, "get", "", "namespaces", "PodSecurity labels"),
		ask(InTargets, "list", "", "pods", "pods on their node's network, in sandboxes, with devices of their own"),
		ask(InAgents, "get", "", "namespaces", "PodSecurity labels"),
		ask(InSystem, "list", "apps", "daemonsets", "Cilium and Calico"),
		ask(InSystem, "get", "", "configmaps", "how Cilium and kube-proxy forward packets", "cilium-config", "kube-proxy"),
	}
}

// names are for readers of traces and files.
func names() []Right {
	ask := func(verb, group, resource, why string) Right {
		return Right{Verb: verb, Group: group, Resource: resource, Scope: InCluster, Optional: true, Why: why}
	}
	return []Right{
		ask("list", "", "pods", "names of pods that are no targets; without, those of the targets' namespaces"),
		ask("list", "", "services", "names of services"),
		ask("list", "discovery.k8s.io", "endpointslices", "names of pods behind services"),
		ask("list", "", "nodes", "names of nodes"),
		ask("list", "networking.k8s.io", "networkpolicies", "a snapshot has the policies"),
	}
}
