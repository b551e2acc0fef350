package replay_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.com/cannery/fixtures"
	"example.com/cannery/fixtures/localstore"
	"example.com/cannery/replay"
	"example.com/cannery/replay/explain"
	"example.com/cannery/testutil/sample"
	"example.com/cannery/testutil/storetest"
)

const recordedOrigin = "https://api.example.com"

// recordedAs makes a recording by hand. The request is "METHOD TARGET", followed
// by header pairs; the body is that of the request.
func recordedAs(request, body string, pairs ...string) *fixtures.Recording {
	rec := &fixtures.Recording{Recorded: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	req := &rec.Request
	req.Method, req.Target, _ = strings.Cut(request, " ")
	req.Origin, req.Body, req.Header = recordedOrigin, []byte(body), http.Header{}
	for i := 0; i < len(pairs); i += 2 {
		req.Header.Add(pairs[i], pairs[i+1])
	}
	rec.Response = fixtures.Response{Status: 200, Header: http.Header{}, Body: fixtures.Body{Bytes: []byte("recorded")}}
	return rec
}

func recordedIn(session, request string) *fixtures.Recording {
	rec := recordedAs(request, "")
	rec.Request.Session = session
	return rec
}

// imported is a store of recordings and rules.
func imported(t testing.TB, rules fixtures.Rules, recs ...*fixtures.Recording) *localstore.Store {
	t.Helper()
	store := storetest.OpenLocal(t, t.TempDir(), 64<<20)
	reimport(t, store, rules, recs...)
	return store
}

func reimport(t testing.TB, store *localstore.Store, rules fixtures.Rules, recs ...*fixtures.Recording) {
	t.Helper()
	if _, err := store.Import(t.Context(), rules, sample.All(recs...), false); err != nil {
		t.Fatal(err)
	}
}

func offlineOn(store *localstore.Store) *replay.Proxy {
	return &replay.Proxy{Sequence: &replay.Sequence{Store: store, Catalog: &replay.Catalog{Store: store}}}
}

// A told is a miss as its client sees it.
type told struct {
	Title, Detail, Hint, Case string
	Status                    int
	Explanation               []string
	Nearest                   *struct{ Method, URL, Origin, Session, Fixture string }
	Rule                      *explain.Rule
}

// send sends a request, as recordedAs has it, to a proxy.
func send(t testing.TB, p *replay.Proxy, request, body string, pairs ...string) (*http.Response, string) {
	t.Helper()
	method, target, _ := strings.Cut(request, " ")
	r := httptest.NewRequest(method, "http://proxy.test/", strings.NewReader(body))
	r.RequestURI = target
	if body == "" {
		r.Body = http.NoBody
	}
	for i := 0; i < len(pairs); i += 2 {
		r.Header.Add(pairs[i], pairs[i+1])
	}
	w := httptest.NewRecorder()
	p.ServeHTTP(w, r)
	res := w.Result()
	content, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(content)
}

// missOf sends a request that must be a miss.
func missOf(t testing.TB, p *replay.Proxy, request, body string, pairs ...string) told {
	t.Helper()
	res, content := send(t, p, request, body, pairs...)
	var got told
	if err := json.Unmarshal([]byte(content), &got); err != nil {
		t.Fatalf("%s: %s: %v in %s", request, res.Status, err, content)
	}
	if res.StatusCode != http.StatusFailedDependency || res.Header.Get("X-Cache") != "MISS" || res.Header.Get("Content-Type") != "application/problem+json" {
		t.Fatalf("%s: %s with %v: %s", request, res.Status, res.Header, content)
	}
	return got
}

func TestNearestIsWhatTheFewestChangesMake(t *testing.T) {
	const js = "application/json"
	store := imported(t, fixtures.Rules{},
		recordedAs("GET /users?page=1&size=20", ""),
		recordedAs("GET /users?page=1&size=50", ""),
		recordedAs("GET /users/42/orders", ""),
		recordedAs("GET /users/42/orders/7", ""),
		recordedAs("POST /users", `{"name":"Ann","age":40}`, "Content-Type", js),
		recordedAs("POST /users", `{"name":"Bob","age":41}`, "Content-Type", js),
		recordedAs("PUT /users/42", "", "Content-Type", js),
		recordedIn("s1", "GET /cart"),
		recordedAs("GET /carts", ""),
	)
	for _, c := range []struct{ request, body, kind, near string }{
		{"GET /users?page=2&size=50", "", "differs", "GET /users?page=1&size=50"},
		{"GET /users?size=20", "", "differs", "GET /users?page=1&size=20"},
		{"GET /usres/42/orders", "", "differs", "GET /users/42/orders"},
		{"GET /users/42/orders/", "", "differs", "GET /users/42/orders"},
		{"GET /users/42/orders/8", "", "differs", "GET /users/42/orders/7"},
		{"GET /USERS/42/orders/7", "", "differs", "GET /users/42/orders/7"},
		{"GET /users/4%32/orders", "", "differs", "GET /users/42/orders"},
		{"POST /users", `{"age":41,"name":"Bobby"}`, "differs", "POST /users"},
		{"PATCH /users/42", "", "differs", "PUT /users/42"},
		{"GET /cart", "", "other-session", "GET /cart"},
		{"GET /nothing/like/it", "", "never-recorded", ""},
	} {
		got := missOf(t, offlineOn(store), c.request, c.body, "Content-Type", js)
		near := ""
		if got.Nearest != nil {
			near = got.Nearest.Method + " " + got.Nearest.URL
		}
		if got.Case != c.kind || near != c.near {
			t.Errorf("%s: %s, nearest %q, want %s, %q", c.request, got.Case, near, c.kind, c.near)
		}
	}
	bob := missOf(t, offlineOn(store), "POST /users", `{"age":41,"name":"Bobby"}`, "Content-Type", js)
	if text := strings.Join(bob.Explanation, "\n"); !strings.Contains(text, "  body $.name\n  - \"Bobby\"\n  + \"Bob\"\n") || strings.Contains(text, "Ann") {
		t.Errorf("not compared with Bob:\n%s", text)
	}
}

func TestLogAnswerAndListenerGetTheSameText(t *testing.T) {
	p := offlineOn(imported(t, fixtures.Rules{}, recordedAs("GET /users", "")))
	var logged, heard string
	p.Events.Log = func(e replay.Entry) { logged = e.Note }
	p.Events.OnMiss = func(u replay.Unmatched) { heard = u.Text }
	got := missOf(t, p, "GET /usesr", "")
	want := strings.Join(got.Explanation, "\n")
	if logged != want || heard != want || got.Detail != got.Explanation[0] || got.Hint == "" {
		t.Errorf("the log has\n%s\nthe listener\n%s\nthe answer\n%s", logged, heard, want)
	}
}

func TestSecretsFindTheirPlaceholdersAndAreNeverShown(t *testing.T) {
	const js = "application/json"
	store := imported(t, fixtures.Rules{Redact: []string{"json:$.tenant"}},
		recordedAs("POST /login?api_key=REDACTED-api-key-1", `{"user":"ann","password":"REDACTED-password-1","tenant":"REDACTED-tenant-1"}`, "Content-Type", js))
	p := offlineOn(store)
	res, body := send(t, p, "POST /login?api_key=a1b2c3d4e5f6g7h8", `{"tenant":"acme-corp","password":"hunter22","user":"ann"}`, "Content-Type", js)
	if res.StatusCode != 200 || body != "recorded" {
		t.Errorf("with the real secrets: %s %s", res.Status, body)
	}
	got := missOf(t, p, "POST /login?api_key=a1b2c3d4e5f6g7h8", `{"tenant":"acme-corp","password":"hunter22","user":"anna"}`, "Content-Type", js, "Authorization", "Bearer sk_live_0123456789abcdefghij")
	text := fmt.Sprintf("%+v %+v", got, *got.Nearest)
	for _, secret := range []string{"a1b2c3d4", "hunter22", "acme-corp", "sk_live"} {
		if strings.Contains(text, secret) {
			t.Errorf("%s is shown in %s", secret, text)
		}
	}
	want := []string{"  --- your request", "  +++ nearest recording", "  body $.user", `  - "anna"`, `  + "ann"`, "        ^"}
	if diff := cmp.Diff(want, got.Explanation[4:10]); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestGoneIsNotNever(t *testing.T) {
	a, b := recordedAs("GET /a-thing", ""), recordedAs("GET /other", "")
	store := imported(t, fixtures.Rules{}, a, b)
	p := offlineOn(store)
	p.Answers.Hints = explain.Hints{Store: "Redis at cache:6379", Volatile: true}
	if got := missOf(t, p, "GET /a-thing/sub/path", ""); got.Case != "never-recorded" {
		t.Errorf("before: %s", got.Case)
	}
	reimport(t, store, fixtures.Rules{}, b)
	if got := missOf(t, p, "GET /a-thing", ""); got.Case != "gone" || got.Detail != "GET /a-thing was recorded, and is gone from Redis at cache:6379." {
		t.Errorf("removed: %s: %s", got.Case, got.Detail)
	}
	reimport(t, store, fixtures.Rules{})
	got := missOf(t, p, "GET /a-thing", "")
	if got.Case != "gone" || got.Hint != "cannery start --origin "+recordedOrigin {
		t.Errorf("all removed: %s: %s", got.Case, got.Hint)
	}
	if got := missOf(t, p, "GET /never", ""); got.Case != "empty" {
		t.Errorf("not among what was there: %s", got.Case)
	}
	reimport(t, store, fixtures.Rules{}, a, b)
	if res, _ := send(t, p, "GET /a-thing", ""); res.StatusCode != 200 {
		t.Errorf("there again: %s", res.Status)
	}
}

func TestDamageElsewhereLeavesAMissAMiss(t *testing.T) {
	store := &memory{err: &fixtures.CorruptError{Place: "GET/x.json", Err: errors.New("cut short")}}
	p := &replay.Proxy{Sequence: &replay.Sequence{Store: store, Catalog: &replay.Catalog{Store: store}}, Origin: replay.Origin{Name: recordedOrigin}}
	got := missOf(t, p, "GET /a", "")
	if text := strings.Join(got.Explanation, "\n"); !strings.Contains(text, "GET/x.json") {
		t.Errorf("the damage is not named:\n%s", text)
	}
}

func TestCommandsFitTheCommandLine(t *testing.T) {
	for _, c := range []struct {
		hints explain.Hints
		want  string
	}{
		{explain.Hints{}, "cannery start --origin https://api.example.com"},
		{explain.Hints{Flags: []explain.Flag{{Name: "namespace", Value: "ci"}}}, "cannery start --origin https://api.example.com --namespace ci"},
		{explain.Hints{Fixtures: "my fixtures"}, "cannery run --origin https://api.example.com --fixtures 'my fixtures' -- COMMAND"},
		{explain.Hints{Fixtures: "f", Command: []string{"npm", "test", "a b"}}, "cannery run --origin https://api.example.com --fixtures f -- npm test 'a b'"},
		{explain.Hints{Origins: []string{"https://api.example.com", "b=http://localhost:8080"}}, "cannery start --origin https://api.example.com --origin b=http://localhost:8080"},
	} {
		p := offlineOn(imported(t, fixtures.Rules{}, recordedAs("GET /users", "")))
		p.Answers.Hints = c.hints
		if got := missOf(t, p, "GET /usesr", "").Hint; got != c.want {
			t.Errorf("%+v: %s\nwant %s", c.hints, got, c.want)
		}
	}
}

// memory is a store of a few recordings, or of none that can be read.
type memory struct {
	recs  []*fixtures.Recording
	rules fixtures.Rules
	err   error
	loads atomic.Int64
}

func (m *memory) View(context.Context) (fixtures.View, error) {
	return fixtures.View{Generation: 1, Rules: &m.rules}, nil
}

func (m *memory) Recordings(context.Context) iter.Seq2[*fixtures.Recording, error] {
	return func(yield func(*fixtures.Recording, error) bool) {
		m.loads.Add(1)
		for _, rec := range m.recs {
			if !yield(rec, nil) {
				return
			}
		}
		if m.err != nil {
			yield(nil, m.err)
		}
	}
}

func (m *memory) Takes(_ context.Context, view fixtures.View, key fixtures.Key, _ *fixtures.Request) (takes fixtures.Takes, err error) {
	for _, rec := range m.recs {
		if view.Rules.Key(&rec.Request) == key {
			takes.Recordings = append(takes.Recordings, rec)
		}
	}
	if takes.Recordings == nil {
		err = fixtures.ErrNotFound
	}
	return takes, err
}

func TestCatalogIsLoadedOnceForAll(t *testing.T) {
	store := &memory{recs: []*fixtures.Recording{recordedAs("GET /users", "")}}
	p := &replay.Proxy{Sequence: &replay.Sequence{Store: store, Catalog: &replay.Catalog{Store: store}}}
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() { missOf(t, p, "GET /usesr", "") })
	}
	wg.Wait()
	if n := store.loads.Load(); n != 1 {
		t.Errorf("the store was read %d times", n)
	}
}

