package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"gopkg.in/DataDog/dd-trace-go.v1/ddtrace/mocktracer"
	"gopkg.in/DataDog/dd-trace-go.v1/ddtrace/tracer"
)

var horace = &thought{ID: 4, Quote: "Life grants nothing to us mortals without hard work.", Author: "Horace", Subject: "work"}

func TestCacheRemembers(t *testing.T) {
	cache := openCache(t.Context(), redisServer(t))
	defer cache.close()
	spans := mocktracer.Start()
	defer spans.Stop()

	for i, want := range []string{"get set", "get"} {
		span, ctx := tracer.StartSpanFromContext(t.Context(), "think")
		thoughts := 0
		got, err := (&memo{cache: cache}).memoize(ctx, "work", func(context.Context) (*thought, error) {
			thoughts++
			return horace, nil
		})
		span.Finish()
		if err != nil || *got != *horace {
			t.Errorf("request %d: %+v, %v", i+1, got, err)
		}
		if thoughts != 1-i {
			t.Errorf("request %d thought %d times", i+1, thoughts)
		}
		if commands := redisCommands(spans, span); commands != want {
			t.Errorf("request %d: Redis commands %q below think, want %q", i+1, commands, want)
		}
		if n := len(spans.FinishedSpans()); n != 1+len(strings.Fields(want)) {
			t.Errorf("request %d: %d spans, want think and %q alone: %v", i+1, n, want, spans.FinishedSpans())
		}
		spans.Reset()
	}
	if left := cache.redis.TTL(t.Context(), "thought:v1:work").Val(); left <= 0 || left > lifetime {
		t.Errorf("remembered for %v, want up to %v", left, lifetime)
	}
}

func TestCacheConnectsUntraced(t *testing.T) {
	cache := openCache(t.Context(), redisServer(t))
	defer cache.close()
	spans := mocktracer.Start()
	defer spans.Stop()
	var wait sync.WaitGroup
	for i := range connections {
		wait.Go(func() {
			_, ctx := tracer.StartSpanFromContext(t.Context(), "think")
			(&memo{cache: cache}).get(ctx, fmt.Sprint(i))
		})
	}
	wait.Wait()
	for _, span := range spans.FinishedSpans() {
		if resource := fmt.Sprint(span.Tag("resource.name")); resource != "get" {
			t.Errorf("%s was traced beside the commands that were asked for", resource)
		}
	}
}

func TestCacheDoesNotTrustWhatItReads(t *testing.T) {
	cache := openCache(t.Context(), redisServer(t))
	defer cache.close()
	if err := cache.redis.Set(t.Context(), "thought:v1:work", "not JSON", lifetime).Err(); err != nil {
		t.Fatal(err)
	}
	got, err := (&memo{cache: cache}).memoize(t.Context(), "work", func(context.Context) (*thought, error) { return horace, nil })
	if err != nil || *got != *horace {
		t.Errorf("memoize = %+v, %v; want what think returns", got, err)
	}
}

func TestCacheForgetsErrors(t *testing.T) {
	cache := openCache(t.Context(), redisServer(t))
	defer cache.close()
	broken := errors.New("broken")
	if _, err := (&memo{cache: cache}).memoize(t.Context(), "work", func(context.Context) (*thought, error) { return nil, broken }); !errors.Is(err, broken) {
		t.Errorf("memoize: %v, want the error of think", err)
	}
	if n := cache.redis.Exists(t.Context(), "thought:v1:work").Val(); n != 0 {
		t.Error("an error was remembered")
	}
}

