package main

import (
	"bufio"
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// counted counts the requests for each URL before a handler answers them.
func counted(t *testing.T, handler http.Handler) (url string, asked map[string]int) {
	t.Helper()
	var mu sync.Mutex
	asked = map[string]int{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		asked[r.RequestURI]++
		mu.Unlock()
		handler.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL, asked
}

func TestSweepAsksForEachOnce(t *testing.T) {
	s := sample{count: 103, size: 200, json: true}
	url, asked := counted(t, s.inMemory())
	res, err := load{connections: 8, count: s.count, sweep: true}.run(t.Context(), url)
	if err != nil || res.requests != s.count || res.errors != 0 {
		t.Fatalf("%+v, %v", res, err)
	}
	for i := range s.count {
		if asked[target(i)] != 1 {
			t.Errorf("%s: asked %d times", target(i), asked[target(i)])
		}
	}
}

func TestFreshURLsAreNeverAskedTwice(t *testing.T) {
	url, asked := counted(t, sample{count: 1, size: 200, json: true}.inMemory())
	for _, salt := range []string{"1", "2"} {
		if _, err := (load{connections: 2, fresh: true, duration: 20 * time.Millisecond, salt: salt}).run(t.Context(), url); err != nil {
			t.Fatal(err)
		}
	}
	for name, n := range asked {
		if n > 1 {
			t.Errorf("%s: asked %d times", name, n)
		}
	}
}

func TestSteadyRateDoesNotDependOnAnswers(t *testing.T) {
	l := load{connections: 4, count: 10, rate: 2000}
	if got := l.gap(1); got != 2*time.Millisecond {
		t.Errorf("one of 4 connections waits %v, not 2 ms", got)
	}
	late := time.Now().Add(-time.Second)
	if untilDue(late) != late {
		t.Error("the time that a request had to wait for the answer before does not count")
	}
	soon := time.Now().Add(time.Millisecond)
	if untilDue(soon).Before(soon) {
		t.Error("a request was made before it was due")
	}
}

func TestErrorsOfTheServerCount(t *testing.T) {
	url, _ := counted(t, http.NotFoundHandler())
	b := &bench{settings: &settings{}}
	_, err := b.send(t.Context(), url, load{connections: 1, count: 3, sweep: true})
	if err == nil || !strings.Contains(err.Error(), "3 of 3 requests failed") {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := b.send(ctx, url, load{connections: 1, count: 3, sweep: true}); err == nil {
		t.Error("a load without an answer is no error")
	}
}

func TestALoadIsDividedAmongServers(t *testing.T) {
	s := sample{count: 10, size: 200, json: true}
	one, oneAsked := counted(t, s.inMemory())
	two, twoAsked := counted(t, s.inMemory())
	b := &bench{settings: &settings{}}
	res, err := b.sendAll(t.Context(), servers{{url: one}, {url: two}}, load{connections: 4, count: s.count, sweep: true})
	if err != nil || res.requests != 20 || len(oneAsked) != 10 || len(twoAsked) != 10 {
		t.Errorf("%+v, %v; %d and %d URLs asked for", res, err, len(oneAsked), len(twoAsked))
	}
}

func TestAnswersAreReadByTheirLength(t *testing.T) {
	const good = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
	in := bufio.NewReader(strings.NewReader(good + strings.Replace(good, "200 OK", "404 Not Found", 1)))
	for _, want := range []bool{true, false} {
		if ok, err := readAnswer(in); ok != want || err != nil {
			t.Errorf("%v, %v", ok, err)
		}
	}
	for _, bad := range []string{"", "HTTP/1.1 200 OK\r\n\r\n", good[:len(good)-1], "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"} {
		if _, err := readAnswer(bufio.NewReader(strings.NewReader(bad))); err == nil {
			t.Errorf("%q is no error", bad)
		}
	}
}
