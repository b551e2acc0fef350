package replay_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/cannery/replay"
)

// goOffline closes the origin and puts an offline proxy in front of what has
// been recorded. Change may alter it before the first request; it may be nil.
func (b *bench) goOffline(t *testing.T, change func(*replay.Proxy)) *bench {
	t.Helper()
	b.origin.Close()
	off := &bench{store: b.store, dir: b.dir}
	off.proxy = &replay.Proxy{
		Sequence: &replay.Sequence{Store: b.store, Catalog: &replay.Catalog{Store: b.store}},
		Events: replay.Events{Log: func(e replay.Entry) {
			off.mu.Lock()
			defer off.mu.Unlock()
			off.entries = append(off.entries, e)
		}},
	}
	if change != nil {
		change(off.proxy)
	}
	off.Server = httptest.NewUnstartedServer(off.proxy)
	off.Config.DisableGeneralOptionsHandler = true
	off.Config.Protocols = b.Config.Protocols
	off.Start()
	t.Cleanup(off.Close)
	return off
}

// counter is an origin whose state is a number: GET returns it, PUT raises it.
func counter() http.HandlerFunc {
	var mu sync.Mutex
	n := 0
	return func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if r.Method == http.MethodPut {
			n++
		}
		fmt.Fprintf(w, "%s %d", r.Method, n)
	}
}

// everyAnswer is an origin that never says the same twice.
func everyAnswer() http.HandlerFunc {
	var mu sync.Mutex
	n := 0
	return func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body) // what is not sent whole is not recorded
		mu.Lock()
		defer mu.Unlock()
		n++
		fmt.Fprintf(w, "answer %d", n)
	}
}

// recording makes a bench record every answer.
func recording(b *bench) {
	b.proxy.Cache.Anew = true
	b.recorder.Anew = true
}

// ask sends requests, "METHOD TARGET" each, and returns status and content.
func (b *bench) ask(t *testing.T, requests ...string) []string {
	t.Helper()
	var got []string
	for _, request := range requests {
		var method, target string
		fmt.Sscan(request, &method, &target)
		a := b.do(t, method, target, "")
		if a.status == http.StatusFailedDependency {
			a.body = "miss"
		}
		got = append(got, fmt.Sprintf("%d %s", a.status, a.body))
	}
	return got
}

func (b *bench) wantAnswers(t *testing.T, requests, want []string) {
	t.Helper()
	if diff := cmp.Diff(want, b.ask(t, requests...)); diff != "" {
		t.Errorf("%q (-want +got):\n%s", requests, diff)
	}
}

func TestAChangeIsNotSeenBeforeItIsMade(t *testing.T) {
	b := setUp(t, counter(), nil)
	b.ask(t, "GET /n", "PUT /n", "GET /n", "PUT /n", "GET /n")
	for _, c := range []struct{ requests, want []string }{
		{
			[]string{"GET /n", "PUT /n", "GET /n", "PUT /n", "GET /n"},
			[]string{"200 GET 0", "200 PUT 1", "200 GET 1", "200 PUT 2", "200 GET 2"},
		},
		{ // more polls than were recorded
			[]string{"GET /n", "GET /n", "GET /n", "PUT /n", "GET /n", "GET /n", "GET /n", "PUT /n", "GET /n", "GET /n"},
			[]string{"200 GET 0", "200 GET 0", "200 GET 0", "200 PUT 1", "200 GET 1", "200 GET 1", "200 GET 1", "200 PUT 2", "200 GET 2", "200 GET 2"},
		},
		{ // fewer
			[]string{"PUT /n", "GET /n", "PUT /n", "GET /n"},
			[]string{"200 PUT 1", "200 GET 1", "200 PUT 2", "200 GET 2"},
		},
		{
			[]string{"PUT /n", "PUT /n", "GET /n"},
			[]string{"200 PUT 1", "200 PUT 2", "200 GET 2"},
		},
		{ // HEAD has what GET has, and uses nothing up
			[]string{"HEAD /n", "GET /n", "HEAD /n", "PUT /n", "GET /n"},
			[]string{"200 ", "200 GET 0", "200 ", "200 PUT 1", "200 GET 1"},
		},
	} {
		b.goOffline(t, nil).wantAnswers(t, c.requests, c.want)
	}
}

func TestEachOfManyGetsATakeOfItsOwn(t *testing.T) {
	const n = 100
	b := setUp(t, everyAnswer(), recording)
	for range n {
		b.get(t, "/")
	}
	off := b.goOffline(t, nil)
	var mu sync.Mutex
	got := map[string]int{}
	var all sync.WaitGroup
	for range n {
		all.Go(func() {
			res, err := http.Get(off.URL + "/")
			if err != nil {
				t.Error(err)
				return
			}
			defer res.Body.Close()
			body, err := io.ReadAll(res.Body)
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			got[string(body)]++
		})
	}
	all.Wait()
	for i := range n {
		if answer := fmt.Sprintf("answer %d", i+1); got[answer] != 1 {
			t.Errorf("%q came %d times", answer, got[answer])
		}
	}
}

func TestWhatComesAfterTheLastTakeIsChosen(t *testing.T) {
	b := setUp(t, everyAnswer(), recording)
	b.ask(t, "GET /", "GET /", "POST /", "POST /")
	four := []string{"GET /", "GET /", "GET /", "GET /", "GET /"}
	post := []string{"POST /", "POST /", "POST /", "POST /", "POST /"}
	for _, c := range []struct {
		after     replay.AfterLast
		get, post []string
	}{
		{
			replay.RepeatLast,
			[]string{"200 answer 1", "200 answer 2", "200 answer 2", "200 answer 2", "200 answer 2"},
			[]string{"200 answer 3", "200 answer 4", "200 answer 4", "200 answer 4", "200 answer 4"},
		},
		{
			replay.FailAfterLast,
			[]string{"200 answer 1", "200 answer 2", "424 miss", "424 miss", "424 miss"},
			[]string{"200 answer 3", "200 answer 4", "424 miss", "424 miss", "424 miss"},
		},
		{
			replay.LoopTakes,
			[]string{"200 answer 1", "200 answer 2", "200 answer 1", "200 answer 2", "200 answer 1"},
			[]string{"200 answer 3", "200 answer 4", "200 answer 3", "200 answer 4", "200 answer 3"},
		},
	} {
		off := b.goOffline(t, func(p *replay.Proxy) { p.Sequence.AfterLast = c.after })
		off.wantAnswers(t, four, c.get)
		off.wantAnswers(t, post, c.post)
	}
}
