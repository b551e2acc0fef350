package main

import (
	"bufio"
	"bytes"
	"crypto/md5"
	"encoding/xml"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// A bucket speaks of S3 what its clients ask for first: objects by path, ranges,
// copies, tags, lists, uploads in parts.
type bucket struct {
	mu      sync.Mutex // guards what follows
	objects map[string][]byte
	tags    map[string][]byte
	parts   map[string][]byte // of the upload under way, by "key number"
}

func newBucket() *bucket {
	return &bucket{objects: map[string][]byte{}, tags: map[string][]byte{}, parts: map[string][]byte{}}
}

// modified is when everything was changed last: content is the same in every run.
var modified = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func etag(b []byte) string { return fmt.Sprintf(`"%x"`, md5.Sum(b)) }

func (b *bucket) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	w.Header().Set("Server", "AmazonS3")
	signed := strings.HasPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 ") && r.Header.Get("X-Amz-Date") != "" || r.URL.Query().Has("X-Amz-Signature")
	if !signed {
		fail(w, http.StatusForbidden, "AccessDenied")
		return
	}
	in := io.Reader(r.Body)
	if strings.HasPrefix(r.Header.Get("X-Amz-Content-Sha256"), "STREAMING-") {
		in = unchunked(r.Body)
	}
	body, err := io.ReadAll(in)
	if err != nil {
		fail(w, http.StatusBadRequest, "IncompleteBody")
		return
	}
	_, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	if key == "" {
		b.serveBucket(w, r, body)
		return
	}
	b.serveObject(w, r, key, body)
}

func (b *bucket) serveBucket(w http.ResponseWriter, r *http.Request, body []byte) {
	switch {
	case r.Method == http.MethodPut:
		w.Header().Set("Location", r.URL.Path)
	case r.Method == http.MethodHead:
		w.Header().Set("X-Amz-Bucket-Region", "eu-central-1")
	case r.Method == http.MethodPost && r.URL.Query().Has("delete"):
		var wanted struct {
			Keys []string `xml:"Object>Key"`
		}
		if xml.Unmarshal(body, &wanted) != nil {
			fail(w, http.StatusBadRequest, "MalformedXML")
			return
		}
		var out strings.Builder
		for _, key := range wanted.Keys {
			delete(b.objects, key)
			out.WriteString("<Deleted><Key>" + key + "</Key></Deleted>")
		}
		answer(w, "DeleteResult", out.String())
	case r.Method == http.MethodGet:
		var out strings.Builder
		fmt.Fprintf(&out, "<Name>b</Name><KeyCount>%d</KeyCount><MaxKeys>1000</MaxKeys><IsTruncated>false</IsTruncated>", len(b.objects))
		for _, key := range slices.Sorted(maps.Keys(b.objects)) {
			fmt.Fprintf(&out, "<Contents><Key>%s</Key><LastModified>%s</LastModified><ETag>&quot;%x&quot;</ETag><Size>%d</Size></Contents>",
				key, modified.Format(time.RFC3339), md5.Sum(b.objects[key]), len(b.objects[key]))
		}
		answer(w, "ListBucketResult", out.String())
	default:
		fail(w, http.StatusMethodNotAllowed, "MethodNotAllowed")
	}
}

func (b *bucket) serveObject(w http.ResponseWriter, r *http.Request, key string, body []byte) {
	query := r.URL.Query()
	object, ok := b.objects[key]
	switch {
	case r.Method == http.MethodPost && query.Has("uploads"):
		answer(w, "InitiateMultipartUploadResult", "<Key>"+key+"</Key><UploadId>upload-1</UploadId>")
	case r.Method == http.MethodPut && query.Has("partNumber"):
		b.parts[key+" "+query.Get("partNumber")] = body
		w.Header().Set("Etag", etag(body))
	case r.Method == http.MethodPost && query.Has("uploadId"):
		b.objects[key] = slices.Concat(b.parts[key+" 1"], b.parts[key+" 2"])
		answer(w, "CompleteMultipartUploadResult", "<Key>"+key+"</Key><ETag>"+etag(b.objects[key])+"</ETag>")
	case r.Method == http.MethodPut && query.Has("tagging"):
		b.tags[key] = body
	case query.Has("tagging"):
		w.Header().Set("Content-Type", "application/xml")
		w.Write(b.tags[key])
	case r.Method == http.MethodPut && r.Header.Get("X-Amz-Copy-Source") != "":
		_, from, _ := strings.Cut(r.Header.Get("X-Amz-Copy-Source"), "/")
		b.objects[key] = b.objects[from]
		answer(w, "CopyObjectResult", "<ETag>"+etag(b.objects[key])+"</ETag><LastModified>"+modified.Format(time.RFC3339)+"</LastModified>")
	case r.Method == http.MethodPut:
		b.objects[key] = body
		w.Header().Set("Etag", etag(body))
	case r.Method == http.MethodDelete:
		delete(b.objects, key)
		w.WriteHeader(http.StatusNoContent)
	case !ok:
		fail(w, http.StatusNotFound, "NoSuchKey")
	default:
		w.Header().Set("Etag", etag(object))
		w.Header().Set("Content-Type", "text/plain")
		http.ServeContent(w, r, "", modified, bytes.NewReader(object))
	}
}

func answer(w http.ResponseWriter, element, inner string) {
	w.Header().Set("Content-Type", "application/xml")
	fmt.Fprintf(w, `<?xml version="1.0" encoding="UTF-8"?><%s xmlns="http://s3.amazonaws.com/doc/2006-03-01/">%s</%s>`, element, inner, element)
}

func fail(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	fmt.Fprintf(w, `<?xml version="1.0" encoding="UTF-8"?><Error><Code>%s</Code><Message>%s</Message></Error>`, code, code)
}

// unchunked undoes the aws-chunked coding: sizes in hexadecimal, signatures behind
// them, and trailers after the last.
func unchunked(r io.Reader) io.Reader {
	in, out := bufio.NewReader(r), new(bytes.Buffer)
	for {
		line, err := in.ReadString('\n')
		var size int64
		if _, scanned := fmt.Sscanf(line, "%x", &size); err != nil || scanned != nil || size == 0 {
			return out
		}
		io.CopyN(out, in, size)
		in.ReadString('\n')
	}
}
