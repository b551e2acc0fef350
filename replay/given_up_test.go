package replay_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"example.com/cannery/fixtures"
	"example.com/cannery/recorder"
)

// noBodies is a store that keeps small recordings only: large content fails.
type noBodies struct{ recorder.Store }

func (noBodies) NewBody(context.Context) (fixtures.BodyWriter, error) {
	return nil, errors.New("no room for large content")
}

// TestWhatIsGivenUpWithItsLastByteIsNotRecorded has a recording given up by the
// very read that ends the answer: nothing of it may be committed.
func TestWhatIsGivenUpWithItsLastByteIsNotRecorded(t *testing.T) {
	for name, change := range map[string]func(*bench){
		"too long":        func(b *bench) { b.recorder.MaxBody = fixtures.InlineBody },
		"the store fails": func(b *bench) { b.recorder.Store = noBodies{b.recorder.Store} },
	} {
		for _, declared := range []bool{true, false} {
			text := strings.Repeat("x", fixtures.InlineBody+1)
			b := setUp(t, func(w http.ResponseWriter, r *http.Request) {
				if declared {
					w.Header().Set("Content-Length", strconv.Itoa(len(text)))
				}
				io.WriteString(w, text)
			}, change)
			for i := range 3 {
				if a := b.get(t, "/"); a.cache() == "HIT" || a.body != text {
					t.Errorf("%s, declared %v, answer %d: %s with %d of %d bytes", name, declared, i, a.cache(), len(a.body), len(text))
				}
			}
		}
	}
}
