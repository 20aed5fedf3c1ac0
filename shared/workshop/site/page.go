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
	Title   string
	Task    string // what the learner does
	Lessons []entry
	Code    code
	Text    template.HTML // the step's README
	Checks  *checklist
	Links   []link
}

// An entry is a step in the list of all steps.
type entry struct {
	Step     int
	Title    string
	URL      string
	Current  bool
	Complete bool // with the learner's own code
	Seen     bool // all checks passed with the original code
}

// A link leads to another page about the step.
type link struct{ URL, Text string }

// A command is a line of the text that sends a request to the api, and the
// response.
type command struct {
	Step    int
	At      int
	ID      string
	Text    string // as a learner types it
	Path    string
	Blocked string // why the line can't be run; empty if it can
	Answer  *shownAnswer
}

// A shownAnswer is a response as the page shows it.
type shownAnswer struct {
	Problem string
	Status  int
	Body    string
	Took    amount
	Code    string // that sent it
	Trees   []tree
	Gone    bool // a trace of the request is no longer stored
}

// show serves GET /workshop/2.
// See decisions/lesson-page-parts.md.
func (s *site) show(r *http.Request, step int) (guest.Page, error) {
	p := page{Step: step, Title: lesson.Title(step), Task: lesson.Task(step), Code: s.code(step)}
	p.Links = links(step, p.Code)
	var err error
	if p.Text, err = s.text(r, p); err != nil {
		return guest.Page{}, err
	}
	if p.Checks, err = s.judged(r, p); err != nil {
		return guest.Page{}, err
	}
	p.Lessons = s.lessons(p)
	main, err := s.render("lesson", p)
	return guest.Page{Title: fmt.Sprintf("Step %d: %s", step, p.Title), Main: main}, err
}

func (s *site) render(name string, data any) (template.HTML, error) {
	var out bytes.Buffer
	if err := s.templates.ExecuteTemplate(&out, name, data); err != nil {
		return "", fmt.Errorf("render %s: %w", name, err)
	}
	return template.HTML(out.String()), nil
}

// markdown returns a writer for the page that r requests.
func (s *site) markdown(r *http.Request, step int) *markdown {
	return &markdown{step: step, agent: r.Host, api: s.Client.API, thinker: s.Thinker}
}

// text returns the step's README, with the responses to its lines.
func (s *site) text(r *http.Request, p page) (template.HTML, error) {
	file := filepath.Join(s.Root, runner.StepName(p.Step), "README.md")
	readme, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return s.render("no-text", runner.StepName(p.Step)+"/README.md")
	} else if err != nil {
		return "", err
	}
	var failed error
	at := 0
	writer := s.markdown(r, p.Step)
	writer.runs = func(path string) bool { return listed(path) && at < mostLines }
	writer.command = func(path, text string) []byte {
		at++
		html, err := s.command(r, p, line{p.Step, at}, path, text)
		failed = errors.Join(failed, err)
		return []byte(html)
	}
	html, err := writer.html(readme)
	return html, errors.Join(failed, err)
}

func (s *site) command(r *http.Request, p page, l line, path, text string) (template.HTML, error) {
	c := command{Step: l.step, At: l.at, ID: l.ID(), Text: text, Path: path, Blocked: p.Code.Blocked(p.Step)}
	if last, there := s.last(l, p.Code.Since); there && (last.Path == path || last.Path == "") {
		c.Answer = &shownAnswer{Problem: last.problem, Status: last.Status, Body: last.Body, Took: duration(last.Took), Code: last.code}
		traces, err := s.read(r.Context(), last.traces)
		if err != nil {
			return "", err
		}
		c.Answer.Trees = s.trees(unmarked(traces))
		c.Answer.Gone = len(traces) < len(last.traces)
	}
	return s.render("command", c)
}

// judged returns the checklist, from the requests to the code that is running now.
func (s *site) judged(r *http.Request, p page) (*checklist, error) {
	var requests []lesson.Request
	if p.Code.Runs() {
		var err error
		if requests, err = s.requests(r.Context(), p.Code.Since); err != nil {
			return nil, err
		}
	}
	write := func(text string) (template.HTML, error) { return s.markdown(r, p.Step).html([]byte(text)) }
	list, err := s.checklist(p.Step, requests, write)
	if err != nil {
		return nil, err
	}
	if last, there := s.last(line{p.Step, 0}, p.Code.Since); there {
		list.Problem = last.problem
	}
	return list, nil
}

// lessons returns all steps, with their progress. It records this step's progress if
// all its checks passed now.
func (s *site) lessons(p page) []entry {
	progress, err := workspace.Progress(s.Root)
	reached := func(step int) int {
		return slices.IndexFunc(progress, func(r workspace.Reached) bool { return r.Step == step })
	}
	own := p.Code.Serving.Dir
	if at := reached(p.Step); p.Checks.Complete() && (at < 0 || progress[at].Given() && own != "") {
		dir := cmp.Or(own, filepath.Join(s.Root, runner.StepName(p.Step)))
		recorded := workspace.Reach(s.Root, workspace.Reached{Step: p.Step, Dir: dir, At: time.Now()})
		progress, err = workspace.Progress(s.Root)
		err = errors.Join(err, recorded)
	}
	if err != nil {
		p.Checks.Problem = strings.Join([]string{p.Checks.Problem, sentence(err)}, " ")
	}
	var all []entry
	for step := 1; step <= runner.Steps; step++ {
		shown := entry{Step: step, Title: lesson.Title(step), URL: address(step, ""), Current: step == p.Step}
		if at := reached(step); at >= 0 {
			shown.Seen, shown.Complete = progress[at].Given(), !progress[at].Given()
		}
		all = append(all, shown)
	}
	return all
}

// links returns links to other pages about the step.
func links(step int, c code) []link {
	name := runner.StepName(step)
	if c.Here {
		name = c.Name
	}
	all := []link{{"/traces?query=version:" + name, "Traces of " + name}}
	if step > 1 {
		before := runner.StepName(step - 1)
		all = append(all, link{"/compare?service=thinker-api&a=" + before + "&b=" + name, "Compare " + before + " with " + name})
	}
	return all
}

// exists reports whether there is a file or directory at a path.
func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
