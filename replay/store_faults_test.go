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
	"example.com/cannery/testutil/wire"
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
	return onRedisAs(t, redisstore.Config{URL: server.URL()}, change)
}

// onRedisAs is onRedis with settings; without a size of its memory it has one.
func onRedisAs(t *testing.T, cfg redisstore.Config, change func(*bench)) (func(*bench), *lines) {
	t.Helper()
	if cfg.CacheBytes == 0 {
		cfg.CacheBytes = 16 << 20
	}
	store := openRedis(t, cfg)
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

// openRedis opens a store until the test ends. On a busy machine it may take longer than
// somebody at a terminal waits.
func openRedis(t *testing.T, cfg redisstore.Config) *redisstore.Store {
	t.Helper()
	store, err := redisstore.Open(t.Context(), cfg)
	for tries := 0; err != nil && tries < 3; tries++ {
		store, err = redisstore.Open(t.Context(), cfg)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	return store
}

// TestARemovalThatDropsARecordingIsTold: what was asked for before its removal is
// not kept after it, and that is no silent loss. What was not removed is kept.
func TestARemovalThatDropsARecordingIsTold(t *testing.T) {
	said := &lines{}
	var b *bench
	b = setUp(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/under-way" {
			for _, match := range []string{"/other", "/under-way?removed"} {
				if _, err := b.store.Remove(r.Context(), fixtures.Filter{Match: match}, false); err != nil {
					t.Error(err)
				}
			}
		}
		io.WriteString(w, "answered")
	}, func(b *bench) {
		b.recorder.Remark = func(r *http.Request, _, why string) { said.say(r.RequestURI + ": " + why) }
	})
	b.get(t, "/other")
	for target, next := range map[string]string{"/under-way": "HIT", "/under-way?removed": "MISS"} {
		if a := b.get(t, target); a.body != "answered" || a.cache() != "MISS" {
			t.Errorf("%s: %d %s %s", target, a.status, a.cache(), a.body)
		}
		if a := b.get(t, target); a.cache() != next {
			t.Errorf("%s is a %s then, want a %s", target, a.cache(), next)
		}
	}
	got := said.all()
	if len(got) != 2 || !strings.Contains(got[0]+got[1], "/under-way?removed: recordings were removed") || strings.Contains(got[0]+got[1], "/under-way: ") {
		t.Errorf("it was told: %q", got)
	}
}

// A redisFault is what can befall a Redis, or the way to it, until it ends. The
// Redis that was killed comes back empty.
type redisFault struct {
	begin, end func(*storetest.RedisServer, *wire.Wire)
}

func mend(_ *storetest.RedisServer, w *wire.Wire) { w.Mend() }

var redisFaults = map[string]redisFault{
	"killed": {
		func(s *storetest.RedisServer, _ *wire.Wire) { s.Kill() },
		func(s *storetest.RedisServer, _ *wire.Wire) { s.Restart() },
	},
	"hangs": {
		func(s *storetest.RedisServer, _ *wire.Wire) { s.Pause() },
		func(s *storetest.RedisServer, _ *wire.Wire) { s.Resume() },
	},
	"its network hangs":   {func(_ *storetest.RedisServer, w *wire.Wire) { w.Hang() }, mend},
	"resets":              {func(_ *storetest.RedisServer, w *wire.Wire) { w.Reset() }, mend},
	"refuses":             {func(_ *storetest.RedisServer, w *wire.Wire) { w.Refuse() }, mend},
	"is cut in mid-reply": {func(_ *storetest.RedisServer, w *wire.Wire) { w.CutAfter(3) }, mend},
	"closes":              {func(_ *storetest.RedisServer, w *wire.Wire) { w.CutAfter(0) }, mend},
	"is too slow":         {func(_ *storetest.RedisServer, w *wire.Wire) { w.Delay(time.Minute) }, mend},
}

// wantLines fails unless an outage was told of by one line when it began and one when it
// ended.
func wantLines(t *testing.T, said *lines, what string) {
	t.Helper()
	if got := said.all(); len(got) != 2 || !strings.HasPrefix(got[0], what+": ") || !strings.Contains(got[1], "over after") {
		t.Errorf("one line for the begin and one for the end: %q", got)
	}
}

