package owner

import "strings"

// Of says who made a rule and for what; "" if that is not known. Comment may
// be empty.
func Of(table, chain, comment string) string {
	for _, of := range [...]func(table, chain, comment string) string{
		ofKubernetes, ofKubeNFT, ofCalico, ofCNI, ofContainers, ofHost, ofComment,
	} {
		if who := of(table, chain, comment); who != "" {
			return who
		}
	}
	return ""
}

// entry is the beginning of a chain's name (or all of it, with a $ at the end)
// and what it says. A %s stands for what must follow in the name.
type entry struct{ name, words string }

// Program is the program's name alone, of what Of returned.
func Program(words string) string {
	name, _, _ := strings.Cut(words, ":")
	return name
}

// Comment is what a rule's comments, joined by ", ", tell people: Calico's
// hash is left out where words follow it.
func Comment(comment string) string {
	if words := plain(comment); words != "" {
		return words
	}
	return comment
}

// match looks a chain up in a table of names; the first that fits counts.
func match(entries []entry, chain string) string {
	for _, e := range entries {
		if whole, ok := strings.CutSuffix(e.name, "$"); ok {
			if chain == whole {
				return e.words
			}
			continue
		}
		if rest, ok := strings.CutPrefix(chain, e.name); ok && (rest != "" || !strings.Contains(e.words, "%s")) {
			return strings.Replace(e.words, "%s", rest, 1)
		}
	}
	return ""
}

// ofComment knows programs that put rules into chains of others.
func ofComment(_, _, comment string) string {
	switch {
	case strings.HasPrefix(comment, "cali:"):
		return join("Calico", plain(comment))
	case strings.HasPrefix(comment, "kubernetes "):
		return join("kube-proxy", strings.TrimPrefix(comment, "kubernetes "))
	case strings.HasPrefix(comment, "cilium-feeder:"), strings.HasPrefix(comment, "cilium:"):
		return "Cilium"
	case strings.HasPrefix(comment, "flanneld "):
		return join("flannel", strings.TrimPrefix(comment, "flanneld "))
	case strings.HasPrefix(comment, "Antrea: "):
		return join("Antrea", strings.TrimPrefix(comment, "Antrea: "))
	case strings.HasPrefix(comment, "kube-router "):
		return join("kube-router", strings.TrimPrefix(comment, "kube-router "))
	case strings.HasPrefix(comment, "pktrail"):
		return "pktrail"
	}
	return ""
}

func join(who, what string) string {
	if what == "" {
		return who
	}
	return who + ": " + what
}
