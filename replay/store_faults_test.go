package replay_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"example.com/cannery/fixtures"
	"example.com/cannery/fixtures/redisstore"
	"example.com/cannery/recorder"
	"example.com/cannery/replay"
	"example.com/cannery/testutil/storetest"
)

// lines collects what an outage says.
type lines struct {
	mu   sync.Mutex
	said []string
}

func (l *lines) say(line string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.said = append(l.said, line)
}

func (l *lines) all() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]string(nil), l.said...)
}

// onRedis puts a bench's proxy on a Redis. What the outages of reading and of
// writing say is in the lines.
func onRedis(t *testing.T, server *storetest.RedisServer, change func(*bench)) (func(*bench), *lines) {
	t.Helper()
	return onRedisWithin(t, server, 0, change)
}

// onRedisWithin is onRedis with a longest wait for one operation; zero is the
// store's own.
func onRedisWithin(t *testing.T, server *storetest.RedisServer, timeout time.Duration, change func(*bench)) (func(*bench), *lines) {
	t.Helper()
	store, err := redisstore.Open(t.Context(), redisstore.Config{URL: server.URL(), CacheBytes: 16 << 20, Timeout: timeout})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	said := &lines{}
	return func(b *bench) {
		b.proxy.Cache.Store, b.recorder.Store = store, store
		b.proxy.Cache.Down = &replay.Outage{What: "store is down", Say: said.say}
		b.recorder.Stored = (&replay.Outage{What: "recordings are lost", Say: said.say}).Report
		if change != nil {
			change(b)
		}
	}, said
}

// TestARemovalThatDropsARecordingIsTold: what was asked for before a removal is
// not kept after it, and that is no silent loss.
func TestARemovalThatDropsARecordingIsTold(t *testing.T) {
	said := &lines{}
	var b *bench
	b = setUp(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/under-way" {
			if _, err := b.store.Remove(r.Context(), fixtures.Filter{Match: "/other"}, false); err != nil {
				t.Error(err)
			}
		}
		io.WriteString(w, "answered")
	}, func(b *bench) {
		b.recorder.Remark = func(r *http.Request, _, why string) { said.say(r.RequestURI + ": " + why) }
	})
	b.get(t, "/other")
	if a := b.get(t, "/under-way"); a.body != "answered" {
		t.Errorf("%d %s", a.status, a.body)
	}
	if got := said.all(); len(got) != 1 || !strings.Contains(got[0], "/under-way: recordings were removed") {
		t.Errorf("it was told: %q", got)
	}
}

func TestStoreDownIsNotAMiss(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]struct{ begin, end func(*storetest.RedisServer) }{
		"killed": {(*storetest.RedisServer).Kill, (*storetest.RedisServer).Restart},
		"hangs":  {(*storetest.RedisServer).Pause, (*storetest.RedisServer).Resume},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := storetest.StartRedis(t)
			text := strings.Repeat("whole ", 10_000)
			redis, said := onRedis(t, server, nil)
			b := setUp(t, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, text) }, redis)
			b.get(t, "/")
			if a := b.get(t, "/"); a.cache() != "HIT" {
				t.Fatalf("before the fault: %s", a.cache())
			}
			fault.begin(server)
			began := time.Now()
			var wg sync.WaitGroup
			for range 50 {
				wg.Go(func() {
					if a := b.get(t, "/"); a.status != 200 || a.body != text || a.cache() != "BYPASS" {
						t.Errorf("while the store is down: %d %s, %d bytes", a.status, a.cache(), len(a.body))
					}
				})
			}
			wg.Wait()
			if took := time.Since(began); took > 4*time.Second {
				t.Errorf("50 requests took %v while the store was down", took)
			}
			fault.end(server)
			deadline := time.Now().Add(10 * time.Second)
			for b.get(t, "/").cache() == "BYPASS" {
				if time.Now().After(deadline) {
					t.Fatal("it does not recover")
				}
			}
			if a := b.get(t, "/"); a.cache() != "HIT" || a.body != text {
				t.Errorf("after the fault: %s", a.cache())
			}
			if got := said.all(); len(got) != 2 || !strings.HasPrefix(got[0], "store is down: ") || !strings.Contains(got[1], "over after") {
				t.Errorf("one line for the begin and one for the end: %q", got)
			}
		})
	}
}

func TestStoreDownFailsWhereRecordingIsTheJob(t *testing.T) {
	for name, change := range map[string]func(*bench){
		"record":            func(b *bench) { b.proxy.Cache.Anew, b.proxy.Origin.FailWhenDown, b.recorder.Anew = true, true, true },
		"--store-down fail": func(b *bench) { b.proxy.Origin.FailWhenDown = true },
	} {
		server := storetest.StartRedis(t)
		redis, _ := onRedis(t, server, change)
		b := setUp(t, echo(), redis)
		b.get(t, "/")
		server.Kill()
		a := b.get(t, "/")
		if a.status != 503 || a.header.Get("Content-Type") != "application/problem+json" || !strings.Contains(a.body, "store unreachable") {
			t.Errorf("%s: %v", name, a)
		}
		if b.originAsked() != 1 {
			t.Errorf("%s: the origin was asked while the store was down", name)
		}
	}
}