// recover asks until the store answers again.
func (b *bench) recover(t *testing.T, target string, isDown func(answer) bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); isDown(b.get(t, target)); {
		if time.Now().After(deadline) {
			t.Fatal("it does not recover")
		}
	}
}

// faultTimeout is how long tests let a Redis take: long enough for a busy machine, as
// most of them do not wait for it.
const faultTimeout = 2 * time.Second

func TestStoreDownIsNotAMiss(t *testing.T) {
	t.Parallel()
	for name, fault := range redisFaults {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := storetest.StartRedis(t)
			between := wire.To(t, server.Addr)
			text := strings.Repeat("whole ", 10_000)
			redis, said := onRedisAs(t, redisstore.Config{Addr: between.Addr, Timeout: faultTimeout}, nil)
			b := setUp(t, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, text) }, redis)
			b.get(t, "/")
			if a := b.get(t, "/"); a.cache() != "HIT" {
				t.Fatalf("before the fault: %s", a.cache())
			}
			fault.begin(server, between)
			began := time.Now()
			passes := func() {
				t.Helper()
				if a := b.get(t, "/"); a.status != 200 || a.body != text || a.cache() != "BYPASS" {
					t.Errorf("while the store is down: %d %s, %d bytes", a.status, a.cache(), len(a.body))
				}
			}
			var wg sync.WaitGroup
			for range 50 {
				wg.Go(passes)
			}
			wg.Wait()
			if took := time.Since(began); took > 4*faultTimeout {
				t.Errorf("50 requests took %v while the store was down", took)
			}
			began = time.Now()
			for range 20 {
				passes()
			}
			if took := time.Since(began); took > 20*faultTimeout/4 {
				t.Errorf("one after another they took %v each when it was known that the store is down", took/20)
			}
			fault.end(server, between)
			b.recover(t, "/", func(a answer) bool { return a.cache() == "BYPASS" })
			if a := b.get(t, "/"); a.cache() != "HIT" || a.body != text {
				t.Errorf("after the fault: %s", a.cache())
			}
			wantLines(t, said, "store is down")
		})
	}
}

// TestAHangingStoreDelaysByItsTimeout: the default is a second.
func TestAHangingStoreDelaysByItsTimeout(t *testing.T) {
	t.Parallel()
	server := storetest.StartRedis(t)
	redis, _ := onRedis(t, server, nil)
	b := setUp(t, echo(), redis)
	b.get(t, "/")
	server.Pause()
	defer server.Resume()
	began := time.Now()
	if a := b.get(t, "/"); a.status != 200 || a.cache() != "BYPASS" {
		t.Errorf("%d %s", a.status, a.cache())
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("it took %v", took)
	}
}

// TestASlowStoreIsNoOutage: its answers come in time, each by itself.
func TestASlowStoreIsNoOutage(t *testing.T) {
	t.Parallel()
	server := storetest.StartRedis(t)
	between := wire.To(t, server.Addr)
	redis, said := onRedisAs(t, redisstore.Config{Addr: between.Addr, Timeout: 10 * time.Second}, nil)
	b := setUp(t, echo(), redis)
	between.Delay(20 * time.Millisecond)
	for i, want := range []string{"MISS", "HIT"} {
		if a := b.get(t, "/"); a.cache() != want || !strings.HasPrefix(a.body, "1 ") {
			t.Errorf("answer %d: %v, want %s", i, a, want)
		}
	}
	if got := said.all(); len(got) != 0 {
		t.Errorf("it was told: %q", got)
	}
}

