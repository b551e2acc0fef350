package main

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"example.com/cannery/fixtures"
)

// A sample is the traffic of a measurement: what floor and cannery both answer.
type sample struct {
	count int // of URLs
	size  int // of each content, in bytes
	json  bool
}

var (
	thousand = sample{count: 1000, size: 1 << 10, json: true}
	medium   = sample{count: 100, size: 100 << 10, json: true}
	large    = sample{count: 4, size: 10 << 20}
)

// of is the same traffic with another number of URLs.
func (s sample) of(count int) sample {
	s.count = count
	return s
}

// target is the URL of an answer without its origin.
func target(i int) string { return "/v1/items/" + strconv.Itoa(i) + "?page=2" }

// An answer is what is sent for one URL.
type answer struct {
	header http.Header
	body   []byte
}

func (s sample) answer(i int) answer {
	kind := "application/json"
	if !s.json {
		kind = "application/octet-stream"
	}
	body := s.body(i)
	return answer{body: body, header: http.Header{
		"Cache-Control":  {"private, max-age=0"},
		"Content-Length": {strconv.Itoa(len(body))},
		"Content-Type":   {kind},
		"Date":           {sampleTime.Format(http.TimeFormat)},
		"Etag":           {fmt.Sprintf(`"%08x"`, i)},
		"Server":         {"origin"},
	}}
}

func (s sample) body(i int) []byte {
	if !s.json {
		body := make([]byte, s.size)
		for at := range body {
			body[at] = byte(at*7 + i)
		}
		return body
	}
	head := fmt.Sprintf(`{"id":%d,"name":"item %d","tags":["a","b"],"text":"`, i, i)
	tail := `"}`
	text := strings.Repeat("all work and no play ", s.size/20+1)
	return []byte(head + text[:s.size-len(head)-len(tail)] + tail)
}

var sampleTime = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// originName is the origin's name in all recordings.
const originName = "bench"

// originHost is where that origin was, and originURL its URL.
const (
	originHost = "origin.test"
	originURL  = "https://" + originHost
)

// recording is the answer as cannery would have recorded it.
func (s sample) recording(i int) *fixtures.Recording {
	a := s.answer(i)
	rec := &fixtures.Recording{Recorded: sampleTime}
	rec.Request = fixtures.Request{
		Origin: originName,
		Base:   originURL,
		Method: http.MethodGet,
		Target: target(i),
		Header: http.Header{"Accept": {"*/*"}},
	}
	rec.Response = fixtures.Response{Status: http.StatusOK, Header: a.header, Body: fixtures.Body{Bytes: a.body}}
	return rec
}