func TestStoreThatRefusesWritesLosesNoAnswer(t *testing.T) {
	for name, refuse := range map[string][]any{
		"OOM":        {"CONFIG", "SET", "maxmemory", "1"},
		"NOREPLICAS": {"CONFIG", "SET", "min-replicas-to-write", "3"},
		"READONLY":   {"REPLICAOF", "127.0.0.1", "1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := storetest.StartRedis(t)
			redis, said := onRedis(t, server, nil)
			b := setUp(t, echo(), redis)
			b.get(t, "/before")
			if err := server.Client().Do(t.Context(), refuse...).Err(); err != nil {
				t.Fatal(err)
			}
			for i := range 3 {
				if a := b.get(t, "/"); a.status != 200 || !strings.HasSuffix(a.body, "GET / ") || a.cache() != "MISS" {
					t.Errorf("request %d: %d %s %q", i, a.status, a.cache(), a.body)
				}
			}
			if a := b.get(t, "/before"); a.cache() != "HIT" {
				t.Errorf("what is recorded: %s", a.cache())
			}
			got := said.all()
			if len(got) != 1 || !strings.HasPrefix(got[0], "recordings are lost: ") {
				t.Errorf("the cause is said once: %q", got)
			}
		})
	}
}

// TestChangeDuringAnOutageIsNotForgotten has an unsafe request pass while the
// store cannot be told of it: what it changed must not be served afterwards.
func TestChangeDuringAnOutageIsNotForgotten(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]struct{ begin, end func(*storetest.RedisServer) }{
		"hangs": {(*storetest.RedisServer).Pause, (*storetest.RedisServer).Resume},
		"refuses writes": {
			func(s *storetest.RedisServer) { s.Client().ConfigSet(context.Background(), "maxmemory", "1") },
			func(s *storetest.RedisServer) { s.Client().ConfigSet(context.Background(), "maxmemory", "0") },
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := storetest.StartRedis(t)
			redis, _ := onRedis(t, server, nil)
			b := setUp(t, echo(), redis)
			b.get(t, "/")
			if a := b.get(t, "/"); a.cache() != "HIT" {
				t.Fatalf("before the fault: %v", a)
			}
			fault.begin(server)
			if a := b.do(t, "PUT", "/", "new"); a.status != 200 {
				t.Errorf("PUT during the fault: %v", a)
			}
			fault.end(server)
			deadline := time.Now().Add(10 * time.Second)
			for a := b.get(t, "/"); ; a = b.get(t, "/") {
				if strings.HasPrefix(a.body, "1 ") {
					t.Fatalf("after the fault: %v, from before the PUT", a)
				}
				if a.cache() == "HIT" {
					break
				}
				if time.Now().After(deadline) {
					t.Fatal("nothing is recorded any more")
				}
			}
		})
	}
}

func TestWipedStoreRecordsAgain(t *testing.T) {
	server := storetest.StartRedis(t)
	redis, _ := onRedis(t, server, nil)
	b := setUp(t, echo(), redis)
	b.get(t, "/")
	b.get(t, "/")
	if err := server.Client().FlushAll(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"MISS", "HIT"} {
		if a := b.get(t, "/"); a.cache() != want || !strings.HasPrefix(a.body, "2 ") {
			t.Errorf("after the wipe: %v, want %s", a, want)
		}
	}
}

func TestDamagedRecordingIsRepaired(t *testing.T) {
	server := storetest.StartRedis(t)
	redis, _ := onRedis(t, server, nil)
	b := setUp(t, echo(), redis)
	b.get(t, "/")
	client := server.Client()
	keys, err := client.Keys(t.Context(), "*:takes:*").Result()
	if err != nil || len(keys) != 1 {
		t.Fatalf("%v %v", keys, err)
	}
	for round, damage := range []func(){
		func() { client.HSet(t.Context(), keys[0], "1", "damaged") },
		func() { client.Set(t.Context(), keys[0], "a string", 0) },
	} {
		damage()
		other, _ := onRedis(t, server, nil) // with no local copy
		b.front(t, b.origin.URL, other)
		for i, want := range []string{"MISS", "HIT"} {
			if a := b.get(t, "/"); a.cache() != want || !strings.HasPrefix(a.body, fmt.Sprint(round+2)) {
				t.Errorf("damage %d, answer %d: %v", round, i, a)
			}
		}
	}
}

