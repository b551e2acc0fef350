package replay_test

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"example.com/cannery/fixtures"
	"example.com/cannery/replay"
)

// tasks is a stateful origin: log in, create tasks, list, poll and delete them.
// A task is done when it has been asked for twice.
func tasks() http.HandlerFunc {
	var mu sync.Mutex
	asked := map[string]int{}
	made := 0
	mux := http.NewServeMux()
	mux.HandleFunc("POST /login", func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "sid", Value: "s-" + r.FormValue("user"), Secure: true})
		fmt.Fprintf(w, `{"user":%q}`, r.FormValue("user"))
	})
	mux.HandleFunc("POST /tasks", func(w http.ResponseWriter, r *http.Request) {
		made++
		id := fmt.Sprint("t", made)
		asked[id] = 0
		w.Header().Set("Location", "http://"+r.Host+"/tasks/"+id)
		w.WriteHeader(http.StatusCreated)
		fmt.Fprintf(w, `{"id":%q}`, id)
	})
	mux.HandleFunc("GET /tasks", func(w http.ResponseWriter, _ *http.Request) {
		json.NewEncoder(w).Encode(slices.Sorted(maps.Keys(asked)))
	})
	mux.HandleFunc("GET /tasks/{id}", func(w http.ResponseWriter, r *http.Request) {
		n, ok := asked[r.PathValue("id")]
		if !ok {
			http.Error(w, "gone", http.StatusNotFound)
			return
		}
		asked[r.PathValue("id")]++
		fmt.Fprintf(w, `{"done":%v}`, n >= 2)
	})
	mux.HandleFunc("DELETE /tasks/{id}", func(w http.ResponseWriter, r *http.Request) {
		delete(asked, r.PathValue("id"))
		w.WriteHeader(http.StatusNoContent)
	})
	return func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		mux.ServeHTTP(w, r)
	}
}

// A visitor is a client of the tasks that keeps cookies and follows links.
type visitor struct {
	client  http.Client
	base    string // with a slash at its end
	session string // sent in the header when not empty
	seen    []string
	err     error
}

func newVisitor(base, session string) *visitor {
	jar, err := cookiejar.New(nil)
	return &visitor{client: http.Client{Jar: jar}, base: base, session: session, err: err}
}

// ask sends a request to a link, relative to the base or absolute, notes what
// comes back and returns it.
func (v *visitor) ask(method, link, form string) (text, location string) {
	if v.err != nil {
		return "", ""
	}
	base, err := url.Parse(v.base)
	if err != nil {
		v.err = err
		return "", ""
	}
	to, err := base.Parse(link)
	if err != nil {
		v.err = err
		return "", ""
	}
	req, err := http.NewRequest(method, to.String(), strings.NewReader(form))
	if err != nil {
		v.err = err
		return "", ""
	}
	if form != "" {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if v.session != "" {
		req.Header.Set(fixtures.SessionField, v.session)
	}
	res, err := v.client.Do(req)
	if err != nil {
		v.err = err
		return "", ""
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		v.err = err
	}
	v.seen = append(v.seen, fmt.Sprintf("%s %d %s", method, res.StatusCode, strings.TrimSpace(string(body))))
	return string(body), res.Header.Get("Location")
}

// visit is the whole flow. What it sees depends on what it is told only.
func (v *visitor) visit() []string {
	v.ask("POST", "login", "user=ada")
	v.ask("GET", "tasks", "")
	_, task := v.ask("POST", "tasks", "name=a")
	v.ask("GET", "tasks", "")
	for range 10 { // until it is done
		if text, _ := v.ask("GET", task, ""); strings.Contains(text, "true") {
			break
		}
	}
	_, other := v.ask("POST", "tasks", "name=a")
	v.ask("GET", "tasks", "")
	v.ask("DELETE", task, "")
	v.ask("GET", task, "")
	v.ask("DELETE", other, "")
	v.ask("GET", "tasks", "")
	return v.seen
}

func TestAFlowReplaysInFiftySessionsAtOnce(t *testing.T) {
	b := setUp(t, tasks(), recording)
	recorded := newVisitor(b.URL+"/", "")
	want := recorded.visit()
	if recorded.err != nil {
		t.Fatal(recorded.err)
	}
	off := b.goOffline(t, nil)
	var all sync.WaitGroup
	for i := range 50 {
		v := newVisitor(off.URL+"/", fmt.Sprint("test-", i))
		if i%2 == 0 {
			v = newVisitor(fmt.Sprintf("%s/__cannery/session/test-%d/", off.URL, i), "")
		}
		all.Go(func() {
			if got := v.visit(); v.err != nil || !slices.Equal(got, want) {
				t.Errorf("session %q at %s: %v\nsaw  %q\nwant %q", v.session, v.base, v.err, got, want)
			}
		})
	}
	all.Wait()
	if stats := off.proxy.Stats(); stats.Misses != 0 || stats.Hits != int64(50*len(want)) {
		t.Errorf("%+v, want %d hits", stats, 50*len(want))
	}
}

// TestSessionsHaveTimelinesOfTheirOwn: the same requests, recorded with other
// answers for each session, and for none.
func TestSessionBaseURLNeedsNoSlash(t *testing.T) {
	b := setUp(t, func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.RequestURI) }, nil)
	for rest, want := range map[string]string{
		"": "/", "/": "/", "?x=1": "/?x=1", "/?x=1": "/?x=1", "?x=/y": "/?x=/y", "?": "/?", "//a": "//a", "/a?b": "/a?b",
	} {
		if a := b.get(t, "/__cannery/session/s"+rest); a.status != 200 || a.body != want {
			t.Errorf("%q: %d %q, want %q", rest, a.status, a.body, want)
		}
	}
	asked := b.originAsked()
	for _, own := range []string{"/__cannery", "/__cannery/", "/__cannery?x=1", "/__cannery/session"} {
		if a := b.get(t, own); a.status != http.StatusNotFound || !strings.Contains(a.body, "cannery's own") {
			t.Errorf("%s: %d %s", own, a.status, a.body)
		}
	}
	if b.originAsked() != asked {
		t.Error("the origin was asked for cannery's own paths")
	}
	if a := b.get(t, "/__canneryx"); a.body != "/__canneryx" {
		t.Errorf("the origin's path: %d %s", a.status, a.body)
	}
}

