package storetest

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"example.com/cannery/fixtures"
	"example.com/cannery/fixtures/links"
)

func emptyStore(t *testing.T, open opener) {
	store := open(t)
	view := viewOf(t, store)
	req := &answered("/", "").Request
	takes, err := store.Takes(t.Context(), view, view.Rules.Key(req), req)
	if !errors.Is(err, fixtures.ErrNotFound) || len(takes.Recordings) != 0 {
		t.Errorf("Takes = %v, %v, want ErrNotFound", takes, err)
	}
	if n, err := store.Remove(t.Context(), fixtures.Filter{}, false); n != 0 || err != nil {
		t.Errorf("Remove = %d, %v, want 0", n, err)
	}
}

func sharedView(t *testing.T, open opener) {
	a, b := viewOf(t, open(t)), viewOf(t, open(t))
	if a.Rules == nil || !a.Rules.Equal(fixtures.Rules{}) {
		t.Errorf("Rules = %v, want the default", a.Rules)
	}
	if len(a.Secret) < 16 || !bytes.Equal(a.Secret, b.Secret) {
		t.Errorf("secrets of %d and %d bytes, equal: %t", len(a.Secret), len(b.Secret), bytes.Equal(a.Secret, b.Secret))
	}
	if a.Generation == 0 || a.Generation != b.Generation || a.Clock != b.Clock {
		t.Errorf("views %d:%d and %d:%d of one store", a.Generation, a.Clock, b.Generation, b.Clock)
	}
}

// oddRecordings are what origins send and clients ask for, once.
func oddRecordings() []*fixtures.Recording {
	digest := sha256.Sum256([]byte("a large request"))
	full := answered("/full?a=1&a=2&b=%2F", "\x00\x01\xff binary")
	full.Request.Session = "a test/of ours"
	full.Request.Header = http.Header{"Accept": {"a", "b"}, "X-Empty": {""}, "X-Latin": {"caf\xe9"}}
	full.Request.Credentials = map[string]string{"Authorization": "0123456789abcdef"}
	full.Request.Secrets = []string{"89abcdef0123456789abcdef01234567"}
	full.Response.Interim = []fixtures.Interim{{Status: 103, Header: http.Header{"Link": {"</a>", "</b>"}}}}
	full.Response.Header = http.Header{
		"Set-Cookie": {"a=1; Path=/", "b=2", ""}, "X-Empty": {""}, "X-Latin": {"\xe9t\xe9"}, "Trailer": {"X-Sum"},
	}
	full.Response.Trailer = http.Header{"X-Sum": {"1", "2"}}
	full.Response.Open = true
	full.Response.Chunks = []fixtures.Chunk{{Size: 2, At: 0}, {Size: 8, At: 1500 * time.Millisecond}}

	post := answered("/post", "made")
	post.Request.Method = "POST"
	post.Request.Header = http.Header{"Content-Type": {"application/json"}}
	post.Request.Body = []byte(`{"b": 1e3, "a": "é"}`)
	post.Response.Status = 201
	post.Response.Links = links.Some

	upload := answered("/upload", "")
	upload.Request.Method = "PUT"
	upload.Request.Digest, upload.Request.BodySize = digest[:], 1<<33
	upload.Response.Status = 204

	odd := answered("/odd/../%2f/\xff?x=<&>", "")
	odd.Request.Body = []byte("\xfe a GET with content")
	star := answered("*", "")
	star.Request.Method = "OPTIONS"
	long := answered("/long?q="+string(bytes.Repeat([]byte("x"), 30_000)), "long")
	return []*fixtures.Recording{full, post, upload, odd, star, long}
}

func foundWhole(t *testing.T, open opener) {
	store, other := open(t), open(t)
	for _, rec := range oddRecordings() {
		mustAppend(t, store, rec)
		for _, handle := range []Store{store, other, store} {
			takes := takesOf(t, handle, &rec.Request)
			if len(takes.Recordings) != 1 || takes.Last() != 1 || takes.Stale > takes.Recordings[0].Clock {
				t.Fatalf("%d takes of %.60q, last %d, stale %d", len(takes.Recordings), rec.Request.Target, takes.Last(), takes.Stale)
			}
			wantSame(t, rec, takes.Recordings[0])
		}
	}
}

