package text

import "strings"

// Check is one question about a machine and its answer.
type Check struct {
	State, Name, Detail, Hint string
}

// lineWidth is what all output keeps to, in columns; a terminal may be
// narrower (Style.Width).
const lineWidth = 100

// Checks is a table of answers, each hint below its own.
func Checks(checks []Check) string {
	rows := make([][]string, len(checks))
	for i, c := range checks {
		rows[i] = []string{c.State, c.Name, c.Detail}
	}
	lines := strings.Split(strings.TrimSuffix(Columns(rows), "\n"), "\n")
	var b strings.Builder
	for i, c := range checks {
		b.WriteString(strings.TrimRight(lines[i], " ") + "\n")
		if c.Hint != "" && c.State != "ok" {
			for _, l := range wrap(c.Hint, lineWidth-len(hintIndent)) {
				b.WriteString(hintIndent + l + "\n")
			}
		}
	}
	return b.String()
}

const hintIndent = "         "

// wrap breaks a text between words.
func wrap(s string, width int) []string {
	var lines []string
	line := ""
	for w := range strings.FieldsSeq(s) {
		if line != "" && len(line)+1+len(w) > width {
			lines = append(lines, line)
			line = ""
		}
		if line != "" {
			line += " "
		}
		line += w
	}
	return append(lines, line)
}
