package traceview

import "strings"

// A stackLine is a line of an error's stack.
type stackLine struct {
	Text  string
	Other bool // it is the language's or a library's, not the service's own
}

// stack tells in a stack, line by line, own code from that of others. It knows
// the stacks of Go, Java, Python, Node.js and Ruby; of others all lines are own.
func stack(text string) (lines []stackLine) {
	text = strings.TrimRight(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
	if text == "" {
		return nil
	}
	all := strings.Split(text, "\n")
	for i, line := range all {
		other := isOthers(line)
		switch {
		// In Go a function stands above the place where it is, in Python code
		// below its own.
		case !strings.HasPrefix(line, "\t") && i+1 < len(all) && strings.HasPrefix(all[i+1], "\t") && strings.Contains(all[i+1], ".go:"):
			other = other || isOthers(all[i+1])
		case i > 0 && (strings.Contains(line, ".go:") || strings.HasPrefix(strings.TrimSpace(all[i-1]), `File "`)):
			other = other || lines[i-1].Other
		}
		lines = append(lines, stackLine{line, other})
	}
	return lines
}

// isOthers tells by its words that a line is of a language or a library.
func isOthers(line string) bool {
	line = strings.TrimSpace(line)
	for _, beginning := range []string{
		"runtime.", "runtime/", "net/http.", "testing.", "reflect.", "database/sql.", "created by net/http", "created by runtime", "created by testing",
		"at java.", "at java.base/", "at javax.", "at jakarta.", "at jdk.", "at sun.", "at com.sun.", "at kotlin.", "at scala.", "at node:", "at process.", "at internal/",
	} {
		if strings.HasPrefix(line, beginning) {
			return true
		}
	}
	for _, part := range []string{
		"/go/src/", "/pkg/mod/", "/vendor/", "/site-packages/", "/dist-packages/", "/lib/python", `File "<frozen`, "/node_modules/", "(node:", "(internal/", "/gems/", "/lib/ruby/",
	} {
		if strings.Contains(line, part) {
			return true
		}
	}
	return false
}
