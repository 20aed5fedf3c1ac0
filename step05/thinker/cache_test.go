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
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"gopkg.in/DataDog/dd-trace-go.v1/ddtrace/mocktracer"
	"gopkg.in/DataDog/dd-trace-go.v1/ddtrace/tracer"
)

const timeout = 30 * time.Millisecond // the default

var (
	horace   = &thought{ID: 4, Quote: "Life grants nothing to us mortals without hard work.", Author: "Horace", Subject: "work"}
	subjects = []string{"religion", "technology", "war", "work", "music", "mankind"}
)

// memoize calls the cache within a think span. It returns how often the thought
// wasn't cached.
func memoize(t *testing.T, cache *redisCache, subject string) (misses int) {
	t.Helper()
	span, ctx := tracer.StartSpanFromContext(t.Context(), "think")
	defer span.Finish()
	got, err := cache.memoize(ctx, subject, func(context.Context, string) (*thought, error) {
		misses++
		return horace, nil
	})
	if err != nil || *got != *horace {
		t.Errorf("memoize(%s) = %+v, %v", subject, got, err)
	}
	return misses
}

func TestMemoize(t *testing.T) {
	addr, _ := redisServer(t)
	cache := openCache(t.Context(), addr, time.Minute)
	defer cache.close()
	spans := mocktracer.Start()
	defer spans.Stop()

	for i, want := range []string{"get set think", "get think"} {
		if misses := memoize(t, cache, "work"); misses != 1-i {
			t.Errorf("request %d: %d misses", i+1, misses)
		}
		if got := resources(spans); got != want {
			t.Errorf("request %d: spans %s, want %s", i+1, got, want)
		}
		for _, span := range spans.FinishedSpans()[:i] {
			if span.ParentID() == 0 {
				t.Errorf("request %d: %v isn't below think", i+1, span)
			}
		}
		spans.Reset()
	}
	if left := cache.client.TTL(t.Context(), "thought:work").Val(); left <= 0 || left > 30*time.Second {
		t.Errorf("cached for %v, want up to 30 s", left)
	}
}

func TestMemoize_ReplacesUnreadableValues(t *testing.T) {
	addr, _ := redisServer(t)
	cache := openCache(t.Context(), addr, time.Minute)
	defer cache.close()
	for _, value := range []string{"not JSON", `{"id":"x","quote":"half read"}`, "{}", "null", ""} {
		if err := cache.client.Set(t.Context(), "thought:work", value, time.Minute).Err(); err != nil {
			t.Fatal(err)
		}
		for _, want := range []int{1, 0} {
			if misses := memoize(t, cache, "work"); misses != want {
				t.Errorf("%q in Redis: %d misses, want %d", value, misses, want)
			}
		}
	}
}

func TestMemoize_DoesNotCacheErrors(t *testing.T) {
	addr, _ := redisServer(t)
	cache := openCache(t.Context(), addr, time.Minute)
	defer cache.close()
	_, err := cache.memoize(t.Context(), "art", func(_ context.Context, subject string) (*thought, error) {
		return nil, unknownSubject(subject)
	})
	if !errors.As(err, new(unknownSubject)) {
		t.Errorf("memoize: %v, want the error of think", err)
	}
	if n := cache.client.Exists(t.Context(), "thought:art").Val(); n != 0 {
		t.Error("an error was cached")
	}
}

// TestMemoize_WithoutRedis uses a Redis that refuses connections, one that closes
// them, one that never responds, and one that is frozen after it has worked.
func TestMemoize_WithoutRedis(t *testing.T) {
	refusing, closing, silent := listen(t), listen(t), listen(t)
	refusing.Close()
	go func() {
		for {
			conn, err := closing.Accept()
			if err != nil {
				return
			}
			conn.Close()
		}
	}()
	frozen, server := redisServer(t)

	for name, addr := range map[string]string{"refusing": refusing.Addr().String(), "closing": closing.Addr().String(), "silent": silent.Addr().String(), "frozen": frozen} {
		t.Run(name, func(t *testing.T) {
			cache := openCache(t.Context(), addr, timeout)
			defer cache.close()
			if name == "frozen" {
				if err := server.Process.Signal(syscall.Signal(19)); err != nil { // SIGSTOP
					t.Skipf("cannot freeze a process here: %v", err)
				}
			}
			spans := mocktracer.Start()
			defer spans.Stop()
			for _, subject := range subjects {
				if misses := memoize(t, cache, subject); misses != 1 {
					t.Errorf("%s: %d misses", subject, misses)
				}
			}
			failed := 0
			for _, span := range spans.FinishedSpans() {
				resource := span.Tag("resource.name")
				if span.Tag("error") != nil && (resource == "get" || resource == "set") {
					failed++
				}
			}
			if failed != 2*len(subjects) {
				t.Errorf("%d commands failed, want %d", failed, 2*len(subjects))
			}
		})
	}
}

// TestMemoize_DeadRedis uses a fake clock, so its times are exact: whatever Redis
// does, a request for six subjects loses less than half a second.
func TestMemoize_DeadRedis(t *testing.T) {
	for name, c := range map[string]struct {
		delay time.Duration // of each response
		want  time.Duration // that the request loses
	}{
		"never responds":        {time.Second, 12 * timeout},
		"responds just in time": {timeout - time.Millisecond, 13 * (timeout - time.Millisecond)}, // 12 commands, and one to connect
	} {
		synctest.Test(t, func(t *testing.T) {
			var servers sync.WaitGroup
			defer servers.Wait()
			cache := openCache(t.Context(), "127.0.0.1:1", timeout)
			defer cache.close()
			cache.client.Options().Dialer = func(context.Context, string, string) (net.Conn, error) {
				client, server := net.Pipe()
				servers.Go(func() { slowRedis(server, c.delay) })
				return client, nil
			}
			start := time.Now()
			for _, subject := range subjects {
				memoize(t, cache, subject)
			}
			if lost := time.Since(start); lost != c.want || lost > time.Second/2 {
				t.Errorf("a Redis that %s costs %v, want %v", name, lost, c.want)
			}
		})
	}
}

// slowRedis responds to every command after a delay. It stores nothing.
func slowRedis(conn net.Conn, delay time.Duration) {
	defer conn.Close()
	replies := map[string]string{"hello": "-ERR unknown command\r\n", "get": "$-1\r\n", "set": "+OK\r\n"}
	buffer := make([]byte, 4096)
	for {
		n, err := conn.Read(buffer) // one command: each is written at once
		if err != nil {
			return
		}
		name := strings.ToLower(strings.Split(string(buffer[:n]), "\r\n")[2])
		time.Sleep(delay) // by the test's clock
		conn.Write([]byte(replies[name]))
	}
}

// resources returns the resources of the finished spans, in order.
func resources(spans mocktracer.Tracer) string {
	var names []string
	for _, span := range spans.FinishedSpans() {
		names = append(names, fmt.Sprint(span.Tag("resource.name")))
	}
	return strings.Join(names, " ")
}

// redisServer starts a Redis for the test.
func redisServer(t *testing.T) (addr string, server *exec.Cmd) {
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
	server = exec.Command(program, "--bind", "127.0.0.1", "--port", port, "--save", "", "--dir", t.TempDir())
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
			return free.Addr().String(), server
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