func takesInOrder(t *testing.T, open opener) {
	a, b := open(t), open(t)
	var want []string
	for i := range 12 {
		body := fmt.Sprint("answer ", i)
		want = append(want, body)
		mustAppend(t, []Store{a, b}[i%2], answered("/poll", body))
	}
	takes := takesOf(t, a, &answered("/poll", "").Request)
	for i, rec := range takes.Recordings {
		if rec.Take != i+1 {
			t.Errorf("take %d stands at %d", rec.Take, i+1)
		}
	}
	wantBodies(t, a, &answered("/poll", "").Request, want...)
	wantBodies(t, b, &answered("/poll", "").Request, want...)
}

func comparedAppend(t *testing.T, open opener) {
	a, b := open(t), open(t)
	view := viewOf(t, b)
	mustAppend(t, a, answered("/", "first"))
	if err := b.Append(t.Context(), commitOf(view, answered("/", "second"), 0)); !errors.Is(err, fixtures.ErrExists) {
		t.Errorf("Append of a variant recorded since = %v, want ErrExists", err)
	}
	if err := b.Append(t.Context(), commitOf(view, answered("/", "third"), 1)); err != nil {
		t.Errorf("Append of a take beyond those seen = %v", err)
	}
	if err := b.Append(t.Context(), commitOf(view, answered("/", "fourth"), 1)); !errors.Is(err, fixtures.ErrExists) {
		t.Errorf("Append of a further take recorded since = %v, want ErrExists", err)
	}
	wantBodies(t, a, &answered("/", "").Request, "first", "third")
}

func furtherVariants(t *testing.T, open opener) {
	store := open(t)
	view := viewOf(t, store)
	for _, language := range []string{"de", "en", "de"} {
		rec := answered("/", language)
		rec.Request.Header = http.Header{"Accept-Language": {language}}
		rec.Response.Header = http.Header{"Vary": {"Accept-Language"}}
		if err := store.Append(t.Context(), commitOf(view, rec, 0)); err != nil && !errors.Is(err, fixtures.ErrExists) {
			t.Fatalf("Append: %v", err)
		}
	}
	for _, user := range []string{"one", "two", "one"} {
		rec := answered("/", user)
		rec.Request.Credentials = map[string]string{"Authorization": user}
		if err := store.Append(t.Context(), commitOf(view, rec, 0)); err != nil && !errors.Is(err, fixtures.ErrExists) {
			t.Fatalf("Append: %v", err)
		}
	}
	wantBodies(t, store, &answered("/", "").Request, "de", "en", "one", "two")
}

func fiftyAtOnce(t *testing.T, open opener) {
	handles := []Store{open(t), open(t)}
	view := viewOf(t, handles[0])
	errs := make([]error, 50)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() {
			errs[i] = handles[i%2].Append(t.Context(), commitOf(view, answered("/", fmt.Sprint(i)), 0))
		})
	}
	wg.Wait()
	kept := 0
	for i, err := range errs {
		if err == nil {
			kept++
			wantBodies(t, handles[0], &answered("/", "").Request, fmt.Sprint(i))
		} else if !errors.Is(err, fixtures.ErrExists) {
			t.Errorf("Append = %v, want ErrExists", err)
		}
	}
	if kept != 1 {
		t.Errorf("%d of 50 were kept, want 1", kept)
	}
}

func replaceTakes(t *testing.T, open opener) {
	a, b := open(t), open(t)
	for _, body := range []string{"one", "two", "three"} {
		mustAppend(t, a, answered("/", body))
	}
	wantBodies(t, b, &answered("/", "").Request, "one", "two", "three")
	commit := commitOf(viewOf(t, a), answered("/", "four"), 0)
	commit.Replace = true
	if err := a.Append(t.Context(), commit); err != nil {
		t.Fatalf("Append with Replace: %v", err)
	}
	wantBodies(t, b, &answered("/", "").Request, "four")
	mustAppend(t, b, answered("/", "five"))
	wantBodies(t, a, &answered("/", "").Request, "four", "five")
}

