package runner

import (
	"context"
	"time"

	"thinker/shared/workshop/watch"
)

// keepRunning makes one turn after the other until ctx is done. A turn ends and the
// next one starts when the target's files change, or when Run or Restart is called.
// See decisions/one-turn-at-a-time.md.
func (w *Workshop) keepRunning(ctx context.Context) {
	defer close(w.ended)
	for ctx.Err() == nil {
		turn, target, restart := w.begin(ctx)
		sources := w.base.sources(target)
		before := watch.Snapshot(sources)
		go func() {
			if watch.Files(turn, before, sources) {
				w.rebuild(turn)
			}
		}()
		if err := w.replace(turn, target, restart); err != nil {
			w.update(turn, func(s *State) { s.Phase, s.Error = Failed, err.Error() })
		}
		w.attend(turn)
	}
}

// begin starts a turn for the current target.
func (w *Workshop) begin(ctx context.Context) (turn context.Context, target Target, restart bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	restart, w.restart = w.restart, false
	turn, w.endTurn = context.WithCancel(ctx)
	return turn, w.state.Target, restart
}

// rebuild starts the next turn, unless it has already started.
func (w *Workshop) rebuild(turn context.Context) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if turn.Err() == nil {
		w.startTurn(w.state.Target)
	}
}

// update changes the state, unless the next turn has started.
func (w *Workshop) update(turn context.Context, change func(*State)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if turn.Err() == nil {
		change(&w.state)
		w.notify()
	}
}

// replace builds the target and replaces the services whose build has changed. If it
// fails, the running services stay.
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
	for _, s := range []struct {
		*front
		binary string
	}{{w.thinker, binaries.Thinker}, {w.api, binaries.API}} {
		if err := s.prepare(turn, target, s.binary, env, restart, w.base.o.Log); err != nil {
			w.thinker.discard()
			return err
		}
	}
	newer := w.thinker.next != nil || w.api.next != nil
	w.stopReplaced(w.thinker.takeOver(), w.api.takeOver())
	w.mu.Lock()
	w.state.Serving = target
	if newer {
		w.state.Since = time.Now()
	}
	w.mu.Unlock()
	w.update(turn, func(s *State) { s.Phase = Healthy })
	return nil
}

// stopReplaced ends the replaced processes, which may be nil. It returns once they get no
// new requests. They finish the open ones, for which the api needs its thinker.
func (w *Workshop) stopReplaced(thinker, api *Process) {
	if api != nil {
		api.stopAccepting()
	} else if thinker != nil {
		thinker.stopAccepting()
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

// attend returns when the turn ends. It reports services that stop before.
// See decisions/no-automatic-restart.md.
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
		failure := died.takeFailure()
		w.update(turn, func(s *State) {
			s.Phase, s.Error, s.Serving = Failed, failure.Error(), Target{}
		})
	}
}
