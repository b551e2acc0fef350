// Package sample has the recordings that the tests of several packages begin
// with. They are made anew by each call, and may be changed.
package sample

import (
	"iter"
	"net/http"
	"strings"
	"testing"
	"time"

	"example.com/cannery/fixtures"
	"example.com/cannery/fixtures/coding"
	"example.com/cannery/fixtures/talk"
)

// All is recordings in a row, as what imports and writes them takes them.
func All(recs ...*fixtures.Recording) iter.Seq2[*fixtures.Recording, error] {
	return func(yield func(*fixtures.Recording, error) bool) {
		for _, rec := range recs {
			if !yield(rec, nil) {
				return
			}
		}
	}
}

// Get returns a recording of a GET.
func Get(target, body string) *fixtures.Recording {
	return &fixtures.Recording{
		Exchange: fixtures.Exchange{
			Request:  fixtures.Request{Origin: "o", Method: "GET", Target: target},
			Response: fixtures.Response{Status: 200, Header: http.Header{"Content-Type": {"text/plain"}}, Body: fixtures.Body{Bytes: []byte(body)}},
		},
		Recorded: time.Unix(1e9, 0).UTC(),
	}
}

// Odd returns a recording with everything in it.
func Odd() *fixtures.Recording {
	return &fixtures.Recording{
		Exchange: fixtures.Exchange{
			Request: fixtures.Request{
				Session: "s~.-_S9", Origin: "http://o", Method: "POST", Target: "/p?q=\xff&<>\u2028",
				Header: http.Header{
					"X-A": {"1", "", "caf\xe9"}, "X-None": {}, "Content-Type": {"application/json"}, "Content-Length": {"18"},
				},
				Credentials: map[string]string{"Authorization": "0123"},
				Body:        []byte(`{"b":1.0,"a":1e400}`)[:18],
			},
			Response: fixtures.Response{
				Interim: []fixtures.Interim{{Status: 103, Header: http.Header{"Link": {"</a>; rel=preload"}}}, {Status: 102}},
				Status:  999,
				Header:  http.Header{"Set-Cookie": {"a=1", "b=2"}, "Trailer": {"X-Sum"}, "Content-Type": {"text/html"}},
				Body:    fixtures.Body{Bytes: []byte("<script>\nif (a && b) {}\n</script>")},
				Trailer: http.Header{"X-Sum": {"7"}},
				Chunks:  []fixtures.Chunk{{Size: 3, At: 1500 * time.Microsecond}, {Size: 30, At: time.Hour}},
				Open:    true,
			},
		},
		Recorded: time.Date(2026, 1, 2, 3, 4, 5, 678, time.UTC),
	}
}

// Talk returns a conversation over a WebSocket.
func Talk(target string, messages ...talk.Message) *fixtures.Recording {
	log := []byte{}
	for i := range messages {
		log = talk.Append(log, &messages[i])
	}
	return &fixtures.Recording{
		Exchange: fixtures.Exchange{
			Request: fixtures.Request{Origin: "o", Method: "GET", Target: target, Header: http.Header{"Upgrade": {"websocket"}}},
			Response: fixtures.Response{
				Status: http.StatusSwitchingProtocols, Header: http.Header{"Sec-Websocket-Protocol": {"chat"}},
				Body: fixtures.Body{Bytes: log}, Conversation: true,
			},
		},
		Recorded: time.Unix(1e9, 0).UTC(),
	}
}

// Talked are messages of all kinds.
func Talked() []talk.Message {
	return []talk.Message{
		{From: talk.Server, Kind: talk.Text, Data: []byte("welcome\n")},
		{From: talk.Client, Kind: talk.Text, Data: []byte(`{"id":1,"method":"subscribe"}`)},
		{From: talk.Server, Kind: talk.Text, Data: []byte("{\n  \"id\": 1.0\n}\n"), After: 310 * time.Millisecond},
		{From: talk.Server, Kind: talk.Binary, Data: []byte("\x00\xff")},
		{From: talk.Client, Kind: talk.Binary, Data: []byte("text all the same"), After: time.Hour},
		{From: talk.Client, Kind: talk.Text, Data: []byte("\x00")},
		{From: talk.Client, Kind: talk.Binary},
		{From: talk.Server, Kind: talk.Text},
		{From: talk.Server, Kind: talk.Binary, Data: []byte("\x1f\x8b"), Compressed: true},
		{From: talk.Server, Kind: talk.Close, Code: 1001, Data: []byte("going away")},
	}
}

// Linked returns a recording whose content has a link to its origin at its end.
func Linked(t testing.TB, size int, codings ...string) *fixtures.Recording {
	t.Helper()
	rec := Get("/linked", "")
	rec.Request.Origin = "http://127.0.0.1:8080"
	rec.Response.Header = http.Header{"Content-Type": {"text/csv"}}
	content := []byte(strings.Repeat("1,2\n", size/4) + "http://127.0.0.1:8080/next\n")
	if len(codings) > 0 {
		rec.Response.Header["Content-Encoding"] = codings
		var err error
		if content, err = coding.Encode(content, codings); err != nil {
			t.Fatal(err)
		}
	}
	rec.Response.Body.Bytes = content
	return rec
}
