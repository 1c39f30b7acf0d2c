package cli

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/pktrail/pktrail/internal/action"
)

// noChoice is the target of those who name it themselves: Wireshark takes no
// empty value of a selector.
const noChoice = "-"

// extcapInterfaces lists our interface. Nothing is asked for it: Wireshark
// does this at each start.
func extcapInterfaces() string {
	return sentence("extcap", "version", version, "help", "https://github.com/pktrail/pktrail", "display", "pktrail") +
		sentence("interface", "value", extcapName, "display", "Kubernetes pods, containers, namespaces")
}

// sentence is a line of extcap's grammar.
func sentence(what string, pairs ...string) string {
	var b strings.Builder
	b.WriteString(what + " ")
	for i := 0; i+1 < len(pairs); i += 2 {
		fmt.Fprintf(&b, "{%s=%s}", pairs[i], plainValue(pairs[i+1]))
	}
	return b.String() + "\n"
}

// plainValue keeps a value within its braces.
func plainValue(s string) string {
	return strings.Map(func(r rune) rune {
		switch r {
		case '{', '}':
			return ' '
		}
		return r
	}, oneLine(s))
}

// argument is one line of the dialog.
type argument struct {
	flag, display, tooltip, kind string
	more                         []string // further pairs
	values                       []argumentValue
}

type argumentValue struct{ value, display string }

// arguments are the dialog. The list of pods is asked for by its button.
func (e *extcapFlags) arguments() string {
	const packets, cluster, limits = "Packets", "Cluster", "Limits"
	list := []argument{
		{"target", "Target", "Reload data lists pods and nodes, of the namespace and context under Cluster", "selector", []string{"required", "true", "reload", "true", "group", packets}, targetValues(action.LocalChoices())},
		{"more", "More targets", "deploy/web, svc/web, node/NAME, netns:NAME, pid:N, container:ID; several with blanks between", "string", []string{"group", packets}, nil},
		{"filter", "Filter", "an expression of pcap-filter(7), as in tcpdump", "string", []string{"group", packets}, nil},
		{"points", "Where", "points on the way from the target to the wire", "selector", []string{"group", packets}, []argumentValue{
			{"pod", "in the pod"}, {"pod,host", "in the pod, and at the node's end"}, {"path", "every point up to the wire"},
		}},
		{"interface", "Interface", "in the target's namespace; empty is all of them", "string", []string{"group", packets}, nil},
		{"headers-only", "Headers only: payload stays on its node", "", "boolflag", []string{"group", packets}, nil},
		{"namespace", "Namespace", "empty is that of the context", "string", []string{"group", cluster}, nil},
		{"context", "Context", "of the kubeconfig; Reload data lists them", "selector", []string{"reload", "true", "group", cluster}, []argumentValue{{"", "the current one"}}},
		{"kubeconfig", "kubeconfig", "empty is KUBECONFIG, or ~/.kube/config", "fileselect", []string{"mustexist", "true", "group", cluster}, nil},
		{"method", "Way in", "an agent on the node, or a program uploaded into the container", "selector", []string{"group", cluster}, []argumentValue{
			{"auto", "node, else exec"}, {"node", "node"}, {"exec", "exec"}, {"ephemeral", "ephemeral container"},
		}},
		{"image", "Agent image", "empty is the default", "string", []string{"group", cluster}, nil},
		{"agent-namespace", "Namespace of agents", "empty is pktrail", "string", []string{"group", cluster}, nil},
		{"duration", "End after", "10m, 1h; 0 lifts the limit", "string", []string{"default", e.duration.String(), "group", limits}, nil},
		{"max-bytes", "Bytes per target", "512M, 1G; 0 lifts the limit", "string", []string{"default", e.maxBytes.String(), "group", limits}, nil},
	}
	var b strings.Builder
	for i, a := range list {
		pairs := []string{"number", strconv.Itoa(i), "call", "--" + a.flag, "display", a.display, "type", a.kind}
		if a.tooltip != "" {
			pairs = append(pairs, "tooltip", a.tooltip)
		}
		b.WriteString(sentence("arg", append(pairs, a.more...)...))
		writeValues(&b, i, a.values)
	}
	return b.String()
}

func writeValues(b *strings.Builder, number int, values []argumentValue) {
	for i, v := range values {
		b.WriteString(sentence("value", "arg", strconv.Itoa(number), "value", v.value, "display", v.display, "default", strconv.FormatBool(i == 0)))
	}
}

// Numbers of the arguments that have a button of their own.
const (
	argTarget  = 0
	argContext = 7
)

// values lists the values of one argument anew: the button beside it was
// pressed. What goes wrong stands in the list, the only place that there is.
func (e *extcapFlags) values(ctx context.Context) string {
	var b strings.Builder
	o := e.cluster.finish()
	switch strings.TrimLeft(e.reload, "-") {
	case "target":
		list, err := action.Choices(ctx, o, *e.cluster.config.Namespace)
		values := targetValues(list)
		if err != nil {
			values = append(values, argumentValue{noChoice, "no pods, " + err.Error()})
		}
		writeValues(&b, argTarget, values)
	case "context":
		values := []argumentValue{{"", "the current one"}}
		names, err := action.Contexts(o)
		for _, n := range names {
			values = append(values, argumentValue{n, n})
		}
		if err != nil {
			values = append(values, argumentValue{"", err.Error()})
		}
		writeValues(&b, argContext, values)
	}
	return b.String()
}

// targetValues are choices as values.
func targetValues(list []action.Choice) []argumentValue {
	values := []argumentValue{{noChoice, "as named below"}}
	for _, c := range list {
		display := c.Target
		if c.Namespace != "" {
			display = c.Namespace + "/" + strings.TrimPrefix(c.Target, "pod/")
		}
		if c.About != "" {
			display += " (" + c.About + ")"
		}
		values = append(values, argumentValue{choiceValue(c), display})
	}
	return values
}

// choiceValue is a choice as one value: with -n, as it would be typed.
func choiceValue(c action.Choice) string {
	if c.Namespace == "" {
		return c.Target
	}
	return "-n " + c.Namespace + " " + c.Target
}

// parseChoice reads what choiceValue has written, or a target alone.
func parseChoice(value string) (namespace, target string) {
	words := strings.Fields(value)
	if len(words) == 3 && words[0] == "-n" {
		return words[1], words[2]
	}
	if len(words) != 1 || words[0] == noChoice {
		return "", ""
	}
	return "", words[0]
}
