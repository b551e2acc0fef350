package replay_test

import (
	"context"
	"fmt"
	"iter"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"example.com/cannery/fixtures"
	"example.com/cannery/replay"
	"example.com/cannery/testutil/sample"
)

// A memoryStore is recordings that are served from memory.
type memoryStore struct {
	recs  []*fixtures.Recording
	rules fixtures.Rules
}

func (s *memoryStore) View(context.Context) (fixtures.View, error) {
	return fixtures.View{Rules: &s.rules}, nil
}

func (s *memoryStore) Takes(_ context.Context, _ fixtures.View, key fixtures.Key, _ *fixtures.Request) (takes fixtures.Takes, err error) {
	for _, rec := range s.recs {
		if s.rules.Key(&rec.Request) == key {
			takes.Recordings = append(takes.Recordings, rec)
		}
	}
	if takes.Recordings == nil {
		err = fixtures.ErrNotFound
	}
	return takes, err
}

func (s *memoryStore) Recordings(context.Context) iter.Seq2[*fixtures.Recording, error] {
	return sample.All(s.recs...)
}

// record appends what live mode would: each unsafe request moves the clock.
func (s *memoryStore) record(history string) {
	takes, clock := map[rune]int{}, uint64(1)
	for i, c := range history {
		takes[c]++
		rec := &fixtures.Recording{Take: takes[c], Clock: clock}
		rec.Request = request(c)
		rec.Response.Status = 200
		rec.Response.Body.Bytes = fmt.Append(nil, i)
		rec.Response.Header = http.Header{"Content-Length": {strconv.Itoa(len(rec.Response.Body.Bytes))}}
		s.recs = append(s.recs, rec)
		if !fixtures.Safe(rec.Request.Method) {
			clock++
		}
	}
}

// request is that of a letter: a to d are GETs, A to D are PUTs.
func request(c rune) fixtures.Request {
	method := http.MethodGet
	if c < 'a' {
		method = http.MethodPut
	}
	return fixtures.Request{Origin: "o", Method: method, Target: "/" + strings.ToLower(string(c))}
}

// FuzzTakesKeepTheirOrder: whatever was recorded, and whatever is asked.
func FuzzTakesKeepTheirOrder(f *testing.F) {
	f.Add("aAa", "aaaAaa")
	f.Add("aaabAabBab", "abababAABBabab")
	f.Add("aAaAaAa", "AAAa")
	f.Add("abcdABCDabcd", "dcbaDCBAdcba")
	f.Add("abcdABCDaCDabcbcd", "Adcba")
	f.Fuzz(func(t *testing.T, history, asked string) {
		known := func(c rune) rune {
			if strings.ContainsRune("abcdABCD", c) {
				return c
			}
			return -1
		}
		history, asked = strings.Map(known, history), strings.Map(known, asked)
		if len(history) > 50 || len(asked) > 100 {
			return
		}
		s := &memoryStore{}
		s.record(history)
		p := &replay.Proxy{Sequence: &replay.Sequence{Store: s, Catalog: &replay.Catalog{Store: s}}, Origin: replay.Origin{Name: "o"}}
		checkOrder(t, p, history, asked)
		p.Reset()
		for i, c := range history {
			if got := ask(p, c); got != i {
				t.Fatalf("%q replayed as recorded: request %d got what was recorded at %d", history, i, got)
			}
		}
		p.Reset()
		checkPolls(t, p, history, strings.ToLower(asked))
	})
}

