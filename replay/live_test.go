package replay_test

import (
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"example.com/cannery/fixtures"
	"example.com/cannery/recorder"
	"example.com/cannery/testutil/storetest"
)

func TestStatusesThatAreRecorded(t *testing.T) {
	b := setUp(t, func(w http.ResponseWriter, r *http.Request) {
		var status int
		fmt.Sscanf(r.URL.Path, "/%d", &status)
		w.WriteHeader(status)
	}, nil)
	for status, want := range map[int]string{
		200: "HIT", 201: "HIT", 204: "HIT", 301: "HIT", 302: "HIT", 400: "HIT", 404: "HIT", 410: "HIT", 422: "HIT", 451: "HIT", 401: "HIT", 403: "HIT",
		206: "BYPASS", 304: "BYPASS", 407: "BYPASS", 408: "BYPASS", 409: "BYPASS", 425: "BYPASS", 429: "BYPASS", 500: "BYPASS", 503: "BYPASS", 599: "BYPASS",
	} {
		target := fmt.Sprintf("/%d", status)
		b.get(t, target)
		if a := b.get(t, target); a.cache() != want || a.status != status {
			t.Errorf("status %d: %d %s, want %s", status, a.status, a.cache(), want)
		}
	}
	for _, status := range []int{401, 403} {
		target := fmt.Sprintf("/%d?with=credentials", status)
		b.get(t, target, "Authorization", "Bearer expired")
		if a := b.get(t, target, "Authorization", "Bearer expired"); a.cache() != "BYPASS" {
			t.Errorf("status %d for credentials is replayed", status)
		}
	}
}

func TestRecordStatusChangesWhatIsRecorded(t *testing.T) {
	b := setUp(t, func(w http.ResponseWriter, r *http.Request) {
		var status int
		fmt.Sscanf(r.URL.Path, "/%d", &status)
		w.WriteHeader(status)
	}, func(b *bench) {
		statuses, err := recorder.ParseStatuses("200, 5xx")
		if err != nil {
			t.Fatal(err)
		}
		b.recorder.Statuses = statuses
	})
	for status, want := range map[int]string{200: "HIT", 503: "HIT", 404: "BYPASS", 201: "BYPASS"} {
		target := fmt.Sprintf("/%d", status)
		b.get(t, target)
		if a := b.get(t, target); a.cache() != want {
			t.Errorf("status %d: %s, want %s", status, a.cache(), want)
		}
	}
}

// TestNotModifiedIsRecordedUnlessAskedFor: of what a condition of the client's has
// caused nobody else can make use.
func TestNotModifiedIsRecordedUnlessAskedFor(t *testing.T) {
	b := setUp(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(304) }, func(b *bench) {
		recording(b)
		b.recorder.Statuses = recorder.AllStatuses()
	})
	for _, c := range []struct{ method, field, want string }{
		{"GET", "Accept", "MISS"},
		{"GET", "If-None-Match", "MISS"}, // which does not reach the origin
		{"PUT", "If-None-Match", "BYPASS"},
	} {
		if a := b.do(t, c.method, "/"+c.field, "", c.field, `"x"`); a.status != 304 || a.cache() != c.want {
			t.Errorf("%s with %s: %d %s, want %s", c.method, c.field, a.status, a.cache(), c.want)
		}
	}
	off := b.goOffline(t, nil)
	if a := off.get(t, "/Accept"); a.status != 304 || a.cache() != "HIT" {
		t.Errorf("offline: %v", a)
	}
}

func TestUnsafeRequestsAreForwardedAndMakeTheirURLStale(t *testing.T) {
	var value atomic.Value
	value.Store("old")
	b := setUp(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Method == "GET":
			io.WriteString(w, value.Load().(string))
		case r.URL.Path == "/fail":
			w.WriteHeader(400)
		default:
			body, _ := io.ReadAll(r.Body)
			value.Store(string(body))
			w.Header().Set("Location", "/items/7")
			w.WriteHeader(201)
		}
	}, nil)
	for _, target := range []string{"/items", "/items/7", "/other", "/fail"} {
		b.get(t, target)
		if a := b.get(t, target); a.cache() != "HIT" {
			t.Fatalf("%s: %s", target, a.cache())
		}
	}
	for _, body := range []string{"new", "newer"} {
		if a := b.do(t, "POST", "/items", body); a.cache() != "MISS" || a.status != 201 {
			t.Fatalf("POST: %v", a)
		}
		for _, target := range []string{"/items", "/items/7"} {
			if a := b.get(t, target); a.cache() != "MISS" || a.body != body {
				t.Errorf("%s after POST of %q: %s %q", target, body, a.cache(), a.body)
			}
			if a := b.get(t, target); a.cache() != "HIT" || a.body != body {
				t.Errorf("%s again after POST of %q: %s %q", target, body, a.cache(), a.body)
			}
		}
	}
	if a := b.get(t, "/other"); a.cache() != "HIT" || a.body != "old" {
		t.Errorf("another URL: %v", a)
	}
	b.do(t, "DELETE", "/fail", "")
	if a := b.get(t, "/fail"); a.cache() != "HIT" {
		t.Errorf("an unsafe request that failed made its URL stale: %v", a)
	}
}