// TestAFlappingStoreHarmsNoAnswer breaks the way to a Redis in all ways, again and again,
// while clients ask at full speed.
func TestAFlappingStoreHarmsNoAnswer(t *testing.T) {
	t.Parallel()
	const clients, targets = 12, 10
	answers := 1200
	if testing.Short() {
		answers = 300
	}
	server := storetest.StartRedis(t)
	between := wire.To(t, server.Addr)
	redis, _ := onRedisAs(t, redisstore.Config{Addr: between.Addr, Timeout: faultTimeout, CacheBytes: 1 << 20}, nil)
	text := func(target string) string { return strings.Repeat(target+"\n", 40_000) } // in pieces
	b := setUp(t, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, text(r.URL.Path)) }, redis)
	given := make(chan string, clients)
	var wg sync.WaitGroup
	for c := range clients {
		wg.Go(func() {
			for i := range answers / clients {
				target := fmt.Sprint("/", (c+i)%targets)
				a, err := b.try(t, t.Context(), target)
				if err != nil || a.status != 200 || a.body != text(target) {
					t.Errorf("%s: %d %s with %d bytes, %v", target, a.status, a.cache(), len(a.body), err)
				}
				given <- a.cache()
			}
		})
	}
	faults := []func(){between.Cut, between.Reset, between.Hang, between.Refuse, func() { between.CutAfter(2) }, func() { between.CutAfter(1000) }, func() { between.CutAfter(300_000) }}
	caches := map[string]int{}
	for i := range answers / clients * clients {
		caches[<-given]++
		switch i % 40 {
		case 10:
			faults[i/40%len(faults)]()
		case 30:
			between.Mend()
		}
	}
	wg.Wait()
	between.Mend()
	for i := range targets {
		target := fmt.Sprint("/", i)
		b.recover(t, target, func(a answer) bool { return a.cache() != "HIT" || a.body != text(target) })
	}
	t.Logf("answers: %v", caches)
	if caches["BYPASS"] == 0 || caches["HIT"] == 0 {
		t.Errorf("nothing flapped: %v", caches)
	}
}

// TestALargeHitOutlivesAFault has the way to Redis break when a part of the content is
// out, which cannot be had from the origin any more.
func TestALargeHitOutlivesAFault(t *testing.T) {
	t.Parallel()
	text := strings.Repeat("large ", 3_000_000)
	origin := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", strconv.Itoa(len(text)))
		io.WriteString(w, text)
	}
	for name, fault := range map[string]func(*storetest.RedisServer, *wire.Wire){
		"cut": func(_ *storetest.RedisServer, w *wire.Wire) { w.Cut() },
		"cut in reply": func(_ *storetest.RedisServer, w *wire.Wire) {
			w.CutAfter(100_000)
			time.AfterFunc(100*time.Millisecond, w.Mend)
		},
		"refuses": func(_ *storetest.RedisServer, w *wire.Wire) { w.Refuse(); time.AfterFunc(100*time.Millisecond, w.Mend) },
		"hangs":   func(s *storetest.RedisServer, _ *wire.Wire) { s.Pause(); time.AfterFunc(faultTimeout*5/4, s.Resume) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := storetest.StartRedis(t)
			between := wire.To(t, server.Addr)
			redis, _ := onRedisAs(t, redisstore.Config{Addr: between.Addr, Timeout: faultTimeout, CacheBytes: 1 << 20}, nil)
			b := setUp(t, origin, redis)
			b.recover(t, "/", func(a answer) bool { return a.cache() != "HIT" })
			res, err := b.plainClient().Get(b.URL)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			begin := make([]byte, 100_000)
			if _, err := io.ReadFull(res.Body, begin); err != nil {
				t.Fatal(err)
			}
			fault(server, between)
			rest, err := io.ReadAll(res.Body)
			if got := string(begin) + string(rest); err != nil || got != text || res.Header.Get("X-Cache") != "HIT" {
				t.Errorf("%s: %d of %d bytes, %v", res.Header.Get("X-Cache"), len(got), len(text), err)
			}
		})
	}
	t.Run("killed", func(t *testing.T) {
		t.Parallel()
		server := storetest.StartRedis(t)
		redis, _ := onRedisAs(t, redisstore.Config{URL: server.URL(), Timeout: faultTimeout, CacheBytes: 1 << 20}, nil)
		b := setUp(t, origin, redis)
		b.recover(t, "/", func(a answer) bool { return a.cache() != "HIT" })
		res, err := b.plainClient().Get(b.URL)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		server.Kill()
		server.Restart() // empty
		if got, err := io.ReadAll(res.Body); err == nil || len(got) >= len(text) || !strings.HasPrefix(text, string(got)) {
			t.Errorf("%d of %d bytes, %v: the client sees no cut", len(got), len(text), err)
		}
	})
}