// randomContent returns content that does not repeat itself.
func randomContent(size int) []byte {
	content := make([]byte, size)
	rand.NewChaCha8([32]byte{1}).Read(content)
	return content
}

// written returns content as a body of the store.
func written(t *testing.T, store Store, content []byte) (fixtures.BodyWriter, fixtures.Body) {
	t.Helper()
	w, err := store.NewBody(t.Context())
	if err != nil {
		t.Fatalf("NewBody: %v", err)
	}
	for piece := range slices.Chunk(content, 32_749) {
		if n, err := w.Write(piece); n != len(piece) || err != nil {
			t.Fatalf("Write of %d bytes = %d, %v", len(piece), n, err)
		}
	}
	body, err := w.Body()
	if err != nil {
		t.Fatalf("Body: %v", err)
	}
	return w, body
}

func largeBody(t *testing.T, open opener) {
	a, b := open(t), open(t)
	for i, size := range []int{0, 1, fixtures.InlineBody + 1, 256 << 10, 3<<20 + 12_345} {
		content := randomContent(size)
		rec := answered(fmt.Sprint("/large/", i), "")
		commit := commitOf(viewOf(t, a), rec, 0)
		w, body := written(t, a, content)
		rec.Response.Body = body
		if err := a.Append(t.Context(), commit); err != nil {
			t.Fatalf("Append: %v", err)
		}
		w.Discard() // does nothing now
		for _, handle := range []Store{a, b} {
			wantLarge(t, takesOf(t, handle, &rec.Request), content)
		}
	}
}

func wantLarge(t *testing.T, takes fixtures.Takes, content []byte) {
	t.Helper()
	if len(takes.Recordings) != 1 {
		t.Fatalf("%d takes, want 1", len(takes.Recordings))
	}
	body := takes.Recordings[0].Response.Body
	if body.Size() != int64(len(content)) || !bytes.Equal(contentOf(t, takes.Recordings[0]), content) {
		t.Fatalf("content of %d bytes did not come back", len(content))
	}
	r, err := body.Open()
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	defer r.Close()
	half := int64(len(content) / 2)
	if at, err := r.Seek(-half, io.SeekEnd); at != int64(len(content))-half || err != nil {
		t.Fatalf("Seek = %d, %v", at, err)
	}
	if rest, err := io.ReadAll(r); err != nil || !bytes.Equal(rest, content[int64(len(content))-half:]) {
		t.Fatalf("%d bytes after Seek, %v", len(rest), err)
	}
	if at, err := r.Seek(0, io.SeekStart); at != 0 || err != nil {
		t.Fatalf("Seek = %d, %v", at, err)
	}
	first := make([]byte, min(10, len(content)))
	if _, err := io.ReadFull(r, first); err != nil || !bytes.Equal(first, content[:len(first)]) {
		t.Fatalf("read %q after Seek to the start: %v", first, err)
	}
}

func discardedBody(t *testing.T, open opener) {
	store := open(t)
	content := randomContent(1 << 20)
	w, body := written(t, store, content)
	kept := answered("/kept", "")
	kept.Response.Body = body
	if err := store.Append(t.Context(), commitOf(viewOf(t, store), kept, 0)); err != nil {
		t.Fatalf("Append: %v", err)
	}
	w.Discard()
	unfinished, err := store.NewBody(t.Context())
	if err != nil {
		t.Fatalf("NewBody: %v", err)
	}
	if _, err := unfinished.Write(content); err != nil {
		t.Fatalf("Write: %v", err)
	}
	unfinished.Discard()
	unfinished.Discard()

	again := answered("/kept", "")
	w, again.Response.Body = written(t, store, []byte("late"))
	if err := store.Append(t.Context(), commitOf(viewOf(t, store), again, 0)); !errors.Is(err, fixtures.ErrExists) {
		t.Fatalf("Append = %v, want ErrExists", err)
	}
	w.Discard()
	wantBodies(t, store, &kept.Request, string(content))
}