func TestSessionsHaveTimelinesOfTheirOwn(t *testing.T) {
	const n = 50
	b := setUp(t, func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s %s", r.Method, r.Header.Get("X-Says"))
	}, recording)
	script := []string{"GET", "GET", "PUT", "GET", "DELETE", "GET"}
	for i := range n {
		session := fmt.Sprint("s", i)
		if i == 0 {
			session = "" // the requests of no session
		}
		for step, method := range script {
			pairs := []string{"X-Says", fmt.Sprint(session, "/", step)}
			if session != "" {
				pairs = append(pairs, fixtures.SessionField, session)
			}
			b.do(t, method, "/n", "", pairs...)
		}
	}
	off := b.goOffline(t, func(p *replay.Proxy) { p.Sequence.AfterLast = replay.FailAfterLast })
	replayed := func(session, recorded string) {
		for step, method := range script {
			pairs := []string{fixtures.SessionField, session}
			if session == "" {
				pairs = nil
			}
			want := fmt.Sprintf("%s %s/%d", method, recorded, step)
			if a := off.do(t, method, "/n", "", pairs...); a.body != want {
				t.Errorf("session %q: %q, want %q", session, a.body, want)
			}
		}
		if a := off.get(t, "/n", fixtures.SessionField, session); a.status != http.StatusFailedDependency {
			t.Errorf("session %q after its last take: %d %q", session, a.status, a.body)
		}
	}
	var all sync.WaitGroup
	for i := range n {
		session := fmt.Sprint("s", i)
		if i == 0 {
			session = ""
		}
		all.Go(func() { replayed(session, session) })
		// Sessions without recordings see those of none, each from the first.
		all.Go(func() { replayed(fmt.Sprint("other-", i), "") })
	}
	all.Wait()
}

func TestResetRewindsOneSessionOrAll(t *testing.T) {
	b := setUp(t, counter(), nil)
	flow := []string{"GET /n", "PUT /n", "GET /n"}
	want := b.ask(t, flow...)
	off := b.goOffline(t, nil)
	walk := func(session string) string {
		var seen []string
		for _, request := range flow {
			method, target, _ := strings.Cut(request, " ")
			a := off.do(t, method, target, "", fixtures.SessionField, session)
			seen = append(seen, fmt.Sprint(a.status, " ", a.body))
		}
		if slices.Equal(seen, want) {
			return "anew"
		}
		return "further"
	}
	reset := func(what string) {
		t.Helper()
		if a := off.do(t, "POST", "/__cannery/reset", "", replay.ResetField, what); a.status != 200 || !strings.Contains(a.body, what) {
			t.Errorf("reset %q: %d %s", what, a.status, a.body)
		}
	}
	state := func() string { return walk("a") + " " + walk("b") }
	for _, c := range []struct {
		before func()
		want   string
	}{
		{func() {}, "anew anew"},
		{func() {}, "further further"},
		{func() { reset("session=a") }, "anew further"},
		{func() { reset("session=b") }, "further anew"},
		{func() { reset("session=") }, "further further"},
		{func() { reset("all") }, "anew anew"},
		{func() { off.proxy.Reset("a", "b") }, "anew anew"},
		{func() { off.proxy.Reset() }, "anew anew"},
	} {
		c.before()
		if got := state(); got != c.want {
			t.Errorf("sessions a and b went on %s, want %s", got, c.want)
		}
	}
}