func TestStoreDownFailsWhereRecordingIsTheJob(t *testing.T) {
	t.Parallel()
	modes := map[string]func(*bench){
		"record":            func(b *bench) { b.proxy.Cache.Anew, b.proxy.Origin.FailWhenDown, b.recorder.Anew = true, true, true },
		"--store-down fail": func(b *bench) { b.proxy.Origin.FailWhenDown = true },
	}
	for name, fault := range redisFaults {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := storetest.StartRedis(t)
			between := wire.To(t, server.Addr)
			for mode, change := range modes {
				redis, said := onRedisAs(t, redisstore.Config{Addr: between.Addr, Timeout: faultTimeout}, func(b *bench) { change(b); b.proxy.Cache.Down.What = "store is down" })
				b := setUp(t, echo(), redis)
				b.get(t, "/")
				asked := b.originAsked()
				fault.begin(server, between)
				a := b.get(t, "/")
				if a.status != 503 || a.header.Get("Content-Type") != "application/problem+json" || !strings.Contains(a.body, "store unreachable") {
					t.Errorf("%s: %v", mode, a)
				}
				if b.originAsked() != asked {
					t.Errorf("%s: the origin was asked while the store was down", mode)
				}
				fault.end(server, between)
				b.recover(t, "/", func(a answer) bool { return a.status == 503 })
				wantLines(t, said, "store is down")
			}
		})
	}
}

