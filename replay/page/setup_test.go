package page_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"example.com/cannery/fixtures/dir"
	"example.com/cannery/replay"
	"example.com/cannery/replay/page"
)

// A bench is an offline proxy on a set of fixtures, with its page.
type bench struct {
	*httptest.Server
	proxy *replay.Proxy
	files *dir.Library
	dir   string
}

// A fixture is one of the set: text is what its answer has.
type fixture struct {
	Method, URL string
	Header      map[string][]string
	Body        string // text
	Status      int
	Answer      map[string][]string
	Text        string
}

func (f fixture) document() []byte {
	request := map[string]any{"method": f.Method, "url": f.URL}
	if f.Header != nil {
		request["headers"] = f.Header
	}
	if f.Body != "" {
		request["body"] = map[string]any{"text": f.Body}
	}
	doc, err := json.Marshal(map[string]any{
		"request":  request,
		"response": map[string]any{"status": f.Status, "headers": f.Answer, "body": map[string]any{"text": f.Text}},
	})
	if err != nil {
		panic(err)
	}
	return doc
}

func get(url, text string) fixture {
	return fixture{Method: "GET", URL: url, Status: 200, Answer: map[string][]string{"Content-Type": {"text/plain"}}, Text: text}
}

// setUp serves fixtures, which are named 0.json and so on, and where one is a further
// take of the one before, 0.2.json. Changes may be nil.
func setUp(t *testing.T, changes func(*bench) page.Changes, all ...fixture) *bench {
	t.Helper()
	b := &bench{dir: t.TempDir()}
	name, take := 0, 1
	for i, f := range all {
		if take++; i == 0 || f.URL != all[i-1].URL || f.Method != all[i-1].Method {
			name, take = i, 1
		}
		file := fmt.Sprintf("%d.%d.json", name, take)
		if take == 1 {
			file = fmt.Sprintf("%d.json", name)
		}
		if err := os.WriteFile(filepath.Join(b.dir, file), f.document(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	files, err := dir.OpenLibrary(t.Context(), b.dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	b.files = files
	b.proxy = &replay.Proxy{Sequence: &replay.Sequence{Store: files, Catalog: &replay.Catalog{Store: files}}}
	b.serve(t, changes)
	return b
}

// serve serves the bench's proxy with its page.
func (b *bench) serve(t *testing.T, changes func(*bench) page.Changes) {
	t.Helper()
	var can page.Changes
	if changes != nil {
		can = changes(b)
	}
	b.proxy.Answers.Page = page.New(b.proxy, can)
	b.Server = httptest.NewServer(b.proxy)
	t.Cleanup(func() {
		b.proxy.Stop()
		b.Close()
	})
}

type answer struct {
	status int
	header http.Header
	body   string
}

// do sends a request with header pairs, and follows no redirect.
func (b *bench) do(t *testing.T, method, target, form string, pairs ...string) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, b.URL+target, strings.NewReader(form))
	if err != nil {
		t.Fatal(err)
	}
	if form != "" {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i] == "Host" {
			req.Host = pairs[i+1]
		}
		req.Header.Set(pairs[i], pairs[i+1])
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{res.StatusCode, res.Header, string(body)}
}

func (b *bench) get(t *testing.T, target string, pairs ...string) answer {
	t.Helper()
	return b.do(t, "GET", target, "", pairs...)
}

// post presses a button: it sends a form with the page's token.
func (b *bench) post(t *testing.T, name, form string, pairs ...string) answer {
	t.Helper()
	return b.do(t, "POST", replay.PagePath+name, "token="+b.token(t)+"&"+form, append(pairs, "Origin", b.URL)...)
}

// token returns what forms have.
func (b *bench) token(t *testing.T) string {
	t.Helper()
	_, rest, found := strings.Cut(b.get(t, replay.PagePath+"misses").body+b.get(t, replay.PagePath+"sessions").body, `name="token" value="`)
	if !found {
		t.Fatal("no form has a token")
	}
	token, _, _ := strings.Cut(rest, `"`)
	return token
}

// id returns the first recording's.
func (b *bench) id(t *testing.T) string {
	t.Helper()
	_, rest, found := strings.Cut(b.get(t, replay.PagePath+"recordings").body, "recording?id=")
	if !found {
		t.Fatal("no recording is listed")
	}
	id, _, _ := strings.Cut(rest, `"`)
	return id
}

// wantIn fails for each text that a body does not have, or has after a "!".
func wantIn(t *testing.T, body string, texts ...string) {
	t.Helper()
	for _, text := range texts {
		text, not := strings.CutPrefix(text, "!")
		if strings.Contains(body, text) == not {
			t.Errorf("%q is in the page: %v\n%s", text, not, body)
		}
	}
}