func TestMaxAgeRecordsAgain(t *testing.T) {
	b := setUp(t, echo(), func(b *bench) { b.proxy.Cache.MaxAge = time.Nanosecond })
	b.get(t, "/")
	if a := b.get(t, "/"); a.cache() != "MISS" || !strings.HasPrefix(a.body, "2 ") {
		t.Errorf("%v", a)
	}
	b = setUp(t, echo(), func(b *bench) { b.proxy.Cache.MaxAge = time.Hour })
	b.get(t, "/")
	if a := b.get(t, "/"); a.cache() != "HIT" {
		t.Errorf("%v", a)
	}
}

func TestRecordModeForwardsEverythingAndStartsAnew(t *testing.T) {
	b := setUp(t, echo(), nil)
	b.get(t, "/")
	record := func(b *bench) {
		b.proxy.Cache.Anew = true
		b.recorder.Anew = true
		b.recorder.Statuses = recorder.AllStatuses()
	}
	b.front(t, b.origin.URL, record)
	b.proxy.Origin.Name = b.origin.URL
	for i := range 3 {
		if a := b.get(t, "/"); a.cache() != "MISS" || !strings.HasPrefix(a.body, fmt.Sprint(i+2)) {
			t.Errorf("record %d: %v", i, a)
		}
	}
	view, err := b.store.View(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	req := &fixtures.Request{Origin: b.origin.URL, Method: "GET", Target: "/"}
	takes, err := b.store.Takes(t.Context(), view, view.Rules.Key(req), req)
	if err != nil {
		t.Fatal(err)
	}
	var bodies []string
	for _, rec := range takes.Recordings {
		bodies = append(bodies, string(rec.Response.Body.Bytes))
	}
	if len(bodies) != 3 || !strings.HasPrefix(bodies[0], "2 ") || !strings.HasPrefix(bodies[2], "4 ") {
		t.Errorf("takes are %q, want the three of the run", bodies)
	}
}

func TestConcurrentMissesAreOneFlight(t *testing.T) {
	arrived := make(chan struct{}, 200)
	proceed := make(chan struct{})
	text := strings.Repeat("whole ", 50_000)
	b := setUp(t, func(w http.ResponseWriter, r *http.Request) {
		arrived <- struct{}{}
		<-proceed
		w.Header().Set("Content-Length", strconv.Itoa(len(text)))
		io.WriteString(w, text)
	}, nil)
	second := storetest.OpenLocal(t, b.dir, 1<<20)
	other := &bench{store: second}
	other.front(t, b.origin.URL, nil)

	var wg sync.WaitGroup
	var misses, wrong atomic.Int32
	for i := range 200 {
		wg.Go(func() {
			front := b
			if i%2 == 1 {
				front = other
			}
			a := front.get(t, "/slow")
			if a.cache() == "MISS" {
				misses.Add(1)
			}
			if a.body != text {
				wrong.Add(1)
			}
		})
	}
	<-arrived
	close(proceed)
	wg.Wait()
	if b.originAsked() != 1 || misses.Load() != 1 || wrong.Load() != 0 {
		t.Errorf("origin asked %d times, %d misses, %d answers not whole", b.originAsked(), misses.Load(), wrong.Load())
	}
}

func TestEndlessStreamDoesNotHoldOthers(t *testing.T) {
	t.Parallel()
	done := make(chan struct{})
	b := setUp(t, func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "begun")
		w.(http.Flusher).Flush()
		select {
		case <-done:
		case <-r.Context().Done():
		}
	}, nil)
	t.Cleanup(func() { close(done) })
	for range 3 {
		res, err := b.plainClient().Get(b.URL + "/endless")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { res.Body.Close() })
		buf := make([]byte, 5)
		if _, err := io.ReadFull(res.Body, buf); err != nil {
			t.Fatal(err)
		}
	}
}