// TestCacheDoesWithoutRedis uses a Redis that refuses connections and one that
// accepts them and never says a word: each fails a request once, visibly, and
// is not asked again by it.
func TestCacheDoesWithoutRedis(t *testing.T) {
	silent, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	refusing, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	refusing.Close()

	for name, listener := range map[string]net.Listener{"refusing": refusing, "silent": silent} {
		t.Run(name, func(t *testing.T) {
			cache := openCache(t.Context(), listener.Addr().String())
			defer cache.close()
			spans := mocktracer.Start()
			defer spans.Stop()
			span, ctx := tracer.StartSpanFromContext(t.Context(), "think")
			memo := &memo{cache: cache}
			for _, subject := range []string{"work", "war", "music"} {
				got, err := memo.memoize(ctx, subject, func(context.Context) (*thought, error) { return horace, nil })
				if err != nil || *got != *horace {
					t.Errorf("memoize(%s) = %+v, %v", subject, got, err)
				}
			}
			if commands := redisCommands(spans, span); commands != "get!" {
				t.Errorf("Redis commands %q, want one get that failed", commands)
			}
			for _, stray := range spans.FinishedSpans() {
				if stray.ParentID() == 0 {
					t.Errorf("a trace of its own: %v", stray)
				}
			}
		})
	}
	// A request waits at most for a command of its own and one of another
	// request's that it shares a thought with.
	if 2*patience > 250*time.Millisecond {
		t.Errorf("patience is %v: two commands may take 250 ms in all", patience)
	}
}

func TestCacheThinksOnce(t *testing.T) {
	spans := mocktracer.Start()
	defer spans.Stop()
	synctest.Test(t, func(t *testing.T) {
		cache := openCache(t.Context(), "127.0.0.1:1")
		defer cache.close()
		const requests = 5
		thoughts, goOn := 0, make(chan bool)
		var wait sync.WaitGroup
		for range requests {
			wait.Go(func() {
				span, ctx := tracer.StartSpanFromContext(t.Context(), "think")
				defer span.Finish()
				memo := &memo{cache: cache, failed: true}
				got, err := memo.memoize(ctx, "work", func(context.Context) (*thought, error) {
					thoughts++
					<-goOn
					return horace, nil
				})
				if err != nil || *got != *horace {
					t.Errorf("memoize = %+v, %v", got, err)
				}
			})
		}
		synctest.Wait() // until one thinks and the others wait for it
		close(goOn)
		wait.Wait()
		if thoughts != 1 {
			t.Errorf("%d requests thought %d times, want once", requests, thoughts)
		}
	})

	var thinker string
	waited := map[string]int{}
	for _, span := range spans.FinishedSpans() {
		if by, ok := span.Tag("waited_for.trace_id").(string); ok {
			waited[by]++
		} else if span.OperationName() == "think" {
			thinker = fmt.Sprint(span.TraceID())
		}
	}
	if len(waited) != 1 || waited[thinker] != 4 {
		t.Errorf("waited for: %v, want 4 times for trace %s, which thought", waited, thinker)
	}
}

// redisCommands are the commands that were traced right below parent, in order,
// with a ! behind each that failed.
func redisCommands(spans mocktracer.Tracer, parent tracer.Span) string {
	var commands []string
	for _, span := range spans.FinishedSpans() {
		if span.ParentID() != parent.Context().SpanID() {
			continue
		}
		command := fmt.Sprint(span.Tag("resource.name"))
		if span.Tag("error") != nil {
			command += "!"
		}
		commands = append(commands, command)
	}
	return strings.Join(commands, " ")
}

// redisServer starts a Redis for the test and returns its address.
func redisServer(t *testing.T) string {
	t.Helper()
	program, err := exec.LookPath("redis-server")
	if err != nil && os.Getenv("CI") == "" {
		t.Skip("redis-server is not installed")
	} else if err != nil {
		t.Fatal(err)
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := free.Addr().String()
	free.Close()
	_, port, _ := net.SplitHostPort(addr)
	server := exec.Command(program, "--bind", "127.0.0.1", "--port", port, "--save", "", "--dir", t.TempDir())
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		server.Process.Kill()
		server.Wait()
	})
	for {
		conn, err := net.Dial("tcp", addr)
		if err == nil {
			conn.Close()
			return addr
		} else if t.Context().Err() != nil {
			t.Fatal(err)
		}
	}
}
