package replay_test

import (
	"io"
	"net/http"
	"testing"
)

func TestDeclaredContentThatDawdlesPassesAsItComes(t *testing.T) {
	t.Parallel()
	proceed := make(chan struct{})
	b := setUp(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "10")
		io.WriteString(w, "first")
		w.(http.Flusher).Flush()
		<-proceed
		io.WriteString(w, "later")
	}, nil)
	res, err := b.plainClient().Get(b.URL + "/")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	// A proxy that held it back would hang here.
	begun := make([]byte, 5)
	if _, err := io.ReadFull(res.Body, begun); err != nil || string(begun) != "first" {
		t.Fatalf("read %q: %v", begun, err)
	}
	close(proceed)
	if rest, err := io.ReadAll(res.Body); err != nil || string(rest) != "later" {
		t.Errorf("rest %q: %v", rest, err)
	}
	if a := b.get(t, "/"); a.cache() != "HIT" || a.body != "firstlater" {
		t.Errorf("then: %v", a)
	}
}
