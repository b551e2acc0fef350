// Client is a client of a plain API, with nothing but net/http.
package main

import (
	"bytes"
	"crypto/rand"
	"io"
	"log"
	"mime/multipart"
	"net/http"
	"os"
	"strings"
)

func main() {
	log.SetFlags(0)
	for _, page := range []string{"1", "2", "3"} {
		ask(200, "GET", "/notes?page="+page, nil)
	}
	holds(ask(200, "GET", "/notes/1", nil), `"1"`)
	ask(304, "GET", "/notes/1", nil, "If-None-Match", `"1"`)
	ask(404, "GET", "/notes/404", nil)
	holds(ask(201, "POST", "/notes", strings.NewReader(`{"text": "buy milk"}`), "Content-Type", "application/json"), "milk")
	holds(ask(200, "PUT", "/notes/9", strings.NewReader(`{"text": "buy oats"}`), "Content-Type", "application/json"), "oats")
	ask(204, "DELETE", "/notes/9", nil)
	holds(ask(200, "GET", "/latest", nil), `"3"`)
	var form bytes.Buffer
	parts := multipart.NewWriter(&form)
	file, err := parts.CreateFormFile("file", "a.bin")
	if err != nil {
		log.Fatal(err)
	}
	io.WriteString(file, "abc")
	parts.Close()
	holds(ask(200, "POST", "/upload", &form, "Content-Type", parts.FormDataContentType()), "a.bin")
}

func ask(status int, method, path string, body io.Reader, fields ...string) string {
	req, err := http.NewRequest(method, os.Getenv("CANNERY_URL")+path, body)
	if err != nil {
		log.Fatal(err)
	}
	req.Header.Set("Traceparent", "00-"+rand.Text()+"-01")
	for i := 0; i < len(fields); i += 2 {
		req.Header.Set(fields[i], fields[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		log.Fatal(err)
	}
	defer res.Body.Close()
	got, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != status {
		log.Fatalf("%s %s: %s, want %d: %s, %v", method, path, res.Status, status, got, err)
	}
	return string(got)
}

func holds(text, part string) {
	if !strings.Contains(text, part) {
		log.Fatalf("there is no %s in %s", part, text)
	}
}
