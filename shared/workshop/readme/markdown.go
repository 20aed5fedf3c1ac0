// Package readme reads the code blocks of Markdown files. Its tests run the shell blocks as a
// reader would, and compare what they print with the output that the files show.
// CONTRIBUTING.md describes how to write such blocks.
package readme

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// A Block is a fenced code block of a Markdown file.
type Block struct {
	File string
	Line int    // of its first line of text
	Lang string // the info string: sh, text, json, …
	Text string

	NotRun    string // why a shell block isn't run, if it isn't
	Go        bool   // it is run with Go
	Docker    bool   // it is run with Docker
	Status    int    // the exit status that a shell block must have
	NotOutput bool   // a text or json block that shows something else
}

// Position returns where the block starts, as file:line.
func (b Block) Position() string { return fmt.Sprintf("%s:%d", b.File, b.Line) }

// IsCommands reports whether the block holds shell commands.
func (b Block) IsCommands() bool { return b.Lang == "sh" }

// IsOutput reports whether the block shows what commands print.
func (b Block) IsOutput() bool { return (b.Lang == "text" || b.Lang == "json") && !b.NotOutput }

var upCommand = regexp.MustCompile(`(^|[\s/])(make|workshop|docker-compose|docker compose)( run .* workshop)? up( |$)`)

// IsUp reports whether the block starts a step that runs until Ctrl-C.
func (b Block) IsUp() bool {
	lines := strings.Split(strings.TrimSpace(b.Text), "\n")
	last := lines[len(lines)-1]
	return b.IsCommands() && upCommand.MatchString(last) && !strings.Contains(last, " -d") &&
		!strings.Contains(last, "--help")
}

var (
	fence   = regexp.MustCompile("^( *)(`{3,}|~{3,}) *([^`]*?) *$")
	comment = regexp.MustCompile(`^ *<!-- *(.*?) *-->$`)
	// A fence that a list or a quotation contains would be overlooked.
	hiddenFence = regexp.MustCompile("^ *([>*+-]|\\d+\\.) +(`{3,}|~{3,})")
)

// Parse returns the fenced blocks of a Markdown file, in order. It refuses a block without a
// language, and an unknown comment before a block.
func Parse(file, text string) ([]Block, error) {
	var blocks []Block
	var open *Block
	var indent, end string
	var comments []string
	for i, line := range strings.Split(text, "\n") {
		found := fence.FindStringSubmatch(line)
		switch {
		case open != nil && found != nil && found[3] == "" && strings.HasPrefix(found[2], end):
			if err := open.annotate(comments); err != nil {
				return nil, fmt.Errorf("%s: %w", open.Position(), err)
			}
			blocks = append(blocks, *open)
			open, comments = nil, nil
		case open != nil:
			open.Text += strings.TrimPrefix(line, indent) + "\n"
		case found != nil:
			open = &Block{File: file, Line: i + 2, Lang: found[3]}
			indent, end = found[1], found[2]
		case hiddenFence.MatchString(line):
			return nil, fmt.Errorf("%s:%d: start the block on a line of its own", file, i+1)
		case comment.MatchString(line):
			comments = append(comments, comment.FindStringSubmatch(line)[1])
		default:
			comments = nil
		}
	}
	if open != nil {
		return nil, fmt.Errorf("%s: the block has no end", open.Position())
	}
	return blocks, nil
}

// annotate sets what the comments before a block say about it.
func (b *Block) annotate(comments []string) error {
	if b.Lang == "" {
		return fmt.Errorf("the block has no language: use text for output, sh for commands")
	}
	b.Go = true
	for _, comment := range comments {
		key, value, _ := strings.Cut(comment, ":")
		status, hasStatus := strings.CutPrefix(comment, "exit status ")
		switch {
		case b.IsCommands() && key == "not run":
			if b.NotRun = strings.TrimSpace(value); b.NotRun == "" {
				return fmt.Errorf("a block that isn't run needs a reason: <!-- not run: … -->")
			}
		case b.IsCommands() && comment == "docker":
			b.Go, b.Docker = false, true
		case b.IsCommands() && comment == "go and docker":
			b.Docker = true
		case b.IsCommands() && hasStatus:
			var err error
			if b.Status, err = strconv.Atoi(status); err != nil || b.Status == 0 {
				return fmt.Errorf("%q is not an exit status of a failure", status)
			}
		case !b.IsCommands() && comment == "not output":
			b.NotOutput = true
		default:
			return fmt.Errorf("unknown comment %q before a block of %s", comment, b.Lang)
		}
	}
	return nil
}
