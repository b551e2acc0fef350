package check

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"example.com/cannery/fixtures"
)

// A Soaked says what a Soak came to.
type Soaked struct {
	Done  map[string]int // how often each kind of request was made
	First Usage          // once everything had been done for a while
	Last  Usage
	Wrong []string // the first few of what was wrong
	wrong int
}

func (s *Soaked) String() string {
	return fmt.Sprintf("%v; first %v; last %v; %d wrong", s.Done, s.First, s.Last, s.wrong)
}

// A soak is the machinery of a Soak.
type soak struct {
	*run
	mu     sync.Mutex
	soaked Soaked // guarded by mu
}

// Soak asks proxies for all kinds of things: recorded ones and new ones, large ones,
// streams of events and WebSockets, and leaves some of them early, while recordings are
// removed. What the process has is taken after a quarter of the time, and at the end,
// both once nothing is under way.
func Soak(t testing.TB, cfg Config) *Soaked {
	t.Helper()
	s := &soak{run: newRun(t, cfg), soaked: Soaked{Done: map[string]int{}}}
	s.begin(cfg.For / 4)
	s.soaked.First = s.settled(nil)
	s.begin(cfg.For - cfg.For/4)
	s.soaked.Last = s.settled(&s.soaked.First)
	return &s.soaked
}

// begin runs the load for a while.
func (s *soak) begin(takes time.Duration) {
	ctx, cancel := context.WithTimeout(s.t.Context(), takes)
	defer cancel()
	var running sync.WaitGroup
	s.clients(ctx, &running, 0, s.once)
	for ctx.Err() == nil {
		pause(ctx, 10*changePause)
		if _, err := s.admin.Remove(s.t.Context(), fixtures.Filter{}, false); err != nil {
			s.found("clear", err)
		}
	}
	running.Wait()
}

// settled returns what the process has once nothing is under way. What the recorder reads
// on of streams takes some seconds, so it waits for what is no more than it was first.
func (s *soak) settled(first *Usage) (now Usage) {
	for range 100 {
		s.client.CloseIdleConnections()
		s.origin.asking.Wait()
		now = UsageNow()
		if first != nil && now.Above(*first) == "" {
			break
		}
		if first == nil && now.Goroutines < 40*(s.cfg.Proxies+1) {
			break
		}
		pause(s.t.Context(), 100*time.Millisecond)
	}
	return now
}

func (s *soak) found(what string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.soaked.Done[what]++
	if err == nil {
		return
	}
	if s.soaked.wrong++; s.soaked.wrong <= 20 {
		s.soaked.Wrong = append(s.soaked.Wrong, fmt.Sprintf("%v: %s: %v", s.now(), what, err))
	}
}

// once makes one request.
func (s *soak) once(proxy string, random *rand.Rand) {
	n := random.IntN(100)
	switch {
	case n < 70:
		s.found("get", s.content(proxy, anySubject(random), 0))
	case n < 80:
		s.found("get of what is new", s.content(proxy, Subject{URL: fmt.Sprint("/new/", s.ids.Add(1))}, 0))
	case n < 88:
		s.found("get that is left", s.content(proxy, Subject{URL: anyURL(random)}, time.Duration(random.IntN(3000)+1)*time.Microsecond))
	case n < 94:
		s.found("events", s.events(proxy, "/events/"+fmt.Sprint(random.IntN(urls)), random.IntN(3) == 0))
	default:
		s.found("websocket", s.webSocket(proxy, random))
	}
}

// content asks for content, and looks at what comes unless it leaves.
func (s *soak) content(proxy string, subject Subject, leave time.Duration) error {
	a, err := s.get(proxy, subject, leave)
	switch {
	case leave > 0:
		return nil
	case err != nil:
		return fmt.Errorf("%s: %w", a.URL, err)
	case a.Status != http.StatusOK || a.Of != a.Subject || a.Cache != "HIT" && a.Cache != "MISS":
		return fmt.Errorf("%s for %q: %d, %s, the answer to %v", a.URL, a.Who, a.Status, a.Cache, a.Of)
	}
	return nil
}

// events reads a stream of events, or its beginning.
func (s *soak) events(proxy, url string, leave bool) error {
	ctx, cancel := context.WithCancel(s.t.Context())
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, proxy+url, nil)
	if err != nil {
		return err
	}
	res, err := s.client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	want := []byte(eventsOf(url))
	got := make([]byte, len(want)/3)
	if !leave {
		got, err = io.ReadAll(res.Body)
	} else if _, err = io.ReadFull(res.Body, got); err == nil {
		want = want[:len(got)]
	}
	if err == nil && (res.StatusCode != http.StatusOK || !bytes.Equal(got, want)) {
		err = fmt.Errorf("%s is answered %d with %s", url, res.StatusCode, difference(got, want))
	}
	return err
}

// webSocket says something and hears it again. It leaves without a word now and then.
func (s *soak) webSocket(proxy string, random *rand.Rand) error {
	ctx, cancel := context.WithTimeout(s.t.Context(), time.Minute)
	defer cancel()
	conn, res, err := websocket.Dial(ctx, proxy+"/socket", &websocket.DialOptions{HTTPClient: &http.Client{Transport: s.client.Transport}})
	if err != nil {
		return err
	}
	defer conn.CloseNow()
	if cache := res.Header.Get("X-Cache"); cache != "MISS" {
		return fmt.Errorf("the WebSocket's X-Cache is %q", cache)
	}
	for n := range random.IntN(5) {
		said := fmt.Appendf(nil, "%d %d", s.ids.Add(1), n)
		if err := conn.Write(ctx, websocket.MessageText, said); err != nil {
			return err
		}
		if _, heard, err := conn.Read(ctx); err != nil || !bytes.Equal(heard, said) {
			return errors.Join(fmt.Errorf("said %q, heard %q", said, heard), err)
		}
	}
	if random.IntN(2) == 0 {
		return nil
	}
	return conn.Close(websocket.StatusNormalClosure, "")
}
