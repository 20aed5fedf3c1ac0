package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"thinker/shared/workshop/client"
	"thinker/shared/workshop/keys"
	"thinker/shared/workshop/runner"
	"thinker/shared/workshop/terminal"
)

// A screen shows a running workshop to a learner, and runs the commands of their keys.
type screen struct {
	out      *terminal.Terminal
	root     string
	own      runner.Target // the code that up was started with
	workshop *runner.Workshop
	client   *client.Client
	keys     <-chan string // nil without a terminal

	building building
	began    time.Time    // when the build did
	told     runner.State // printed last
	ended    runner.State // the last one that was healthy or failed
	greeted  bool         // a version has been healthy

	doing    sync.WaitGroup // commands of keys that are running
	faults   chan error     // the first fault of such a command
	checking atomic.Bool
}

func newScreen(out *terminal.Terminal, root string, target runner.Target) *screen {
	return &screen{
		out: out, root: root, own: target, building: building{out: out}, began: time.Now(), faults: make(chan error, 1),
		told: runner.State{Target: target, Phase: runner.Building},
	}
}

// show prints the workshop's changes and traces until ctx is done or the learner
// quits. Without keys, it also ends when no version is left running.
func (s *screen) show(ctx context.Context, workshop *runner.Workshop) error {
	s.workshop = workshop
	ports, pages := workshop.Ports(), cmp.Or(os.Getenv("PAGES_URL"), workshop.Agent().URL())
	s.client = &client.Client{API: fmt.Sprintf("http://localhost:%d", ports.API), Agent: workshop.Agent().URL(),
		Pages: strings.TrimSuffix(pages, "/")}
	release := func() {}
	if s.out.IsTerminal() {
		s.keys, release = keys.Read(os.Stdin)
	}
	defer release()

	watching, unwatch := context.WithCancel(context.WithoutCancel(ctx))
	defer unwatch()
	changes := workshop.Agent().Store().Subscribe(watching)
	stopping, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		s.catchFault(func() { s.showTraces(changes, stopping) })
	}()

	failure := s.attend(ctx)
	release() // before a second Ctrl-C can end the program at once
	if failure == nil {
		s.out.Printf("\nstopping …\n")
	}
	ended := workshop.StopServices()
	s.doing.Wait()
	close(stopping)
	<-stopped
	return cmp.Or(failure, errors.Join(ended, workshop.Close()))
}

// attend prints changes and runs the commands of keys until it is time to stop. It
// returns the error, if that is why.
func (s *screen) attend(ctx context.Context) error {
	ctx, quit := context.WithCancel(ctx)
	defer quit()
	changed := s.workshop.Changed(ctx)
	for {
		state := s.workshop.State()
		s.tell(state)
		if state.Phase == runner.Failed && state.Serving.Step == 0 && s.keys == nil {
			failure := errors.New(state.Error)
			if !s.greeted {
				return cannotRun{failure}
			}
			return failure
		}
		select {
		case <-ctx.Done():
			s.out.EndProgress()
			if !s.greeted {
				return errors.New("stopped before the step was ready")
			}
			return nil
		case err := <-s.faults:
			return err
		case <-changed:
		case typed := <-s.keys:
			keyboard{s}.press(ctx, typed, quit)
		}
	}
}

// inBackground runs the command of a key in the background.
func (s *screen) inBackground(do func()) { s.doing.Go(func() { s.catchFault(do) }) }

// catchFault makes a fault end the command, as one in main does.
func (s *screen) catchFault(do func()) {
	if err := guarded(do); err != nil {
		select {
		case s.faults <- err:
		default: // another one is being reported
		}
	}
}