// FuzzExplanation: whatever was recorded and is asked for, the answer is the
// recording or an explanation of few lines that is the same every time. The rule that
// it names makes a hit of it.
func FuzzExplanation(f *testing.F) {
	const js, form = "application/json", "application/x-www-form-urlencoded"
	f.Add("/a?b=1", js, []byte(`{"a":[1,{"b":null}]}`), "/a?b=2", js, []byte(`{"a":[2,{"b":1.0}],"c":""}`))
	f.Add("/a%2Fb?x&y=", form, []byte("a=1&a=2&%zz"), "/a/b?x=&y", form, []byte("a=2&a=1&b"))
	f.Add("/", "multipart/form-data; boundary=x", []byte("--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--x--\r\n"), "//", "multipart/form-data; boundary=y", []byte("--y\r\n\r\n1"))
	f.Add("/x", js, bytes.Repeat([]byte("["), 2000), "/x", js, append(bytes.Repeat([]byte("["), 40), bytes.Repeat([]byte("]"), 40)...))
	f.Add("/x", "text/plain", []byte("a\nb\r\n\x1b[31m"), "/x?", "", []byte{0, 0xff, 0xfe})
	f.Add("/x", js, []byte(`{"a":1,"a":2}`), "/x", js, []byte(`{"a":2}`))
	f.Add("/x/1?a=1", "text/xml", []byte(`<a b="1"><c>It is 2026-11-28</c><d/></a>`), "/x/2?a=2", "text/xml", []byte(`<a b="2"><c>It is 2026-11-29</c><d>1</d></a>`))
	f.Add("/x/12-34", "application/x-ndjson", []byte("{\"a b\":1}\n{\"c'\":\"\u0000 on 12:30\"}"), "/x/56-78", "application/x-ndjson", []byte("{\"a b\":2}\n{\"c'\":\"\u0000 on 12:31\"}"))
	f.Add("/", "", []byte("/?"), "/?\xee", "", []byte("/?"))
	f.Add("/?%1b=1", "", []byte(""), "/?%1b=2", "", []byte(""))
	f.Add("/?\x1b'=1", "", []byte(""), "/?\x1b'=2", "", []byte(""))
	f.Fuzz(func(t *testing.T, target, contentType string, body []byte, target2, contentType2 string, body2 []byte) {
		if !strings.HasPrefix(target, "/") || !strings.HasPrefix(target2, "/") || strings.HasPrefix(target2, "/__cannery/") || strings.Contains(target2, " ") {
			t.Skip()
		}
		store := &memory{recs: []*fixtures.Recording{recordedAs("POST "+target, string(body), "Content-Type", contentType)}}
		ask := func() string {
			p := &replay.Proxy{Sequence: &replay.Sequence{Store: store, Catalog: &replay.Catalog{Store: store}}}
			res, content := send(t, p, "POST "+target2, string(body2), "Content-Type", contentType2)
			if res.StatusCode != 200 && res.StatusCode != 424 {
				t.Fatalf("%s: %s", res.Status, content)
			}
			if res.StatusCode == 200 {
				return content
			}
			var got told
			if err := json.Unmarshal([]byte(content), &got); err != nil {
				t.Fatalf("%v in %s", err, content)
			}
			text := strings.Join(got.Explanation, "\n")
			if len(got.Explanation) > 40 || len(text) > 8<<10 {
				t.Errorf("%d lines, %d bytes:\n%s", len(got.Explanation), len(text), text)
			}
			if got.Case == "differs" && !strings.Contains(text, "\n  - ") {
				t.Errorf("nothing differs:\n%s", text)
			}
			for _, line := range got.Explanation {
				if strings.ContainsAny(line, "\n\r\x1b\x00") {
					t.Errorf("line %q", line)
				}
			}
			return content
		}
		first, second := ask(), ask()
		if first != second {
			t.Errorf("first\n%s\nthen\n%s", first, second)
		}
		var miss told
		if json.Unmarshal([]byte(first), &miss) != nil || miss.Rule == nil {
			return
		}
		rules, err := fixtures.Rules{Ignore: miss.Rule.Ignore, Echo: miss.Rule.Echo}.Normalize()
		if err != nil {
			t.Fatalf("%v in %s", err, first)
		}
		store.rules = rules
		p := &replay.Proxy{Sequence: &replay.Sequence{Store: store, Catalog: &replay.Catalog{Store: store}}}
		if res, content := send(t, p, "POST "+target2, string(body2), "Content-Type", contentType2); res.Header.Get("X-Cache") != "HIT" {
			t.Errorf("under the rule of\n%s\nit is\n%s", first, content)
		}
	})
}