// checkOrder asks in any order. Every request gets an answer of its own, and the
// state that a GET sees changes only when something was done since it saw the last.
func checkOrder(t *testing.T, p *replay.Proxy, history, asked string) {
	t.Helper()
	latest := map[rune]int{}
	for n, c := range asked {
		got := ask(p, c)
		if !strings.ContainsRune(history, c) {
			if got >= 0 {
				t.Fatalf("%q is not in %q and was answered", c, history)
			}
			continue
		}
		last, before := latest[c]
		switch {
		case got < 0:
			t.Fatalf("%q, asked %q: request %d is a miss", history, asked, n)
		case rune(history[got]) != c:
			t.Fatalf("%q, asked %q: request %d got another request's answer", history, asked, n)
		case c < 'a' && got < last:
			t.Fatalf("%q, asked %q: request %d went back from %d to %d", history, asked, n, last, got)
		case c >= 'a' && !before && !strings.ContainsFunc(asked[:n], unicode.IsUpper):
			last = strings.IndexRune(history, c)
			fallthrough
		case c >= 'a' && before && !strings.ContainsFunc(asked[strings.LastIndex(asked[:n], string(c)):n], unicode.IsUpper):
			if got < last || strings.ContainsFunc(history[last:got], unicode.IsUpper) {
				t.Fatalf("%q, asked %q: nothing was done and request %d went from %d to %d", history, asked, n, last, got)
			}
		}
		latest[c] = got
	}
}

// checkPolls replays a history in its order and asks a GET more after each request.
// It sees the newest state that nothing keeps it from.
func checkPolls(t *testing.T, p *replay.Proxy, history, polls string) {
	t.Helper()
	for i := range history {
		if got := ask(p, rune(history[i])); history[i] < 'a' && got != i {
			t.Fatalf("%q with polls %q: request %d got what was recorded at %d", history, polls, i, got)
		}
		if polls == "" {
			continue
		}
		poll := polls[i%len(polls)]
		if strings.IndexByte(history, poll) < 0 {
			continue
		}
		first, end := newest(history, i, poll)
		if got := ask(p, rune(poll)); got < first || got > end {
			t.Fatalf("%q with polls %q: after %d, %q got what was recorded at %d, not between %d and %d", history, polls, i, poll, got, first, end)
		}
	}
}

// newest returns where in a history the newest takes of a GET stand whose barriers
// are open when it has been replayed up to a place: the first and the last.
func newest(history string, replayed int, get byte) (first, last int) {
	first = strings.IndexByte(history, get)
	last = first
	for {
		next := strings.IndexByte(history[last+1:], get)
		if next < 0 {
			return first, last
		}
		next += last + 1
		between := history[last+1 : next]
		put := get - 'a' + 'A'
		about := func(c rune) bool {
			return unicode.IsUpper(c) && (byte(c) == put || strings.IndexByte(between, put) < 0)
		}
		if at := strings.LastIndexFunc(between, about); at >= 0 {
			if last+1+at > replayed {
				return first, last
			}
			first = next
		}
		last = next
	}
}

// ask returns the place in the history of the answer, -1 for a miss.
func ask(p *replay.Proxy, c rune) int {
	req := request(c)
	w := httptest.NewRecorder()
	p.ServeHTTP(w, httptest.NewRequest(req.Method, req.Target, nil))
	place := -1
	if w.Code == http.StatusOK {
		fmt.Sscan(w.Body.String(), &place)
	}
	return place
}