func TestStoreThatRefusesWritesLosesNoAnswer(t *testing.T) {
	t.Parallel()
	do := func(args ...any) func(*testing.T, *storetest.RedisServer) {
		return func(t *testing.T, server *storetest.RedisServer) {
			if err := server.Client().Do(t.Context(), args...).Err(); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, refuse := range map[string]func(*testing.T, *storetest.RedisServer){
		"OOM":        do("CONFIG", "SET", "maxmemory", "1"),
		"NOREPLICAS": do("CONFIG", "SET", "min-replicas-to-write", "3"),
		"READONLY":   do("REPLICAOF", "127.0.0.1", "1"),
		"MISCONF":    func(_ *testing.T, server *storetest.RedisServer) { server.FailToSave() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := storetest.StartRedis(t)
			var lost *replay.Outage
			redis, said := onRedis(t, server, nil)
			b := setUp(t, func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/large" {
					io.WriteString(w, strings.Repeat("large ", 100_000))
				}
				echo()(w, r)
			}, func(b *bench) {
				redis(b)
				lost = &replay.Outage{What: "recordings are lost", Say: said.say}
				b.recorder.Stored = lost.Report
			})
			b.get(t, "/before")
			refuse(t, server)
			for _, target := range []string{"/", "/large"} {
				for i := range 3 {
					if a := b.get(t, target); a.status != 200 || !strings.HasSuffix(a.body, "GET "+target+" ") || target == "/large" && len(a.body) < 600_000 || a.cache() != "MISS" {
						t.Errorf("request %d: %d %s, %d bytes", i, a.status, a.cache(), len(a.body))
					}
				}
			}
			if a := b.get(t, "/before"); a.cache() != "HIT" {
				t.Errorf("what is recorded: %s", a.cache())
			}
			got := said.all()
			if len(got) != 1 || !strings.HasPrefix(got[0], "recordings are lost: ") || !strings.Contains(got[0], name+" ") {
				t.Errorf("the cause is said once: %q", got)
			}
			if n := lost.Lost(); n != 6 {
				t.Errorf("%d are counted as lost, want 6", n)
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

// TestDamagedRecordingIsRepaired by the MISS that it is live. Offline it is an error that
// names it.
func TestDamagedRecordingIsRepaired(t *testing.T) {
	t.Parallel()
	const key, other = "cannery:damaged", "cannery:other" // stand for those that a request has
	for name, damage := range map[string]func(value string) []any{
		"garbage":   func(string) []any { return []any{"HSET", key, "1", "damaged"} },
		"truncated": func(value string) []any { return []any{"HSET", key, "1", value[:len(value)-1]} },
		"one bit": func(value string) []any {
			return []any{"HSET", key, "1", value[:40] + string(value[40]^1) + value[41:]}
		},
		"empty":              func(string) []any { return []any{"HSET", key, "1", ""} },
		"of the wrong type":  func(string) []any { return []any{"SET", key, "a string"} },
		"of no number":       func(string) []any { return []any{"HSET", key, "n", "many"} },
		"of another request": func(string) []any { return []any{"COPY", other, key, "REPLACE"} },
		"a further take":     func(value string) []any { return []any{"HSET", key, "1", value, "n", 2, "2", "damaged", "v2", ""} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := storetest.StartRedis(t)
			client := server.Client()
			redis, _ := onRedis(t, server, nil)
			b := setUp(t, echo(), redis)
			takes := map[string]string{}
			for _, target := range []string{"/other", "/damaged"} {
				b.get(t, target)
				keys, err := client.Keys(t.Context(), "*:takes:*").Result()
				if err != nil {
					t.Fatal(err)
				}
				for _, found := range keys {
					if found != takes[other] {
						takes["cannery:"+target[1:]] = found
					}
				}
			}
			value, err := client.HGet(t.Context(), takes[key], "1").Result()
			if err != nil {
				t.Fatal(err)
			}
			command := damage(value)
			for i, arg := range command {
				if place, ok := takes[fmt.Sprint(arg)]; ok {
					command[i] = place
				}
			}
			if err := client.Do(t.Context(), command...).Err(); err != nil {
				t.Fatal(err)
			}
			off := b.goOffline(t, func(p *replay.Proxy) {
				store := openRedis(t, redisstore.Config{URL: server.URL()})
				p.Sequence.Store, p.Sequence.Catalog = store, &replay.Catalog{Store: store}
				p.Origin.Name = b.origin.URL
			})
			if a := off.get(t, "/damaged"); a.status != http.StatusInternalServerError || !strings.Contains(a.body, "recording damaged") || !strings.Contains(a.body, takes[key]) {
				t.Errorf("offline: %d %s, want a 500 that names %q", a.status, a.body, takes[key])
			}
			if a := off.get(t, "/other"); a.cache() != "HIT" || !strings.HasPrefix(a.body, "1 ") {
				t.Errorf("offline, the other: %v", a)
			}

			live, _ := onRedis(t, server, nil) // with no local copy
			again := setUp(t, echo(), func(repaired *bench) {
				live(repaired)
				repaired.proxy.Origin.Name = b.origin.URL
			})
			for i, want := range []string{"MISS", "HIT"} {
				if a := again.get(t, "/damaged"); a.cache() != want || a.body != "1 GET /damaged " {
					t.Errorf("answer %d: %v, want a %s", i, a, want)
				}
			}
			if a := again.get(t, "/other"); a.cache() != "HIT" || !strings.HasPrefix(a.body, "1 ") {
				t.Errorf("the other: %v", a)
			}
		})
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

func TestConcurrentMissesAreOneFlightOverTwoProxiesOnRedis(t *testing.T) {
	server := storetest.StartRedis(t)
	// On a busy machine 200 clients make a store slow; that is another test's.
	redis, _ := onRedisAs(t, redisstore.Config{URL: server.URL(), Timeout: 30 * time.Second}, nil)
	arrived, proceed := make(chan struct{}, 200), make(chan struct{})
	text := strings.Repeat("whole ", 50_000)
	b := setUp(t, func(w http.ResponseWriter, r *http.Request) {
		arrived <- struct{}{}
		<-proceed
		// A stream, which may have no end, is not waited for as long.
		w.Header().Set("Content-Length", strconv.Itoa(len(text)))
		io.WriteString(w, text)
	}, redis)
	second, _ := onRedisAs(t, redisstore.Config{URL: server.URL(), Timeout: 30 * time.Second}, nil)
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