// TestLostContentIsRecordedAgain takes away the content of a large recording,
// as an eviction does: its header must not go out alone.
func TestLostContentIsRecordedAgain(t *testing.T) {
	text := strings.Repeat("large ", 100_000)
	origin := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", strconv.Itoa(len(text)))
		io.WriteString(w, text)
	}
	again := func(t *testing.T, b *bench) {
		t.Helper()
		for i, want := range []string{"MISS", "HIT"} {
			if a := b.get(t, "/"); a.cache() != want || a.body != text {
				t.Errorf("answer %d: %s with %d of %d bytes, want %s", i, a.cache(), len(a.body), len(text), want)
			}
		}
	}
	t.Run("Redis", func(t *testing.T) {
		server := storetest.StartRedis(t)
		redis, _ := onRedis(t, server, nil)
		b := setUp(t, origin, redis)
		again(t, b)
		client := server.Client()
		keys, err := client.Keys(t.Context(), "*:body:*").Result()
		if err != nil || len(keys) < 2 {
			t.Fatalf("%v %v", keys, err)
		}
		client.Del(t.Context(), keys[1])
		other, _ := onRedis(t, server, nil) // with no local copy
		b.front(t, b.origin.URL, other)
		again(t, b)
	})
	t.Run("directory", func(t *testing.T) {
		b := setUp(t, origin, nil)
		again(t, b)
		if err := os.Remove(b.storedFile(t, "bodies/*")); err != nil {
			t.Fatal(err)
		}
		again(t, b)
	})
}

// TestNothingStaleAfterAClear has two proxies on one Redis answer while it is
// cleared: once a clear has returned, nothing older is served.
func TestNothingStaleAfterAClear(t *testing.T) {
	server := storetest.StartRedis(t)
	redis, _ := onRedis(t, server, nil)
	var version atomic.Int64
	b := setUp(t, func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, version.Load()) }, redis)
	second, _ := onRedis(t, server, nil)
	other := &bench{store: b.store}
	other.front(t, b.origin.URL, second)
	clearer, err := redisstore.Open(t.Context(), redisstore.Config{URL: server.URL()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { clearer.Close() })

	var cleared atomic.Int64 // the version that every answer must have reached
	stop := make(chan struct{})
	var wg sync.WaitGroup
	var answers, stale atomic.Int64
	for i := range 8 {
		front := []*bench{b, other}[i%2]
		client := &http.Client{Transport: &http.Transport{}}
		t.Cleanup(client.CloseIdleConnections)
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				least := cleared.Load()
				res, err := client.Get(fmt.Sprintf("%s/%d", front.URL, i/4))
				if err != nil {
					t.Error(err)
					return
				}
				var got int64
				_, err = fmt.Fscan(res.Body, &got)
				res.Body.Close()
				if err != nil || res.StatusCode != 200 {
					t.Errorf("%d: %v", res.StatusCode, err)
				}
				if got < least {
					stale.Add(1)
				}
				answers.Add(1)
			}
		})
	}
	for i := range 50 { // the clients ask at full speed during each
		v := version.Add(1)
		filter := fixtures.Filter{}
		if i%2 == 0 {
			filter.Match = "GET /*"
		}
		if _, err := clearer.Remove(t.Context(), filter, false); err != nil {
			t.Error(err)
		}
		cleared.Store(v)
	}
	for answers.Load() < 2_000 {
		time.Sleep(time.Millisecond) // lets the clients run on; nothing is awaited
	}
	close(stop)
	wg.Wait()
	if stale.Load() != 0 {
		t.Errorf("%d of %d answers were stale", stale.Load(), answers.Load())
	}
}

func TestConcurrentMissesAreOneFlightOverTwoProxiesOnRedis(t *testing.T) {
	server := storetest.StartRedis(t)
	// On a busy machine 200 clients make a store slow; that is another test's.
	redis, _ := onRedisWithin(t, server, 30*time.Second, nil)
	arrived, proceed := make(chan struct{}, 200), make(chan struct{})
	text := strings.Repeat("whole ", 50_000)
	b := setUp(t, func(w http.ResponseWriter, r *http.Request) {
		arrived <- struct{}{}
		<-proceed
		// A stream, which may have no end, is not waited for as long.
		w.Header().Set("Content-Length", strconv.Itoa(len(text)))
		io.WriteString(w, text)
	}, redis)
	second, _ := onRedisWithin(t, server, 30*time.Second, nil)
	other := &bench{store: b.store}
	other.front(t, b.origin.URL, second)
	var wg sync.WaitGroup
	var wrong atomic.Int32
	for i := range 200 {
		wg.Go(func() {
			if a := []*bench{b, other}[i%2].get(t, "/slow"); a.body != text {
				wrong.Add(1)
			}
		})
	}
	<-arrived
	close(proceed)
	wg.Wait()
	if b.originAsked() != 1 || wrong.Load() != 0 {
		t.Errorf("origin asked %d times, %d answers not whole", b.originAsked(), wrong.Load())
	}
}

func BenchmarkHitRedis(b *testing.B) {
	server := storetest.StartRedis(b)
	store, err := redisstore.Open(b.Context(), redisstore.Config{URL: server.URL(), CacheBytes: 16 << 20})
	if err != nil {
		b.Fatal(err)
	}
	defer store.Close()
	benchmarkHit(b, store)
}

var _ recorder.Store = (*redisstore.Store)(nil)