// TestPollsNeverEndAWait: every take of the group is seen once, its last one
// until the next group begins.
func TestPollsNeverEndAWait(t *testing.T) {
	s := &memoryStore{}
	s.record("aaaAaa")
	p := &replay.Proxy{Sequence: &replay.Sequence{Store: s, Catalog: &replay.Catalog{Store: s}, AfterLast: replay.FailAfterLast}, Origin: replay.Origin{Name: "o"}}
	var got []int
	for _, c := range "aaaaaAaaa" {
		got = append(got, ask(p, c))
	}
	if want := []int{0, 1, 2, 2, 2, 3, 4, 5, -1}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// TestANewRoundWaitsAgain: with LoopTakes the first state comes again when all
// takes have been served, and the next one not before the PUT is made again.
func TestANewRoundWaitsAgain(t *testing.T) {
	s := &memoryStore{}
	s.record("aAaa")
	for asked, want := range map[string][]int{
		"aAaaaAaaaaA": {0, 1, 2, 3, 0, 1, 2, 3, 0, 0, 1},
		"aaAaaaaAa":   {0, 0, 1, 2, 3, 0, 0, 1, 2},
		"aAaaAaaAaa":  {0, 1, 2, 3, 1, 2, 3, 1, 2, 3}, // the PUT begins the round
	} {
		p := &replay.Proxy{Sequence: &replay.Sequence{Store: s, Catalog: &replay.Catalog{Store: s}, AfterLast: replay.LoopTakes}, Origin: replay.Origin{Name: "o"}}
		var got []int
		for _, c := range asked {
			got = append(got, ask(p, c))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q: got %v, want %v", asked, got, want)
		}
	}
}

// TestAQueryByPostHoldsNothingBack: a method that is answered from recordings
// changes nothing, so that nothing waits for it.
func TestAQueryByPostHoldsNothingBack(t *testing.T) {
	s := &memoryStore{}
	s.record("aAa")
	for methods, want := range map[string][]int{"PUT": {0, 2}, "POST": {0, 0}} {
		p := &replay.Proxy{Sequence: &replay.Sequence{Store: s, Catalog: &replay.Catalog{Store: s, Methods: fixtures.Methods{methods}}}, Origin: replay.Origin{Name: "o"}}
		if got := []int{ask(p, 'a'), ask(p, 'a')}; !slices.Equal(got, want) {
			t.Errorf("%s changes nothing: got %v, want %v", methods, got, want)
		}
	}
}

// TestAFloodOfSessionsIsBounded: the one that was used longest ago begins anew,
// the others go on.
func TestAFloodOfSessionsIsBounded(t *testing.T) {
	s := &memoryStore{}
	s.record("aa")
	p := &replay.Proxy{Sequence: &replay.Sequence{Store: s, Catalog: &replay.Catalog{Store: s}}, Origin: replay.Origin{Name: "o"}}
	in := func(session string) string {
		r := httptest.NewRequest("GET", "/a", nil)
		r.Header.Set(fixtures.SessionField, session)
		w := httptest.NewRecorder()
		p.ServeHTTP(w, r)
		return w.Body.String()
	}
	in("old")
	in("kept")
	for i := range 9_999 {
		in(fmt.Sprint("s", i))
		if i == 5_000 {
			in("kept")
		}
	}
	if old, kept := in("old"), in("kept"); old != "0" || kept != "1" {
		t.Errorf("the oldest session got take %s, one in use %s", old, kept)
	}
}

func TestTheStatusOfAMissIsChosen(t *testing.T) {
	s := &memoryStore{}
	p := &replay.Proxy{Sequence: &replay.Sequence{Store: s, Catalog: &replay.Catalog{Store: s}}, Origin: replay.Origin{Name: "o"}, Answers: replay.Answers{MissStatus: http.StatusTeapot}}
	w := httptest.NewRecorder()
	p.ServeHTTP(w, httptest.NewRequest("GET", "/a", nil))
	if w.Code != http.StatusTeapot || w.Header().Get("X-Cache") != "MISS" || w.Header().Get("Content-Type") != "application/problem+json" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
}

// BenchmarkReplay measures an offline HIT of a request with two takes, of which
// the second is behind a barrier that is shut, among 1,000 other recordings.
func BenchmarkReplay(b *testing.B) {
	s := &memoryStore{}
	s.record("aAa" + strings.Repeat("bB", 500))
	p := &replay.Proxy{Sequence: &replay.Sequence{Store: indexed{s, map[fixtures.Key]fixtures.Takes{}}, Catalog: &replay.Catalog{Store: s}}, Origin: replay.Origin{Name: "o"}}
	r := httptest.NewRequest("GET", "/a", nil)
	measureHits(b, p, r)
}

// indexed is a memoryStore that finds takes at once.
type indexed struct {
	*memoryStore
	takes map[fixtures.Key]fixtures.Takes
}

func (s indexed) Takes(ctx context.Context, view fixtures.View, key fixtures.Key, req *fixtures.Request) (fixtures.Takes, error) {
	takes, ok := s.takes[key]
	if ok {
		return takes, nil
	}
	takes, err := s.memoryStore.Takes(ctx, view, key, req)
	s.takes[key] = takes
	return takes, err
}