func TestChunksPassAsTheyCome(t *testing.T) {
	next := make(chan string)
	b := setUp(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		w.(http.Flusher).Flush()
		for event := range next {
			io.WriteString(w, event)
			w.(http.Flusher).Flush()
		}
	}, nil)
	res, err := b.plainClient().Get(b.URL + "/events")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	events := []string{"data: one\n\n", "data: two\n\n", "data: three\n\n"}
	for _, event := range events {
		next <- event
		// The next event is not sent before this one has been read: a proxy
		// that held it back would hang here.
		buf := make([]byte, len(event))
		if _, err := io.ReadFull(res.Body, buf); err != nil || string(buf) != event {
			t.Fatalf("read %q: %v", buf, err)
		}
	}
	close(next)
	if rest, err := io.ReadAll(res.Body); err != nil || len(rest) != 0 {
		t.Fatalf("rest %q: %v", rest, err)
	}
	a := b.get(t, "/events")
	if a.cache() != "HIT" || a.body != strings.Join(events, "") {
		t.Errorf("HIT: %v", a)
	}
	view, _ := b.store.View(t.Context())
	req := &fixtures.Request{Origin: b.origin.URL, Method: "GET", Target: "/events"}
	takes, err := b.store.Takes(t.Context(), view, view.Rules.Key(req), req)
	if err != nil {
		t.Fatal(err)
	}
	chunks := takes.Recordings[0].Response.Chunks
	if len(chunks) != 3 || chunks[0].Size != int64(len(events[0])) || chunks[2].At <= chunks[0].At {
		t.Errorf("recorded chunks: %v", chunks)
	}
}

// TestAnEventComesAtOnce measures from the event's being sent to its being read, while it
// is recorded and on replay. A busy machine may be late now and then, a proxy that waits
// is always.
func TestAnEventComesAtOnce(t *testing.T) {
	var sent atomic.Pointer[time.Time]
	send := func() { now := time.Now(); sent.Store(&now) }
	b := setUp(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		w.(http.Flusher).Flush()
		send()
		io.WriteString(w, "data: first\n\n")
		w.(http.Flusher).Flush()
		<-r.Context().Done() // there is more to come
	}, func(b *bench) { b.recorder.ReadOn = time.Millisecond })
	for _, want := range []string{"MISS", "HIT"} {
		best := time.Hour
		for i := range 10 {
			send()
			res, err := b.plainClient().Get(fmt.Sprint(b.URL, "/", i))
			if err != nil {
				t.Fatal(err)
			}
			_, err = io.ReadFull(res.Body, make([]byte, len("data: first\n\n")))
			best = min(best, time.Since(*sent.Load()))
			if got := res.Header.Get("X-Cache"); err != nil || got != want {
				t.Errorf("a %s, %v, want a %s", got, err, want)
			}
			res.Body.Close()
			for want == "MISS" && b.recordings(t) <= i { // as far as it came
				runtime.Gosched()
			}
		}
		if best > 50*time.Millisecond {
			t.Errorf("%s: the first event takes %v at best", want, best)
		}
	}
}

func TestReplaySpeedKeepsTheRecordedPace(t *testing.T) {
	b := setUp(t, func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "first")
		w.(http.Flusher).Flush()
		<-time.After(80 * time.Millisecond)
		io.WriteString(w, "second")
	}, func(b *bench) { b.proxy.Answers.ReplaySpeed = 1 })
	b.get(t, "/")
	began := time.Now()
	if a := b.get(t, "/"); a.cache() != "HIT" || a.body != "firstsecond" {
		t.Errorf("%v", a)
	}
	if took := time.Since(began); took < 70*time.Millisecond {
		t.Errorf("a stream of 80 ms was replayed in %v", took)
	}
}

// TestStoredBeforeTheLastByte asks for the HIT the moment the MISS is whole,
// on another connection.
func TestStoredBeforeTheLastByte(t *testing.T) {
	b := setUp(t, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "x") }, nil)
	for i := range 300 {
		target := fmt.Sprint("/", i)
		b.get(t, target)
		if a := b.get(t, target); a.cache() != "HIT" {
			t.Fatalf("%s was a %s right after its MISS", target, a.cache())
		}
	}
}
