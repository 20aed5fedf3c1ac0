package runner

import (
	"context"
	"path/filepath"
	"time"
)

// keepRunning makes one turn after the other until ctx is done. A turn begins
// when something is wanted, and ends when that is again the case: the target's
// files have changed, or Run or Restart were called.
func (w *Workshop) keepRunning(ctx context.Context) {
	defer close(w.ended)
	for ctx.Err() == nil {
		turn, target, restart := w.begin(ctx)
		sources := w.base.sources(target)
		before := picture(sources)
		go func() {
			if watch(turn, before, sources) {
				w.rebuild(turn)
			}
		}()
		if err := w.replace(turn, target, restart); err != nil {
			w.update(turn, func(s *State) { s.Phase, s.Error = Failed, err.Error() })
		}
		w.attend(turn)
	}
}

// begin makes what is wanted now the subject of a new turn.
func (w *Workshop) begin(ctx context.Context) (turn context.Context, target Target, restart bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	restart, w.restart = w.restart, false
	turn, w.giveUp = context.WithCancel(ctx)
	return turn, w.state.Target, restart
}

// rebuild has the next turn begin, unless that is so already.
func (w *Workshop) rebuild(turn context.Context) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if turn.Err() == nil {
		w.want(w.state.Target)
	}
}

// update changes the state, unless something else is wanted by now.
func (w *Workshop) update(turn context.Context, change func(*State)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if turn.Err() == nil {
		change(&w.state)
		w.announce()
	}
}

// replace builds the target and puts those services that are not yet as wanted in
// the place of those that run. If it fails, these go on.
func (w *Workshop) replace(turn context.Context, target Target, restart bool) error {
	binaries, err := w.base.build(turn, target)
	if err != nil {
		return err
	}
	env, err := w.base.environment(target)
	if err != nil {
		return err
	}
	w.update(turn, func(s *State) { s.Phase = Starting })
	log := w.base.o.Log
	thinker, err := w.thinker.succeed(turn, target, binaries.Thinker, env, restart, log)
	if err != nil {
		return err
	}
	api, err := w.api.succeed(turn, target, binaries.API, env, restart, log)
	if err != nil {
		thinker.abandon()
		return err
	}
	newer := thinker != nil || api != nil
	w.retire(thinker.takeOver(), api.takeOver())
	w.mu.Lock()
	w.state.Serving = target
	if newer {
		w.state.Since = time.Now()
	}
	w.mu.Unlock()
	w.update(turn, func(s *State) { s.Phase = Healthy })
	return nil
}

// retire ends processes that were replaced, which are nil where there were none.
// It returns once they are sent nothing new; what they are still asked they
// answer, for which an api needs its thinker.
func (w *Workshop) retire(thinker, api *Process) {
	if api != nil {
		api.dismiss()
	} else if thinker != nil {
		thinker.dismiss()
	}
	w.retiring.Go(func() {
		for _, p := range []*Process{api, thinker} {
			if p == nil {
				continue
			}
			if err := p.Stop(); err != nil {
				w.base.o.Log(p.Name, err.Error())
			}
		}
	})
}

// attend returns when the turn is over, and tells of services that end before.
func (w *Workshop) attend(turn context.Context) {
	for {
		var died *front
		select {
		case <-turn.Done():
			return
		case <-w.api.ended():
			died = w.api
		case <-w.thinker.ended():
			died = w.thinker
		}
		failure := died.lose()
		w.update(turn, func(s *State) {
			s.Phase, s.Error, s.Serving = Failed, failure.Error(), Target{}
		})
	}
}

// sources are the directories and files that a target is built of.
func (b *base) sources(target Target) []string {
	shared := filepath.Join(b.o.Root, "shared")
	return []string{
		target.source(b.o.Root),
		filepath.Join(shared, "serve"), filepath.Join(shared, "go.mod"), filepath.Join(b.o.Root, "go.work"),
	}
}
