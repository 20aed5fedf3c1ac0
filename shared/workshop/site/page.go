package site

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"thinker/shared/apm/guest"
	"thinker/shared/workshop/lesson"
	"thinker/shared/workshop/runner"
	"thinker/shared/workshop/workspace"
)

// A page is a step's page.
type page struct {
	Step    int
	Lessons []entry
	Code    code
	Text    template.HTML // the step's README
	Checks  *checklist
}

// Title returns the step's title.
func (p *page) Title() string { return lesson.Title(p.Step) }

// Task returns what the learner does.
func (p *page) Task() string { return lesson.Task(p.Step) }

// Requests returns the paths of the step's requests.
func (p *page) Requests() []string { return lesson.Requests(p.Step) }

// An entry is a step in the list of all steps.
type entry struct {
	Step     int
	Complete bool // with the learner's own code
	Seen     bool // all checks passed with the original code
}

// Title returns the step's title.
func (e entry) Title() string { return lesson.Title(e.Step) }

// A link leads to another page about the step.
type link struct{ URL, Text string }

// A command is a line of the text that sends a request to the api, and the
// response.
type command struct {
	line
	Text    string // as a learner types it
	Path    string
	Blocked string // why the line can't be run; empty if it can
	Answer  *answer
	Trees   []tree
	Gone    bool // a trace of the request is no longer stored
}

// show serves GET /workshop/2.
// See decisions/lesson-page-parts.md.
func (s *site) show(r *http.Request, step int) (guest.Page, error) {
	v := view{s, r, &page{Step: step, Code: s.code(step)}}
	if err := errors.Join(v.addText(), v.addChecks()); err != nil {
		return guest.Page{}, err
	}
	v.addLessons()
	main, err := s.render("lesson", v.page)
	return guest.Page{Title: fmt.Sprintf("Step %d: %s", step, v.page.Title()), Main: main}, err
}

func (s *site) render(name string, data any) (template.HTML, error) {
	var out bytes.Buffer
	if err := s.templates.ExecuteTemplate(&out, name, data); err != nil {
		return "", fmt.Errorf("render %s: %w", name, err)
	}
	return template.HTML(out.String()), nil
}

// A view is a step's page while it is prepared for a request.
type view struct {
	*site
	r    *http.Request
	page *page
}

// markdown returns a writer for the page.
func (v view) markdown() *markdown {
	return &markdown{step: v.page.Step, agent: v.r.Host, api: v.Client.API, thinker: v.Thinker}
}

// addText adds the step's README, with the responses to its lines.
func (v view) addText() error {
	name := runner.StepName(v.page.Step) + "/README.md"
	readme, err := os.ReadFile(filepath.Join(v.Root, filepath.FromSlash(name)))
	if errors.Is(err, fs.ErrNotExist) {
		v.page.Text, err = v.render("no-text", name)
		return err
	} else if err != nil {
		return err
	}
	var failed error
	at := 0
	writer := v.markdown()
	writer.runs = func(path string) bool { return isStepRequest(path) && at < mostLines }
	writer.command = func(path, text string) []byte {
		at++
		html, err := v.command(line{v.page.Step, at}, path, text)
		failed = errors.Join(failed, err)
		return []byte(html)
	}
	v.page.Text, err = writer.html(readme)
	return errors.Join(failed, err)
}

func (v view) command(l line, path, text string) (template.HTML, error) {
	c := command{line: l, Text: text, Path: path, Blocked: v.page.Code.Blocked(v.page.Step)}
	if last, there := v.sender.last(l, v.page.Code.Since); there && (last.Path == path || last.Path == "") {
		traces, err := v.read(v.r.Context(), last.traces)
		if err != nil {
			return "", err
		}
		c.Answer, c.Trees = &last, trees(v.Palette, unmarked(traces))
		c.Gone = len(traces) < len(last.traces)
	}
	return v.render("command", c)
}

// addChecks adds the checklist, from the requests to the code that is running now.
func (v view) addChecks() (err error) {
	var requests []lesson.Request
	if v.page.Code.Runs() {
		if requests, err = v.requests(v.r.Context(), v.page.Code.Since); err != nil {
			return err
		}
	}
	if v.page.Checks, err = v.checklist(requests); err != nil {
		return err
	}
	if last, there := v.sender.last(line{v.page.Step, 0}, v.page.Code.Since); there {
		v.page.Checks.Problem = last.Problem
	}
	return nil
}

// addLessons adds all steps, with their progress. It records this step's progress if
// all its checks passed now.
func (v view) addLessons() {
	p := v.page
	progress, err := workspace.Progress(v.Root)
	reached := func(step int) int {
		return slices.IndexFunc(progress, func(r workspace.Reached) bool { return r.Step == step })
	}
	own := p.Code.Serving.Dir
	if at := reached(p.Step); p.Checks.Complete() && (at < 0 || progress[at].Given() && own != "") {
		dir := cmp.Or(own, filepath.Join(v.Root, runner.StepName(p.Step)))
		recorded := workspace.Reach(v.Root, workspace.Reached{Step: p.Step, Dir: dir, At: time.Now()})
		progress, err = workspace.Progress(v.Root)
		err = errors.Join(err, recorded)
	}
	if err != nil {
		p.Checks.Problem = strings.Join([]string{p.Checks.Problem, sentence(err)}, " ")
	}
	for step := 1; step <= runner.Steps; step++ {
		shown := entry{Step: step}
		if at := reached(step); at >= 0 {
			shown.Seen, shown.Complete = progress[at].Given(), !progress[at].Given()
		}
		p.Lessons = append(p.Lessons, shown)
	}
}

// Links returns links to other pages about the step.
func (p *page) Links() []link {
	name, step := runner.StepName(p.Step), p.Step
	if p.Code.Here() {
		name = p.Code.Name()
	}
	all := []link{{"/traces?query=version:" + name, "Traces of " + name}}
	if step > 1 {
		before := runner.StepName(step - 1)
		all = append(all, link{"/compare?service=thinker-api&a=" + before + "&b=" + name,
			"Compare " + before + " with " + name})
	}
	return all
}
