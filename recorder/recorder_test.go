package recorder_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.com/cannery/fixtures"
)

// declared answers with content of a declared length.
func declared(content string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", fmt.Sprint(len(content)))
		io.WriteString(w, content)
	}
}

// streamed answers with content that comes in pieces.
func streamed(pieces ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for _, piece := range pieces {
			io.WriteString(w, piece)
			http.NewResponseController(w).Flush()
		}
	}
}

func TestAnAnswerIsRecordedWhole(t *testing.T) {
	for _, size := range []int{0, 5, fixtures.InlineBody, fixtures.InlineBody + 1, 1 << 20} {
		content := strings.Repeat("x", size)
		p := before(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header()["X-Twice"] = []string{"one", "two"}
			w.Header().Set("X-Cache", "the origin's own")
			w.Header().Set("Connection", "close")
			declared(content)(w, r)
		})
		a := p.get(t, "/a?b=c")
		if a.content != content || a.cut != nil || a.Header.Get("X-Cache") != "MISS" || !a.recorded || a.err != nil {
			t.Errorf("%d bytes: got %d, %v with %v, %+v", size, len(a.content), a.cut, a.Header, a.outcome)
		}
		if len(p.store.kept) != 1 {
			t.Fatalf("%d bytes: %d recordings", size, len(p.store.kept))
		}
		c := p.store.kept[0]
		got := c.Recording.Response
		if string(got.Body.Bytes) != content || got.Status != http.StatusOK || got.Chunks != nil || c.Recording.Clock != view.Clock || c.Recording.Recorded.IsZero() {
			t.Errorf("%d bytes: %d are recorded, %d in %d pieces at %v, %d", size, len(got.Body.Bytes), got.Status, len(got.Chunks), c.Recording.Recorded, c.Recording.Clock)
		}
		if got := got.Header; !slices.Equal(got["X-Twice"], []string{"one", "two"}) || got["X-Cache"] != nil || got["Connection"] != nil {
			t.Errorf("%d bytes: the header recorded is %v", size, got)
		}
		if c.Key != rules.Key(&c.Recording.Request) || c.Replace {
			t.Errorf("%d bytes: recorded under %v, replacing: %v", size, c.Key, c.Replace)
		}
		// What is too large for one piece is the store's from the start.
		if large := size > fixtures.InlineBody; large != (len(p.store.bodies) == 1) || large != (p.store.left() == 1) {
			t.Errorf("%d bytes: the store was given %d bodies, of which %d are left", size, len(p.store.bodies), p.store.left())
		}
	}
}

func TestTheStoreHasARecordingBeforeItsClient(t *testing.T) {
	for name, origin := range map[string]http.HandlerFunc{"declared": declared("12345"), "streamed": streamed("12345")} {
		p := before(t, origin)
		res, err := http.Get(p.URL)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		if _, err := io.ReadAll(res.Body); err != nil {
			t.Fatal(err)
		}
		p.store.mu.Lock() // the request may not have ended yet
		if len(p.store.kept) != 1 {
			t.Errorf("%s: the answer was whole before the store had it", name)
		}
		p.store.mu.Unlock()
	}
}

func TestAStreamIsRecordedWithItsPieces(t *testing.T) {
	goOn := make(chan bool)
	p := before(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Trailer", "X-Sum")
		streamed("one, ")(w, r)
		<-goOn
		io.WriteString(w, "two")
		w.Header().Set("X-Sum", "8")
	})
	res, err := http.Get(p.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if _, err := io.ReadFull(res.Body, make([]byte, len("one, "))); err != nil {
		t.Fatal(err)
	}
	close(goOn)
	if rest, err := io.ReadAll(res.Body); string(rest) != "two" || err != nil {
		t.Errorf("%q, %v", rest, err)
	}
	if o := <-p.outcomes; !o.recorded {
		t.Fatalf("%+v", o)
	}
	got := p.store.kept[0].Recording.Response
	var sizes []int64
	for _, c := range got.Chunks {
		sizes = append(sizes, c.Size)
	}
	if string(got.Body.Bytes) != "one, two" || !slices.Equal(sizes, []int64{5, 3}) || got.Chunks[0].At > got.Chunks[1].At || got.Open {
		t.Errorf("%q in %v", got.Body.Bytes, got.Chunks)
	}
	if got.Trailer.Get("X-Sum") != "8" || got.Header.Get("Trailer") != "X-Sum" {
		t.Errorf("trailer %v, announced %q", got.Trailer, got.Header.Get("Trailer"))
	}
}

