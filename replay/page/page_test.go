package page_test

import (
	"bufio"
	"context"
	"fmt"
	"html"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"example.com/cannery/fixtures"
	"example.com/cannery/replay"
	"example.com/cannery/replay/page"
	"example.com/cannery/testutil/grpcecho"
)

func TestThePageReadsWithoutJavaScript(t *testing.T) {
	b := setUp(t, nil, get("/users?page=1", "first"), get("/users?page=1", "second"), get("/other", "unasked"))
	b.get(t, "/users?page=1")
	b.get(t, "/users?page=1")
	b.get(t, "/users?page=2&token=abc")
	b.get(t, "/other-session", fixtures.SessionField, "mine")
	for _, c := range []struct {
		target string
		want   []string
	}{
		{"/__cannery/", []string{"/users?page=1", "HIT", "424", "#miss-1", "!token=abc", "2 hits, 2 misses"}},
		{"/__cannery", []string{"<h1>Requests</h1>"}},
		{"/__cannery/?q=miss+mine", []string{"/other-session", "!page=1<"}},
		{"/__cannery/page/misses", []string{"query parameter page", "<mark>2</mark>", "<mark>1</mark>", "whole explanation", "session mine", "!<button>", "!abc"}},
		{"/__cannery/page/misses?page=9", []string{"There are no more"}},
		{"/__cannery/page/recordings", []string{"2 requests are recorded", "/users?page=1", "/other", "unused"}},
		{"/__cannery/page/recordings?q=USERS", []string{"/users?page=1", "!/other"}},
		{"/__cannery/page/recordings?use=unused", []string{"/other", "!/users?page=1"}},
		{"/__cannery/page/recordings?use=used", []string{"!/other", "/users?page=1"}},
		{"/__cannery/page/sessions", []string{"(none)", "Reset all"}},
	} {
		a := b.get(t, c.target)
		if a.status != 200 || a.header.Get("X-Cache") != "BYPASS" {
			t.Errorf("%s: %d %s", c.target, a.status, a.header.Get("X-Cache"))
		}
		wantIn(t, a.body, append(c.want, "!<no value>", `<html lang="en">`)...)
	}
	if stats := b.proxy.Stats(); stats.Hits != 2 || stats.Misses != 2 || stats.Bypasses != 0 {
		t.Errorf("the page is counted: %+v", stats)
	}
}

func TestARecordingIsShownWithItsTakes(t *testing.T) {
	b := setUp(t, nil,
		fixture{
			Method: "POST", URL: "/login?api_key=abcdef123456", Header: map[string][]string{"Content-Type": {"application/json"}}, Body: `{"user":"it's","password":"hunter2hunter2"}`,
			Status: 200, Answer: map[string][]string{"Content-Type": {"application/json"}}, Text: `{"access_token":"s3cr3ts3cr3t","id":1}`,
		},
	)
	id := b.id(t)
	a := b.get(t, "/__cannery/page/recording?id="+id)
	wantIn(t, html.UnescapeString(a.body), "Take 1", "unused", "0.json", `"id": 1`, "curl -X POST", "it'\\''s", "--data-raw",
		"!hunter2", "!s3cr3t", "!abcdef123456", "!Edit")
	for _, wrong := range []string{"", "0", strings.Repeat("0", 32), "x'\"<", id[:8]} {
		if a := b.get(t, "/__cannery/page/recording?id="+strings.ReplaceAll(wrong, "<", "%3C")); a.status != 404 {
			t.Errorf("recording %q: %d", wrong, a.status)
		}
	}
}

// hostile is what a recording may have anywhere.
const hostile = `"'><script>pwned=1</script><img src=x onerror=pwned=1>{{.}}` + "\u202e"

func hostileFixture() fixture {
	in := map[string][]string{"Content-Type": {hostile}, "X-A": {hostile}}
	return fixture{Method: "POST", URL: "/a?b=" + strings.NewReplacer(" ", "%20", "\u202e", "").Replace(hostile), Header: in, Body: hostile, Status: 200, Answer: in, Text: hostile}
}

