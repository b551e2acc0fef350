package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"example.com/cannery/fixtures"
	"example.com/cannery/fixtures/file"
	"example.com/cannery/recorder"
	"example.com/cannery/replay"
	"example.com/cannery/testutil/storetest"
)

// BenchmarkConversation has one of 10,000 messages, 5,000 of each party, through a plain
// proxy, recorded, and replayed: the time of a message and its answer, and the size of
// the recording in the store and as a fixture.
func BenchmarkConversation(b *testing.B) {
	const turns = 5000
	origin := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		defer conn.CloseNow()
		for {
			kind, message, err := conn.Read(context.Background())
			if err != nil || conn.Write(context.Background(), kind, message) != nil {
				return
			}
		}
	}))
	defer origin.Close()
	at, err := url.Parse(origin.URL)
	if err != nil {
		b.Fatal(err)
	}
	store := storetest.OpenLocal(b, b.TempDir(), 64<<20)
	forwarder := &recorder.Recorder{Origin: at, Transport: recorder.NewTransport(recorder.TransportConfig{}), Store: store, MaxBody: 1 << 30}
	for _, c := range []struct {
		name  string
		proxy http.Handler
	}{
		{"plain", httputil.NewSingleHostReverseProxy(at)},
		{"recorded", &replay.Proxy{Cache: &replay.Cache{Store: store}, Origin: replay.Origin{Name: origin.URL, URL: at, Forwarder: forwarder}}},
		{"replayed", &replay.Proxy{Sequence: &replay.Sequence{Store: store, Catalog: &replay.Catalog{Store: store}}}},
	} {
		b.Run(c.name, func(b *testing.B) {
			server := httptest.NewServer(c.proxy)
			defer server.Close()
			for b.Loop() {
				conn, _, err := websocket.Dial(b.Context(), server.URL+"/socket", nil)
				if err != nil {
					b.Fatal(err)
				}
				for i := range turns {
					text := fmt.Sprintf(`{"id":%d,"method":"tick","params":{"price":%d.25}}`, i, i)
					if err := conn.Write(b.Context(), websocket.MessageText, []byte(text)); err != nil {
						b.Fatal(err)
					}
					if _, got, err := conn.Read(b.Context()); err != nil || string(got) != text {
						b.Fatalf("%q %v", got, err)
					}
				}
				conn.Close(websocket.StatusNormalClosure, "")
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*turns), "us/turn")
		})
	}
	for rec, err := range store.Recordings(b.Context()) {
		if err != nil {
			b.Fatal(err)
		}
		size(b, rec)
		break
	}
}

func size(b *testing.B, rec *fixtures.Recording) {
	began := time.Now()
	doc, _, err := file.Encode(rec, nil)
	if err != nil {
		b.Fatal(err)
	}
	wrote := time.Since(began)
	began = time.Now()
	if _, err := file.Decode("f.json", doc, "", nil); err != nil {
		b.Fatal(err)
	}
	said := 0
	for m := range rec.Messages() {
		said += len(m.Data)
	}
	b.Logf("said %d bytes, in the store %d, as a fixture %d, written in %v, read in %v, %d lines", said, rec.Response.Body.Size(), len(doc), wrote, time.Since(began), strings.Count(string(doc), "\n"))
}