func TestAnswersBeyondMaxBodyAreGivenUp(t *testing.T) {
	most := 2 * fixtures.InlineBody
	within, beyond := strings.Repeat("x", most), strings.Repeat("x", most+1)
	for _, c := range []struct {
		name, content, cache string
		origin               http.HandlerFunc
		kept                 int
	}{
		{"declared within", within, "MISS", declared(within), 1},
		{"streamed within", within, "MISS", streamed(within), 1},
		{"declared beyond", beyond, "BYPASS", declared(beyond), 0},
		{"streamed beyond", beyond, "MISS", streamed(within, "x"), 0}, // nobody knew
	} {
		p := before(t, c.origin)
		p.MaxBody = int64(most)
		a := p.get(t, "/")
		if a.content != c.content || a.cut != nil || a.Header.Get("X-Cache") != c.cache || a.recorded != (c.kept == 1) {
			t.Errorf("%s: %d bytes, %v, %q, recorded: %v", c.name, len(a.content), a.cut, a.Header.Get("X-Cache"), a.recorded)
		}
		if len(p.store.kept) != c.kept || p.store.left() != c.kept {
			t.Errorf("%s: %d recordings, %d bodies left", c.name, len(p.store.kept), p.store.left())
		}
	}
}

func TestACutAnswerLeavesNothing(t *testing.T) {
	cut := func(size int, length string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if length != "" {
				w.Header().Set("Content-Length", length)
			}
			streamed(strings.Repeat("x", size))(w, r)
			panic(http.ErrAbortHandler)
		}
	}
	for name, origin := range map[string]http.HandlerFunc{
		"declared":        cut(5, "6"),
		"declared, large": cut(fixtures.InlineBody+1, "200000"),
		"streamed":        cut(5, ""),
		"streamed, large": cut(fixtures.InlineBody+1, ""),
	} {
		p := before(t, origin)
		a := p.get(t, "/")
		if a.cut == nil || a.recorded {
			t.Errorf("%s: the client was given %d bytes for the whole, recorded: %v", name, len(a.content), a.recorded)
		}
		if len(p.store.kept) != 0 || p.store.left() != 0 || len(p.stored) != 0 {
			t.Errorf("%s: %d recordings, %d bodies left, told of %v", name, len(p.store.kept), p.store.left(), p.stored)
		}
		if len(p.remarks) != 1 || !strings.HasPrefix(p.remarks[0], "not recorded: it was cut short") {
			t.Errorf("%s: remarks are %q", name, p.remarks)
		}
	}
}

func TestAnewReplacesWhatWasThereOnce(t *testing.T) {
	for _, anew := range []bool{false, true} {
		p := before(t, declared("answer"))
		p.Anew = anew
		var replaced []bool
		for _, target := range []string{"/a", "/a", "/b", "/a", "/b"} {
			p.get(t, target)
			replaced = append(replaced, p.store.kept[len(p.store.kept)-1].Replace)
		}
		if diff := cmp.Diff([]bool{anew, false, anew, false, false}, replaced); diff != "" {
			t.Errorf("anew: %v (-want +got)\n%s", anew, diff)
		}
	}
}

func TestAnAnswerThatCannotBeKept(t *testing.T) {
	down := errors.New("the store is down")
	for _, c := range []struct {
		name        string
		err         error
		anew, whole bool
		told        []error
	}{
		{"is given all the same", down, false, true, []error{down}},
		{"is cut where recording is the work", down, true, false, []error{down}},
		{"since another was first is no loss", fixtures.ErrExists, false, true, nil},
		{"since the store was cleared is no loss", fixtures.ErrLate, false, true, nil},
	} {
		p := before(t, declared("answer"))
		p.store.refuse, p.Anew = c.err, c.anew
		a := p.get(t, "/")
		if whole := a.cut == nil && a.content == "answer"; whole != c.whole || a.recorded {
			t.Errorf("an answer that %s: %q, %v, recorded: %v", c.name, a.content, a.cut, a.recorded)
		}
		if !slices.Equal(p.stored, c.told) {
			t.Errorf("an answer that %s: told of %v", c.name, p.stored)
		}
	}
}

func TestWhatAnUnsafeRequestChangesBecomesStale(t *testing.T) {
	status := http.StatusCreated
	p := before(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", "items/1?a=b")
		w.Header().Set("Content-Location", "http://elsewhere.test/base/items")
		w.WriteHeader(status)
	})
	p.Origin.Path = "/base"
	p.change = func(c *fixtures.Commit) { c.Recording.Request.Session = "s" }
	resources := func(targets ...string) (all []fixtures.Resource) {
		for _, target := range targets {
			all = append(all, rules.Resource("", originName, target), rules.Resource("s", originName, target))
		}
		return all
	}
	for _, c := range []struct {
		method string
		status int
		want   []fixtures.Resource
	}{
		{http.MethodPost, http.StatusCreated, resources("/list", "/items/1?a=b")},
		{http.MethodDelete, http.StatusSeeOther, resources("/list", "/items/1?a=b")},
		{http.MethodPost, http.StatusNotFound, nil},
		{http.MethodPost, http.StatusInternalServerError, nil},
		{http.MethodGet, http.StatusCreated, nil},
	} {
		p.store.stale, status = nil, c.status
		p.ask(t, c.method, "/list", "")
		if diff := cmp.Diff(c.want, p.store.stale); diff != "" {
			t.Errorf("%s, %d (-want +got)\n%s", c.method, c.status, diff)
		}
	}
}