func TestHostileRecordingsAreText(t *testing.T) {
	b := setUp(t, nil, hostileFixture())
	b.do(t, "POST", "/a?b="+strings.ReplaceAll(hostile[:20], " ", "%20"), hostile, "X-Cannery-Session", "s", "X-A", "<script>")
	b.get(t, "/<script>pwned=1</script>", "X-Cannery-Session", "<b>")
	for _, target := range []string{
		"/__cannery/", "/__cannery/page/misses", "/__cannery/page/recordings", "/__cannery/page/recording?id=" + b.id(t), "/__cannery/page/sessions",
		"/__cannery/?q=%22%3E%3Cscript%3Epwned%3D1", "/__cannery/page/recordings?q=%22%3E%3Cscript%3Epwned%3D1&use=%22%3E%3Cscript%3E", "/__cannery/page/%3Cscript%3Epwned", "/__cannery/page/recording?id=%3Cscript%3E",
	} {
		a := b.get(t, target)
		if strings.Count(a.body, "<script") != 1 || strings.Contains(a.body, "<img src=x") || strings.Contains(a.body, "<b>") || strings.Contains(a.body, "\u202e") {
			t.Errorf("%s lets markup through:\n%s", target, a.body)
		}
		policy := a.header.Get("Content-Security-Policy")
		if !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") || a.header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s has the policy %q", target, policy)
		}
	}
}

