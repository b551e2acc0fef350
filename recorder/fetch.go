package recorder

import (
	"errors"
	"maps"
	"net/http"
	"sync"

	"example.com/cannery/fixtures"
)

// Fetch is Forward for a request that wants less than the full answer, which
// is what must be recorded: an answer that is being recorded is not passed to
// w, for the caller to serve c.Recording from when recorded is true. An answer
// that is not one to record goes to w, and answered is true. When both are
// false the recording was given up half-way and nothing has been written.
func (rec *Recorder) Fetch(w http.ResponseWriter, r *http.Request, c *fixtures.Commit, flight string, again func() bool) (recorded, answered bool, err error) {
	held := &withheld{ResponseWriter: w, header: http.Header{}}
	defer func() {
		// ReverseProxy aborts by panic when the origin cuts its answer or the
		// recording is given up. Nothing of a withheld answer is out.
		if p := recover(); p != nil {
			if err, ok := p.(error); !ok || !errors.Is(err, http.ErrAbortHandler) || held.passed {
				panic(p)
			}
		}
	}()
	recorded, err = rec.forward(held, r, c, flight, again, true)
	return recorded, held.passed, err
}

// errGivenUp ends a fetch whose answer will not be recorded.
var errGivenUp = errors.New("the recording was given up")

// withheld passes on only answers that are not being recorded.
type withheld struct {
	http.ResponseWriter
	header  http.Header
	decided bool
	passed  bool
}

func (w *withheld) Header() http.Header {
	if w.passed {
		return w.ResponseWriter.Header()
	}
	return w.header
}

func (w *withheld) WriteHeader(status int) {
	if status < 200 || w.decided {
		return
	}
	w.decided = true
	if w.header.Get("X-Cache") != "BYPASS" {
		return
	}
	w.passed = true
	maps.Copy(w.ResponseWriter.Header(), w.header)
	w.ResponseWriter.WriteHeader(status)
}

func (w *withheld) Write(p []byte) (int, error) {
	if !w.passed {
		return len(p), nil
	}
	return w.ResponseWriter.Write(p)
}

func (w *withheld) FlushError() error {
	if !w.passed {
		return nil
	}
	return http.NewResponseController(w.ResponseWriter).Flush()
}

// copyBuffers are the buffers that answers are copied through.
var copyBuffers bufferPool

type bufferPool struct{ pool sync.Pool }

const copyBufferSize = 32 << 10

func (b *bufferPool) Get() []byte {
	if p, ok := b.pool.Get().(*[copyBufferSize]byte); ok {
		return p[:]
	}
	return make([]byte, copyBufferSize)
}

func (b *bufferPool) Put(p []byte) {
	if len(p) == copyBufferSize {
		b.pool.Put((*[copyBufferSize]byte)(p))
	}
}