func TestARequestReachesTheOriginAsItCame(t *testing.T) {
	var got *http.Request
	p := before(t, func(_ http.ResponseWriter, r *http.Request) {
		content, _ := io.ReadAll(r.Body)
		got = r.Clone(t.Context())
		got.Header.Set("Content", string(content))
	})
	p.Origin.Path = "/base/"
	const target = "/a//%7e/./b?q=%2F&q;=+"
	p.ask(t, http.MethodPost, target, "content", "Range: bytes=0-1", "X-Forwarded-For: client", "X-Own: 1")
	if got.RequestURI != "/base"+target || got.Host != p.Origin.Host || got.Header.Get("Content") != "content" || got.Header.Get("Range") == "" ||
		got.Header.Get("X-Own") != "1" || !slices.Equal(got.Header["X-Forwarded-For"], []string{"client"}) {
		t.Errorf("%s of %s with %v", got.RequestURI, got.Host, got.Header)
	}
	if kept := p.store.kept[0].Recording.Request; string(kept.Body) != "content" || kept.Target != target {
		t.Errorf("recorded is %q, %q", kept.Target, kept.Body)
	}
	// The whole is fetched of what is a HIT later.
	p.ask(t, http.MethodGet, target, "", "Range: bytes=0-1", `If-None-Match: "a"`)
	if got.Header["Range"] != nil || got.Header["If-None-Match"] != nil || got.Header["X-Forwarded-For"] != nil {
		t.Errorf("a GET with %v", got.Header)
	}
}

func TestWhatWasRecordedMeanwhileIsNotAskedForAgain(t *testing.T) {
	for _, c := range []struct {
		name       string
		last       int
		known      bool
		asked      int
		looksAgain bool
	}{
		{"nothing is new", 0, true, 1, false},
		{"another variant is", 1, false, 1, true},
		{"this one is", 1, true, 0, true},
		{"the store has not looked", fixtures.LastUnknown, true, 0, true},
	} {
		p := before(t, declared("answer"))
		looked := false
		p.store.last, p.flight, p.again = c.last, "variant", func() bool { looked = true; return c.known }
		a := p.get(t, "/")
		if errors.Is(a.err, fixtures.ErrExists) != (c.asked == 0) || p.asked != c.asked || looked != c.looksAgain {
			t.Errorf("%s: %v, the origin was asked %d times, looked: %v", c.name, a.err, p.asked, looked)
		}
		if p.store.leased != 1 || p.store.released == 0 {
			t.Errorf("%s: %d leases, of which %d were released", c.name, p.store.leased, p.store.released)
		}
	}
}

func TestFetchWithholdsWhatItRecords(t *testing.T) {
	for _, c := range []struct {
		status             int
		content            string
		recorded, answered bool
	}{
		{http.StatusOK, "whole", true, false},
		{http.StatusInternalServerError, "whole", false, true},
		{http.StatusOK, strings.Repeat("too long", 10), false, false},
	} {
		p := before(t, func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(c.status)
			streamed(c.content)(w, r)
		})
		p.MaxBody = 20
		r, w := httptest.NewRequest(http.MethodGet, "/", nil), httptest.NewRecorder()
		commit := &fixtures.Commit{View: view, Recording: &fixtures.Recording{}}
		recorded, answered, err := p.Fetch(w, r, commit, "", nil)
		if recorded != c.recorded || answered != c.answered || err != nil {
			t.Errorf("%+v: recorded: %v, answered: %v, %v", c, recorded, answered, err)
		}
		if passed := w.Body.String() == c.content && w.Code == c.status; passed != c.answered || !passed && w.Body.Len() > 0 {
			t.Errorf("%+v: the client got %d, %q", c, w.Code, w.Body)
		}
	}
}

func TestAnOriginThatIsNotThereIsAProblem(t *testing.T) {
	p := before(t, declared("answer"))
	if err := p.Unreachable(); err != nil {
		t.Errorf("an origin that was not asked: %v", err)
	}
	there := p.Origin.Host
	gone := httptest.NewServer(nil)
	gone.Close()
	p.Origin.Host = gone.Listener.Addr().String()
	a := p.get(t, "/a")
	var problem *fixtures.Problem
	if !errors.As(a.err, &problem) || problem.Status != http.StatusBadGateway || !strings.Contains(problem.Detail, p.Origin.Host) {
		t.Errorf("%v", a.err)
	}
	if a.StatusCode != http.StatusTeapot { // the test's own: nothing had been written
		t.Errorf("the client got %d", a.StatusCode)
	}
	if err := p.Unreachable(); !errors.Is(err, a.err) {
		t.Errorf("unreachable for %v", err)
	}
	p.Origin.Host = there
	p.get(t, "/a")
	if err := p.Unreachable(); err != nil {
		t.Errorf("an origin that has answered: %v", err)
	}
}