func TestNobodyElseGetsThePage(t *testing.T) {
	b := setUp(t, nil, get("/a", "a"))
	for _, c := range []struct {
		target string
		pairs  []string
		want   int
	}{
		{"/__cannery/", []string{"Host", "evil.example"}, 403},
		{"/__cannery/", []string{"Origin", "http://evil.example"}, 403},
		{"/__cannery/page/misses", []string{"Host", "evil.example"}, 403},
		{"/__cannery/page/events", []string{"Host", "evil.example"}, 403},
		{"/__cannery/page/script.js", []string{"Host", "evil.example"}, 403},
		{"/__cannery/page/misses", []string{"Sec-Fetch-Site", "same-origin", "Sec-Fetch-Dest", "empty"}, 403},
		{"/__cannery/page/misses", []string{"Sec-Fetch-Site", "same-origin", "Sec-Fetch-Dest", "iframe"}, 403},
		{"/__cannery/page/events", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Dest", "empty"}, 403},
		{"/__cannery/page/misses", []string{"Sec-Fetch-Site", "none", "Sec-Fetch-Dest", "document"}, 200},
		{"/__cannery/page/style.css", nil, 200},
		{"/__cannery/page/icon.svg", nil, 200},
		{"/__cannery/page/nothing", nil, 404},
		{"/__cannery/page/", nil, 404},
	} {
		if a := b.get(t, c.target, c.pairs...); a.status != c.want {
			t.Errorf("%s %q: %d, want %d", c.target, c.pairs, a.status, c.want)
		}
	}
	if a := b.do(t, "PUT", "/__cannery/", ""); a.status != 405 || a.header.Get("Allow") == "" {
		t.Errorf("PUT: %d %q", a.status, a.header.Get("Allow"))
	}
}

func TestAChangeNeedsTheTokenOfThePage(t *testing.T) {
	b := setUp(t, nil, get("/a", "first"), get("/a", "second"))
	if body := b.get(t, "/a").body; body != "first" {
		t.Fatal(body)
	}
	token := b.token(t)
	for _, c := range []struct {
		form  string
		pairs []string
	}{
		{"all=yes", nil},
		{"all=yes&token=", nil},
		{"all=yes&token=" + strings.ToLower(token), nil},
		{"all=yes&token=" + token, []string{"Origin", "http://evil.example"}},
		{"all=yes&token=" + token, []string{"Origin", "null"}},
		{"all=yes&token=" + token, []string{"Host", "evil.example"}},
		{"all=yes&token=" + token, []string{"Sec-Fetch-Site", "cross-site"}},
		{"all=yes&token=" + token, []string{"Sec-Fetch-Mode", "cors"}},
	} {
		if a := b.do(t, "POST", "/__cannery/page/reset", c.form, c.pairs...); a.status != 403 {
			t.Errorf("%q %q: %d", c.form, c.pairs, a.status)
		}
	}
	if a := b.get(t, "/__cannery/page/reset?all=yes&token="+token); a.status != 404 {
		t.Errorf("GET: %d", a.status)
	}
	if body := b.get(t, "/a").body; body != "second" {
		t.Errorf("a refused change was made: the next take is %q", body)
	}
	for form, want := range map[string]string{"all=yes": "All sessions", "session=": "without a session", "session=s": "Session s begins again"} {
		a := b.post(t, "reset", form)
		if a.status != http.StatusSeeOther {
			t.Fatalf("reset %q: %d %s", form, a.status, a.body)
		}
		wantIn(t, b.get(t, a.header.Get("Location")).body, want)
		if form == "session=s" {
			continue
		}
		if body := b.get(t, "/a").body; body != "first" {
			t.Errorf("after reset %q the take is %q", form, body)
		}
	}
	for name, form := range map[string]string{"reset": "session=<b>", "accept": "miss=1", "edit": "id=" + b.id(t), "clear": "", "nothing": ""} {
		if a := b.post(t, name, form); a.status < 400 || a.status >= 500 {
			t.Errorf("%s: %d", name, a.status)
		}
	}
}

func TestRequestsAreSentAsTheyCome(t *testing.T) {
	b := setUp(t, nil, get("/a", "a"))
	b.get(t, "/a?before")
	res, err := http.Get(b.URL + replay.PagePath + "events?after=1")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if kind := res.Header.Get("Content-Type"); kind != "text/event-stream" {
		t.Fatal(kind)
	}
	b.get(t, "/b?password=secretsecret")
	b.get(t, "/c")
	var got string
	lines := bufio.NewScanner(res.Body)
	for !strings.Contains(got, `"/c"`) && lines.Scan() {
		got += lines.Text() + "\n"
	}
	wantIn(t, got, "data: [{", "id: ", "/b?password=***", "!secretsecret", "!before")
	b.proxy.Stop()
	for lines.Scan() {
	}
	if err := lines.Err(); err != nil {
		t.Errorf("the events of a proxy that stops end with %v", err)
	}
}

// TestWhatIsNotConfirmedIsSaid once it has been waited for.
func TestWhatIsNotConfirmedIsSaid(t *testing.T) {
	warning := ""
	var steps []string
	can := func(*bench) page.Changes {
		return page.Changes{
			Pin:   func(context.Context, *fixtures.Recording, []int) error { steps = append(steps, "pin"); return nil },
			Clear: func(context.Context) (int, error) { steps = append(steps, "clear"); return 2, nil },
			Confirm: func(context.Context) string {
				steps = append(steps, "confirm")
				return warning
			},
		}
	}
	b := setUp(t, can, get("/a", "first"), get("/a", "second"))
	b.get(t, "/a") // which gives the page a session, whose form has the token
	pin := "id=" + b.id(t) + "&take=1&of=2"
	said := func(name, form string) string {
		t.Helper()
		a := b.post(t, name, form)
		if a.status != http.StatusSeeOther {
			t.Fatalf("%s: %d %s", name, a.status, a.body)
		}
		return b.get(t, a.header.Get("Location")).body
	}
	wantIn(t, said("clear", "sure=yes"), "2 recordings are removed.", "!Warning")
	wantIn(t, said("pin", pin), "Take 1 is the only answer", "!Warning")
	warning = "0 of 1 replicas"
	wantIn(t, said("clear", "sure=yes"), "2 recordings are removed.", "Warning: 0 of 1 replicas")
	wantIn(t, said("pin", pin), "Take 1 is the only answer", "Warning: 0 of 1 replicas")
	if got := strings.Join(steps, " "); got != "clear confirm pin confirm clear confirm pin confirm" {
		t.Errorf("what was done: %s", got)
	}
}

// TestManyMissesAreOnPages: and of those that a rule settles too, the first are named.
func TestManyMissesAreOnPages(t *testing.T) {
	accepted := 0
	can := func(*bench) page.Changes {
		return page.Changes{Accept: func(context.Context, []string, []string) error {
			accepted++
			return nil
		}}
	}
	b := setUp(t, can, get("/a?x=1", "a"))
	for i := range 60 {
		b.get(t, fmt.Sprintf("/a?x=no%d", i))
	}
	first := b.get(t, "/__cannery/page/misses").body
	wantIn(t, first, "60 requests had no recording", `id="miss-50"`, `!id="miss-51"`, "settles 59 other misses", "and 39 more", "misses?page=2", `rel="next"`, `!rel="prev"`)
	wantIn(t, b.get(t, "/__cannery/page/misses?page=2").body, `id="miss-60"`, `!id="miss-50"`, `rel="prev"`, `!rel="next"`)
	wantIn(t, b.get(t, "/__cannery/").body, "misses?page=2#miss-60")
	a := b.post(t, "accept", "miss=60")
	wantIn(t, b.get(t, a.header.Get("Location")).body, "query:x will not count any more", "and 39 more")
	for _, wrong := range []string{"", "0", "-1", "10000", "x"} {
		if a := b.post(t, "accept", "miss="+wrong); a.status != http.StatusConflict {
			t.Errorf("miss %q: %d", wrong, a.status)
		}
	}
	if accepted != 1 {
		t.Errorf("%d rules were written", accepted)
	}
	if a := b.do(t, "HEAD", "/__cannery/page/events", ""); a.status != 200 {
		t.Errorf("HEAD of the events: %d", a.status)
	}
}

func TestPicturesAreShownAndNothingElse(t *testing.T) {
	for kind, want := range map[string]int{"image/png": 200, "image/svg+xml": 404, "text/html": 404} {
		f := get("/p", "<script>pwned=1</script>")
		f.Answer["Content-Type"] = []string{kind}
		b := setUp(t, nil, f)
		shown := strings.Contains(b.get(t, "/__cannery/page/recording?id="+b.id(t)).body, `<img src="/__cannery/page/content?`)
		if shown != (want == 200) {
			t.Errorf("%s is shown as a picture: %v", kind, shown)
		}
		a := b.get(t, fmt.Sprintf("/__cannery/page/content?id=%s&take=1", b.id(t)))
		if a.status != want || want == 200 && (a.header.Get("Content-Type") != kind || !strings.Contains(a.header.Get("Content-Security-Policy"), "sandbox")) {
			t.Errorf("%s: %d %v", kind, a.status, a.header)
		}
	}
}

// TestMessagesOfGRPCAreShownByName, of a call and of a conversation.
func TestMessagesOfGRPCAreShownByName(t *testing.T) {
	call := func(url, rest string) string {
		return fmt.Sprintf(`{"request": {"method": "POST", "url": %q, "headers": {"Content-Type": "application/grpc"}, %s}`, "/grpc.testing.TestService/"+url, rest)
	}
	const answered = `"response": {"status": 200, "headers": {"Content-Type": "application/grpc"}, "trailers": {"Grpc-Status": "0"}`
	for doc, want := range map[string][]string{
		call("UnaryCall", `"body": {"messages": [{"json": {"responseSize": 7}}]}, "streamed": true}, `+answered+`, "body": {"messages": [{"json": {"username": "ada"}}]}, "streamed": true}`): {`"responseSize": 7`, `"username": "ada"`},
		call("FullDuplexCall", `"streamed": true}, `+answered+`}, "messages": [{"from": "client", "json": {"payload": {"body": "b25l"}}}]`):                                                   {`client: {"payload":{"body":"b25l"}}`},
	} {
		b := setUp(t, nil, get("/", ""))
		for name, content := range map[string]string{"0.json": doc, "cannery.protoset": string(grpcecho.Descriptors())} {
			if err := os.WriteFile(filepath.Join(b.dir, name), []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if err := b.files.Reload(t.Context()); err != nil {
			t.Fatal(err)
		}
		wantIn(t, html.UnescapeString(b.get(t, "/__cannery/page/recording?id="+b.id(t)).body), want...)
	}
}
