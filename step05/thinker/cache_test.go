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
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis/go-redis/v9"
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

func TestCacheReplacesWhatItCannotRead(t *testing.T) {
	cache := openCache(t.Context(), redisServer(t))
	defer cache.close()
	for _, value := range []string{"not JSON", `{"id":"x","quote":"half read"}`, "{}", "null", ""} {
		if err := cache.redis.Set(t.Context(), "thought:v1:work", value, lifetime).Err(); err != nil {
			t.Fatal(err)
		}
		for _, want := range []int{1, 0} {
			thoughts := 0
			got, err := (&memo{cache: cache}).memoize(t.Context(), "work", func(context.Context) (*thought, error) {
				thoughts++
				return horace, nil
			})
			if err != nil || *got != *horace || thoughts != want {
				t.Errorf("%q in Redis: memoize = %+v, %v after %d thoughts, want %d", value, got, err, thoughts, want)
			}
		}
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

// TestCacheDoesWithoutRedis uses a Redis that refuses connections, one that ends
// them at once and one that accepts them and never says a word: each fails a
// request once, visibly, and is not asked again by it.
func TestCacheDoesWithoutRedis(t *testing.T) {
	refusing, ending, silent := listen(t), listen(t), listen(t)
	refusing.Close()
	var ended atomic.Int32
	go func() {
		for {
			conn, err := ending.Accept()
			if err != nil {
				return
			}
			ended.Add(1)
			conn.Close()
		}
	}()

	for name, listener := range map[string]net.Listener{"refusing": refusing, "ending": ending, "silent": silent} {
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
	if n := ended.Load(); n != 2 {
		t.Errorf("%d connections were tried, want one at the start and one for the request", n)
	}
}

// TestCachePatience has a clock of its own: it is exact.
func TestCachePatience(t *testing.T) {
	// A request that Redis fails itself.
	within(t, "get", func(t *testing.T, cache *cache, elapsed func() time.Duration) {
		memo := &memo{cache: cache}
		for _, subject := range []string{"work", "war", "music"} {
			if _, err := memo.memoize(t.Context(), subject, func(context.Context) (*thought, error) { return horace, nil }); err != nil {
				t.Error(err)
			}
		}
		if elapsed() != patience {
			t.Errorf("a request waited %v for a Redis that never answers, want %v", elapsed(), patience)
		}
	})

	// A request that waits for others, one after the other, as Redis fails each.
	within(t, "set", func(t *testing.T, cache *cache, elapsed func() time.Duration) {
		subjects := []string{"work", "war", "music", "mankind"}
		var requests sync.WaitGroup
		for i, subject := range subjects {
			requests.Go(func() {
				(&memo{cache: cache}).memoize(t.Context(), subject, func(context.Context) (*thought, error) {
					<-time.After(time.Duration(i) * patience) // by the clock of this test
					return horace, nil
				})
			})
		}
		synctest.Wait()
		memo := &memo{cache: cache}
		for _, subject := range subjects {
			if _, err := memo.memoize(t.Context(), subject, func(context.Context) (*thought, error) { return horace, nil }); err != nil {
				t.Error(err)
			}
		}
		if elapsed() > 250*time.Millisecond {
			t.Errorf("a request that shares its thoughts waited %v for Redis in all", elapsed())
		}
		requests.Wait()
	})
}

// within runs test with a cache whose Redis never answers one command, and with
// a clock that stands still while anybody has something to do.
func within(t *testing.T, silentOn string, test func(t *testing.T, cache *cache, elapsed func() time.Duration)) {
	synctest.Test(t, func(t *testing.T) {
		options := options("127.0.0.1:6379")
		options.Dialer = func(context.Context, string, string) (net.Conn, error) {
			client, server := net.Pipe()
			go answer(server, silentOn)
			return client, nil
		}
		cache := &cache{redis: redis.NewClient(options)}
		defer cache.close()
		start := time.Now()
		test(t, cache, func() time.Duration { return time.Since(start) })
	})
}

// answer is a Redis that remembers nothing.
func answer(conn net.Conn, silentOn string) {
	defer conn.Close()
	replies := map[string]string{"hello": "-ERR unknown command\r\n", "get": "$-1\r\n", "set": "+OK\r\n"}
	buffer := make([]byte, 4096)
	for {
		n, err := conn.Read(buffer) // a command, since each is written at once
		if err != nil {
			return
		}
		name := strings.ToLower(strings.Split(string(buffer[:n]), "\r\n")[2])
		if name != silentOn {
			conn.Write([]byte(replies[name]))
		}
	}
}

// TestCacheOutlivesARequest cancels the request that thinks: who waits for it is
// answered all the same.
func TestCacheOutlivesARequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cache := &cache{}
		ctx, cancel := context.WithCancel(t.Context())
		goOn := make(chan bool)
		var wait sync.WaitGroup
		wait.Go(func() {
			_, err := (&memo{cache: cache, failed: true}).memoize(ctx, "work", func(ctx context.Context) (*thought, error) {
				<-goOn
				return horace, ctx.Err()
			})
			if !errors.Is(err, context.Canceled) {
				t.Errorf("the request that was cancelled got %v", err)
			}
		})
		synctest.Wait()
		wait.Go(func() {
			got, err := (&memo{cache: cache, failed: true}).memoize(t.Context(), "work", nil)
			if err != nil || *got != *horace {
				t.Errorf("the request that waited got %+v, %v", got, err)
			}
		})
		synctest.Wait()
		cancel()
		synctest.Wait()
		close(goOn)
		wait.Wait()
	})
}

func TestCacheThinksOnce(t *testing.T) {
	spans := mocktracer.Start()
	defer spans.Stop()
	caller := tracer.StartSpan("caller")
	synctest.Test(t, func(t *testing.T) {
		cache := &cache{}
		const requests = 5
		thoughts, goOn := 0, make(chan bool)
		var wait sync.WaitGroup
		for range requests {
			wait.Go(func() {
				// One trace, as when a caller sends several requests for it.
				span, ctx := tracer.StartSpanFromContext(t.Context(), "think", tracer.ChildOf(caller.Context()))
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
		if by, ok := span.Tag("waited_for.span_id").(string); ok {
			waited[by]++
			if trace := span.Tag("waited_for.trace_id"); trace != fmt.Sprint(span.TraceID()) {
				t.Errorf("waited for trace %v, want %d", trace, span.TraceID())
			}
		} else {
			thinker = fmt.Sprint(span.SpanID())
		}
	}
	if len(waited) != 1 || waited[thinker] != 4 {
		t.Errorf("waited for: %v, want 4 times for span %s, which thought", waited, thinker)
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
	free := listen(t)
	free.Close()
	_, port, _ := net.SplitHostPort(free.Addr().String())
	server := exec.Command(program, "--bind", "127.0.0.1", "--port", port, "--save", "", "--dir", t.TempDir())
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Wait() }()
	t.Cleanup(func() { server.Process.Kill() })
	for {
		conn, err := net.Dial("tcp", free.Addr().String())
		if err == nil {
			conn.Close()
			return free.Addr().String()
		}
		select {
		case err := <-ended:
			t.Fatalf("redis-server ended: %v", err)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	return listener
}
